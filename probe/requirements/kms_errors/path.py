"""What KMS says of a fault of the network or of TLS, as AWS's pages have it, and where they disagree.

A key store with VPC connectivity is not contacted by CreateCustomKeyStore, so nothing here belongs to
create. Connect, update and CreateKey do speak with the proxy.
"""

from probe.model.verdicts import Basis, KmsError, Likelihood, Operation

SPECIFICATION = "https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/xks_proxy_api_spec.md"
AUTHORITIES = "https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/TrustedCertificateAuthorities"
_GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide"
VPC_CONNECTIVITY = f"{_GUIDE}/vpc-connectivity.html"
TROUBLESHOOTING = f"{_GUIDE}/xks-troubleshooting.html"
AUTHORIZE = f"{_GUIDE}/authorize-xks-key-store.html"
MONITORING = f"{_GUIDE}/xks-monitoring.html"


def _errors(
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
    other = ("XksProxyInvalidConfigurationException",) if update is Basis.CONFLICTING else ()
    return (
        KmsError(
            operation=Operation.CONNECT,
            error=connect,
            likelihood=likelihood,
            basis=basis,
            alternatives=alternatives,
        ),
        KmsError(
            operation=Operation.UPDATE,
            error="XksProxyUriUnreachableException",
            likelihood=likelihood,
            basis=basis if basis is Basis.INFERRED else update,
            alternatives=other,
        ),
        KmsError(
            operation=Operation.CREATE_KEY,
            error="CustomKeyStoreInvalidStateException",
            likelihood=likelihood,
            basis=basis if basis is Basis.INFERRED else Basis.DOCUMENTED,
        ),
    )


NOT_REACHABLE = _errors("XKS_PROXY_NOT_REACHABLE", "NETWORK_ERRORS")
AT_TIMES_NOT_REACHABLE = _errors(
    "XKS_PROXY_NOT_REACHABLE", "XKS_PROXY_TIMED_OUT", likelihood=Likelihood.POSSIBLE, basis=Basis.INFERRED
)
AT_TIMES_TIMED_OUT = _errors("XKS_PROXY_TIMED_OUT", likelihood=Likelihood.POSSIBLE, basis=Basis.INFERRED)
TLS = _errors("XKS_PROXY_INVALID_TLS_CONFIGURATION", update=Basis.CONFLICTING)
# A certificate that does not name the host is also among the causes of the endpoint service's code.
COMMON_NAME = _errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
    basis=Basis.CONFLICTING,
    update=Basis.CONFLICTING,
)
CLIENT_CERTIFICATE = _errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_ACCESS_DENIED",
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
AT_TIMES_TLS = _errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    likelihood=Likelihood.POSSIBLE,
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
# No handshake came about at all. Plain HTTP on port 443 is among the causes, hence the second alternative.
NO_HANDSHAKE = _errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_NOT_REACHABLE",
    "XKS_PROXY_INVALID_RESPONSE",
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
# A connection, and then nothing within 250 ms.
SILENT_HANDSHAKE = _errors("XKS_PROXY_TIMED_OUT", "XKS_PROXY_NOT_REACHABLE")
