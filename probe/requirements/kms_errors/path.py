"""KMS's errors for network and TLS faults, as documented by AWS, with the cases in which its pages disagree.

CreateCustomKeyStore does not contact the proxy of a key store with VPC connectivity, so no error here belongs
to create. Connect, update and CreateKey contact it.
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


def contact_errors(
    connect: str,
    *alternatives: str,
    likelihood: Likelihood = Likelihood.EXPECTED,
    basis: Basis = Basis.DOCUMENTED,
    update: Basis = Basis.DOCUMENTED,
) -> tuple[KmsError, ...]:
    """The connection error code, and the exceptions of the two other calls that fail on the same fault.

    Update: by the specification, both a failed connection and failed TLS mean that the proxy is unreachable;
    the troubleshooting page gives another exception for TLS. CreateKey: each of these leads to a wrong-state
    error.
    """
    others = (MISCONFIGURED,) if update is Basis.CONFLICTING else ()
    inferred = (
        basis if basis is Basis.INFERRED else None
    )  # then the errors of the other calls are inferred, too
    return (
        error(Operation.CONNECT, connect, *alternatives, basis=basis, likelihood=likelihood),
        error(Operation.UPDATE, UNREACHABLE, *others, basis=inferred or update, likelihood=likelihood),
        error(Operation.CREATE_KEY, WRONG_STATE, basis=inferred or Basis.DOCUMENTED, likelihood=likelihood),
    )


NOT_REACHABLE = contact_errors("XKS_PROXY_NOT_REACHABLE", "NETWORK_ERRORS")
AT_TIMES_NOT_REACHABLE = contact_errors(
    "XKS_PROXY_NOT_REACHABLE", "XKS_PROXY_TIMED_OUT", likelihood=Likelihood.POSSIBLE, basis=Basis.INFERRED
)
AT_TIMES_TIMED_OUT = contact_errors(
    "XKS_PROXY_TIMED_OUT", likelihood=Likelihood.POSSIBLE, basis=Basis.INFERRED
)
TLS = contact_errors("XKS_PROXY_INVALID_TLS_CONFIGURATION", update=Basis.CONFLICTING)
# AWS also lists a certificate for another name among the causes of the endpoint service's error code.
COMMON_NAME = contact_errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
    basis=Basis.CONFLICTING,
    update=Basis.CONFLICTING,
)
CLIENT_CERTIFICATE = contact_errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_ACCESS_DENIED",
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
AT_TIMES_TLS = contact_errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    likelihood=Likelihood.POSSIBLE,
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
# The connection was cut instead of an answer to the ClientHello.
NO_HANDSHAKE = contact_errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_NOT_REACHABLE",
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
# Plain HTTP or another protocol on port 443; AWS's pages name both codes for it.
NOT_TLS = contact_errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_INVALID_RESPONSE",
    basis=Basis.INFERRED,
    update=Basis.CONFLICTING,
)
# The connection was accepted, but no response came within 250 ms.
SILENT_HANDSHAKE = contact_errors("XKS_PROXY_TIMED_OUT", "XKS_PROXY_NOT_REACHABLE")
