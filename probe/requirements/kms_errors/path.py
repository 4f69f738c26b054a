"""What KMS says of a fault of the network or of TLS, as AWS's pages have it, and where they disagree.

A key store with VPC connectivity is not contacted by CreateCustomKeyStore, so nothing here belongs to
create. Connect, update and CreateKey do speak with the proxy.
"""

from probe.model.verdicts import Basis, KmsError, Likelihood, Operation
from probe.requirements.kms_errors.error import MISCONFIGURED, UNREACHABLE, WRONG_STATE, error

SPECIFICATION = "https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/xks_proxy_api_spec.md"
AUTHORITIES = "https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/TrustedCertificateAuthorities"
_GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide"
VPC_CONNECTIVITY = f"{_GUIDE}/vpc-connectivity.html"
TROUBLESHOOTING = f"{_GUIDE}/xks-troubleshooting.html"
AUTHORIZE = f"{_GUIDE}/authorize-xks-key-store.html"
MONITORING = f"{_GUIDE}/xks-monitoring.html"


def of_path(
    connect: str,
    *alternatives: str,
    likelihood: Likelihood = Likelihood.EXPECTED,
    basis: Basis = Basis.DOCUMENTED,
    update: Basis = Basis.DOCUMENTED,
) -> tuple[KmsError, ...]:
    """The connection error code, and the exceptions of the two other calls that meet the same fault.

    Update: the specification says that neither a missing connection nor failed TLS reaches the proxy; the
    troubleshooting page has another name for TLS. CreateKey: any of these is a wrong state.
    """
    others = (MISCONFIGURED,) if update is Basis.CONFLICTING else ()
    inferred = basis if basis is Basis.INFERRED else None  # then so are those of the other calls
    return (
        error(Operation.CONNECT, connect, *alternatives, basis=basis, likelihood=likelihood),
        error(Operation.UPDATE, UNREACHABLE, *others, basis=inferred or update, likelihood=likelihood),
        error(Operation.CREATE_KEY, WRONG_STATE, basis=inferred or Basis.DOCUMENTED, likelihood=likelihood),
    )


NOT_REACHABLE = of_path("XKS_PROXY_NOT_REACHABLE", "NETWORK_ERRORS")
AT_TIMES_NOT_REACHABLE = of_path(
    "XKS_PROXY_NOT_REACHABLE", "XKS_PROXY_TIMED_OUT", likelihood=Likelihood.POSSIBLE, basis=Basis.INFERRED
)
AT_TIMES_TIMED_OUT = of_path("XKS_PROXY_TIMED_OUT", likelihood=Likelihood.POSSIBLE, basis=Basis.INFERRED)
TLS = of_path("XKS_PROXY_INVALID_TLS_CONFIGURATION", update=Basis.CONFLICTING)
# A certificate that does not name the host is also among the causes of the endpoint service's code.
COMMON_NAME = of_path(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
    basis=Basis.CONFLICTING,
    update=Basis.CONFLICTING,
)
CLIENT_CERTIFICATE = of_path(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_ACCESS_DENIED",
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
AT_TIMES_TLS = of_path(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    likelihood=Likelihood.POSSIBLE,
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
# No handshake came about at all. Plain HTTP on port 443 is among the causes, hence the second alternative.
NO_HANDSHAKE = of_path(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_NOT_REACHABLE",
    "XKS_PROXY_INVALID_RESPONSE",
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
# A connection, and then nothing within 250 ms.
SILENT_HANDSHAKE = of_path("XKS_PROXY_TIMED_OUT", "XKS_PROXY_NOT_REACHABLE")
