"""What KMS says of a fault in the account: of what it is given, the endpoint service, the way behind it.

Sources: the API's own list of errors, the troubleshooting page, the VPC connectivity page. Where they give
several names for one fault, the others are ``alternatives`` and the basis is *conflicting*.
"""

from probe.model.verdicts import Basis, KmsError, Likelihood, Operation
from probe.requirements.kms_errors.error import MISCONFIGURED, UNREACHABLE, WRONG_STATE, error
from probe.requirements.kms_errors.path import of_path

_API = "https://docs.aws.amazon.com/kms/latest/APIReference"
CREATE_PAGE = f"{_API}/API_CreateCustomKeyStore.html"
CONNECTING = "https://docs.aws.amazon.com/kms/latest/developerguide/about-xks-connecting.html"
KEY_STORES = "https://docs.aws.amazon.com/kms/latest/developerguide/keystore-external.html"
MANAGE_DNS_NAMES = "https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html"
_NLB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network"
LOAD_BALANCERS = f"{_NLB}/network-load-balancers.html"
TARGET_GROUP_ATTRIBUTES = f"{_NLB}/edit-target-group-attributes.html"
SECURITY_GROUPS = f"{_NLB}/load-balancer-security-groups.html"
ENDPOINT_SERVICES = "https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html"
QUOTAS = "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"


def _told(
    name: str,
    *alternatives: str,
    basis: Basis = Basis.DOCUMENTED,
    likelihood: Likelihood = Likelihood.EXPECTED,
) -> tuple[KmsError, ...]:
    """The same exception from both calls that take the value."""
    return tuple(
        error(operation, name, *alternatives, basis=basis, likelihood=likelihood)
        for operation in (Operation.CREATE, Operation.UPDATE)
    )


_NOT_FOUND = "XksProxyVpcEndpointServiceNotFoundException"
_INVALID = "XksProxyVpcEndpointServiceInvalidConfigurationException"
_CODE_NOT_FOUND = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
_CODE_INVALID = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"

# AWS's usual name for a value that breaks a pattern; KMS's model does not list it.
MALFORMED = _told("ValidationException", basis=Basis.INFERRED)
# KMS's pattern takes the name (an address, one label, a final dot), which no private DNS name can be. Another
# requirement of the name says what is certain; that KMS comes to it in this order is not.
NO_PRIVATE_NAME = (
    *_told(_INVALID, basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE),
    error(Operation.CONNECT, _CODE_INVALID, basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE),
)
# The same in public: nothing is reached by it, or no certificate is in its name.
NO_PUBLIC_NAME = (
    *_told(
        UNREACHABLE,
        MISCONFIGURED,
        basis=Basis.INFERRED,
        likelihood=Likelihood.POSSIBLE,
    ),
    error(
        Operation.CONNECT,
        "XKS_PROXY_NOT_REACHABLE",
        "XKS_PROXY_INVALID_TLS_CONFIGURATION",
        basis=Basis.INFERRED,
        likelihood=Likelihood.POSSIBLE,
    ),
)
# KMS's pattern takes the path; a proxy of the only version that there is answers InvalidUriPathException.
NO_SUCH_PUBLIC_PATH = (
    *_told(MISCONFIGURED, basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE),
    error(
        Operation.CONNECT,
        "XKS_PROXY_INVALID_CONFIGURATION",
        "XKS_PROXY_NOT_REACHABLE",
        basis=Basis.INFERRED,
        likelihood=Likelihood.POSSIBLE,
    ),
)
NO_SUCH_PATH = tuple(each for each in NO_SUCH_PUBLIC_PATH if each.operation is not Operation.CREATE)
QUOTA = (error(Operation.CREATE, "LimitExceededException"),)
NAME_IN_USE = _told("CustomKeyStoreNameInUseException")
ADDRESS_IN_USE = _told("XksProxyUriInUseException", "XksProxyUriEndpointInUseException")
ENDPOINT_IN_USE = _told("XksProxyUriEndpointInUseException", "XksProxyUriInUseException")
_SERVICE_IN_USE = "XksProxyVpcEndpointServiceInUseException"
SERVICE_IN_USE = _told(_SERVICE_IN_USE)
SERVICE_AT_TIMES_IN_USE = _told(_SERVICE_IN_USE, basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE)
# No page names an error for a Region without the feature.
UNSUPPORTED_REGION = (
    error(Operation.CREATE, "UnsupportedOperationException", "ValidationException", basis=Basis.INFERRED),
)
SERVICE_NOT_FOUND = (*_told(_NOT_FOUND), error(Operation.CONNECT, _CODE_NOT_FOUND))
KMS_NOT_ALLOWED = (
    *_told(_NOT_FOUND),
    error(Operation.CONNECT, _CODE_NOT_FOUND, _CODE_INVALID, basis=Basis.CONFLICTING),
)
# An account that is not allowed does not see the service; no page says it of the store's account.
STORE_ACCOUNT_NOT_ALLOWED = (
    *_told(_NOT_FOUND, basis=Basis.INFERRED),
    error(Operation.CONNECT, _CODE_NOT_FOUND, basis=Basis.INFERRED),
)
ACCEPTANCE_REQUIRED = (
    *_told(_INVALID, MISCONFIGURED, basis=Basis.CONFLICTING),
    error(Operation.CONNECT, _CODE_INVALID, _CODE_NOT_FOUND, basis=Basis.CONFLICTING),
)
SERVICE_CONFIGURATION = (*_told(_INVALID), error(Operation.CONNECT, _CODE_INVALID))
# IPv4 is asked for by the guide; no page says what becomes of a service without it.
SERVICE_CONFIGURATION_INFERRED = (
    *_told(_INVALID, basis=Basis.INFERRED),
    error(Operation.CONNECT, _CODE_INVALID, basis=Basis.INFERRED),
)
SUBNETS_NOT_PRIVATE = (error(Operation.CREATE, _INVALID),)


# Behind the endpoint service create does not look; the others meet it.
NO_WAY_IN = of_path("XKS_PROXY_NOT_REACHABLE", "NETWORK_ERRORS", basis=Basis.INFERRED)
AT_TIMES_NOT_TLS = of_path(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_INVALID_RESPONSE",
    likelihood=Likelihood.POSSIBLE,
    basis=Basis.INFERRED,
)
NOT_CONNECTED = (error(Operation.CREATE_KEY, WRONG_STATE),)
