"""What AWS measures itself and publishes in CloudWatch: of KMS's requests, and of PrivateLink's connections.

https://docs.aws.amazon.com/kms/latest/developerguide/monitoring-cloudwatch.html
https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html
Each value has the start of its period (Unix time): metrics lag by minutes. A value that CloudWatch does not
have is None, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

PERIOD_S = 300.0  # as in the alarms that AWS recommends
WINDOW_S = 3600.0
# The exceptions of the metric XksProxyErrors; label values. The page lists no others.
# https://docs.aws.amazon.com/kms/latest/developerguide/xks-monitoring.html#top-5-exceptions-graph
PROXY_EXCEPTIONS = (
    "AccessDeniedException",
    "AuthenticationFailedException",
    "DependencyTimeoutException",
    "InternalException",
    "InvalidCiphertextException",
    "InvalidKeyUsageException",
    "InvalidStateException",
    "InvalidUriPathException",
    "KeyNotFoundException",
    "ThrottlingException",
    "UnsupportedOperationException",
    "ValidationException",
    "XksProxyUnreachableException",
)
OTHER_EXCEPTION = "other"


class LatencyStatistic(StrEnum):
    """A metric label."""

    AVERAGE = "average"
    MAXIMUM = "maximum"
    P99 = "p99"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyLatency:
    """How long the proxy took to answer KMS, in the newest period. KMS records a timeout as 0.25 s, or 0.5 s.

    ``average_s`` is over all requests, ``maximum_s`` the longest. ``p99_s`` is the highest 99th percentile of
    an operation: CloudWatch has none over all operations.
    """

    period_start_s: float
    average_s: float | None = None
    maximum_s: float | None = None
    p99_s: float | None = None

    @property
    def statistics(self) -> Mapping[LatencyStatistic, float]:
        """Those that are known."""
        values = {
            LatencyStatistic.AVERAGE: self.average_s,
            LatencyStatistic.MAXIMUM: self.maximum_s,
            LatencyStatistic.P99: self.p99_s,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRequests:
    """KMS's requests to the proxy in the last hour, ``count`` with those that failed.

    ``errors`` has the number of each of `PROXY_EXCEPTIONS` and of `OTHER_EXCEPTION`. ``period_start_s`` is
    the newest period's.
    """

    period_start_s: float
    count: int
    errors: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDays:
    """The days until the certificate that KMS saw expires, with its common name."""

    period_start_s: float
    common_name: str
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyManagerStates:
    """How many key managers the proxy reported to KMS as Active, Degraded and Unavailable."""

    period_start_s: float
    active: int | None = None
    degraded: int | None = None
    unavailable: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConnections:
    """PrivateLink's connections to the endpoint service, of all its consumers; KMS is one of them.

    ``active`` is the maximum of the newest period, ``endpoints`` the connected endpoints. ``new`` connections
    and ``resets`` (RST packets sent to endpoints) are of the last hour. ``period_start_s`` is the newest
    period's.
    """

    period_start_s: float
    active: int | None = None
    endpoints: int | None = None
    new: int | None = None
    resets: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsMetrics:
    """The newest values of the last hour; a part is None, or empty, if CloudWatch has no data for it."""

    latency: ProxyLatency | None = None
    requests: ProxyRequests | None = None
    certificates: tuple[CertificateDays, ...] = ()
    key_managers: KeyManagerStates | None = None
    connections: ServiceConnections | None = None
