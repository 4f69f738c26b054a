"""Targets, and which checks to run on them how often."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

# A probe enforces its own deadline; one that is still running this long after it has a bug.
GRACE_S = 5.0


class Role(StrEnum):
    """What a target is on the path from KMS to the key manager."""

    PROXY = "proxy"  # the XKS proxy under its own name
    NODE = "node"  # one address of the Network Load Balancer, one per zone
    BACKEND = "backend"  # a target registered behind the load balancer
    KEY_MANAGER = "key_manager"  # an HSM or key manager behind the proxy; the 35 ms limit applies to it
    REGION = "region"  # a candidate Region's public endpoint
    RESOLVER = "resolver"  # a name server


class Check(StrEnum):
    """The kind of probe that is run against a target; a label value in metrics."""

    ICMP = "icmp"
    TCP = "tcp"
    TLS = "tls"
    DNS = "dns"
    HEALTH_COLD = "health_cold"
    HEALTH_WARM = "health_warm"


class Method(StrEnum):
    """How a round-trip time was measured: by ICMP echo, or by TCP from SYN to SYN-ACK."""

    ICMP = "icmp"
    TCP = "tcp"


class Mode(StrEnum):
    """Whether a request opened a new connection or used an open one."""

    COLD = "cold"
    WARM = "warm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A DNS query to a resolver. ``record_type`` is the text form: ``A``, ``TXT``."""

    name: str
    record_type: str = "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """One check of one target: run every ``interval_s``, with a timeout of ``timeout_s``."""

    check: Check
    interval_s: float
    timeout_s: float


class Identity(NamedTuple):
    """The fields that identify a target, for schedule, pings, history and every sink.

    If only its name, zone or plans change, a target keeps its history; if its identity changes, the history
    starts again.
    """

    role: Role
    host: str
    port: int
    server_name: str | None
    question: Question | None
    key_store: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One host to probe. ``name`` is unique and is the label value everywhere; ``identity`` is unique, too.

    ``host`` is an IPv4 address or a name (XKS is IPv4 only). ``server_name`` is sent as SNI and
    must be in the certificate: it is the private DNS name, which does not resolve in the
    provider's own VPC, so it differs from ``host``. ``question`` is for resolvers only.
    """

    name: str
    role: Role
    host: str
    port: int = 443
    server_name: str | None = None
    question: Question | None = None
    zone: str = ""
    region: str = ""
    key_store: str = ""
    plans: tuple[PlannedCheck, ...] = ()
    identity: Identity = field(init=False, repr=False, compare=False)  # made once: each ping needs it

    def __post_init__(self) -> None:
        identity = Identity(self.role, self.host, self.port, self.server_name, self.question, self.key_store)
        object.__setattr__(self, "identity", identity)

    def plan(self, check: Check) -> PlannedCheck | None:
        """The plan for ``check``, or None if this target does not have that check."""
        return next((plan for plan in self.plans if plan.check is check), None)
