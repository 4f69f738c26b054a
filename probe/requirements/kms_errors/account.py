"""KMS's errors for configuration: the key store's settings, the endpoint service, and the path behind it.

Sources: the error list of the API reference, the troubleshooting page, the VPC connectivity page. If they
give different errors for one fault, the others are ``alternatives`` and the basis is *conflicting*.
"""

from probe.model.verdicts import Basis, KmsError, Likelihood, Operation
from probe.requirements.kms_errors.error import MISCONFIGURED, UNREACHABLE, WRONG_STATE, error
from probe.requirements.kms_errors.path import contact_errors

_API = "https://docs.aws.amazon.com/kms/latest/APIReference"
CREATE_PAGE = f"{_API}/API_CreateCustomKeyStore.html"
CONNECTING = "https://docs.aws.amazon.com/kms/latest/developerguide/about-xks-connecting.html"
KEY_STORES = "https://docs.aws.amazon.com/kms/latest/developerguide/keystore-external.html"
MANAGE_DNS_NAMES = "https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html"
_NLB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/network"
LOAD_BALANCERS = f"{_NLB}/network-load-balancers.html"
TARGET_GROUP_ATTRIBUTES = f"{_NLB}/edit-target-group-attributes.html"
SECURITY_GROUPS = f"{_NLB}/load-balancer-security-groups.html"
HEALTH_CHECKS = f"{_NLB}/target-group-health-checks.html"
ENDPOINT_CONNECTIONS = "https://docs.aws.amazon.com/vpc/latest/privatelink/manage-endpoint-connections.html"
ENDPOINT_SERVICES = "https://docs.aws.amazon.com/vpc/latest/privatelink/configure-endpoint-service.html"
QUOTAS = "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"


def _create_and_update(
    name: str,
    *alternatives: str,
    basis: Basis = Basis.DOCUMENTED,
    likelihood: Likelihood = Likelihood.EXPECTED,
) -> tuple[KmsError, ...]:
    """The same exception from both calls that take the setting."""
    return tuple(
        error(operation, name, *alternatives, basis=basis, likelihood=likelihood)
        for operation in (Operation.CREATE, Operation.UPDATE)
    )


_NOT_FOUND = "XksProxyVpcEndpointServiceNotFoundException"
_INVALID = "XksProxyVpcEndpointServiceInvalidConfigurationException"
_CODE_NOT_FOUND = "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
_CODE_INVALID = "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"

# AWS's usual error for a value that does not match a pattern; KMS's model does not list it.
MALFORMED = _create_and_update("ValidationException", basis=Basis.INFERRED)
# KMS's pattern accepts the name (an IP address, one label, a trailing dot), but no private DNS name can have
# this form. Another requirement predicts the certain error; whether KMS also returns this one is not known.
NO_PRIVATE_NAME = (
    *_create_and_update(_INVALID, basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE),
    error(Operation.CONNECT, _CODE_INVALID, basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE),
)
# The same with public connectivity: the name leads nowhere, or no certificate can be issued for it.
NO_PUBLIC_NAME = (
    *_create_and_update(
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
# KMS's pattern accepts the path; a proxy of version 1, the only one, returns InvalidUriPathException.
NO_SUCH_PUBLIC_PATH = (
    *_create_and_update(MISCONFIGURED, basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE),
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
NAME_IN_USE = _create_and_update("CustomKeyStoreNameInUseException")
ADDRESS_IN_USE = _create_and_update("XksProxyUriInUseException", "XksProxyUriEndpointInUseException")
ENDPOINT_IN_USE = _create_and_update("XksProxyUriEndpointInUseException", "XksProxyUriInUseException")
_SERVICE_IN_USE = "XksProxyVpcEndpointServiceInUseException"
SERVICE_IN_USE = _create_and_update(_SERVICE_IN_USE)
SERVICE_AT_TIMES_IN_USE = _create_and_update(
    _SERVICE_IN_USE, basis=Basis.INFERRED, likelihood=Likelihood.POSSIBLE
)
# AWS documents no error for a Region without external key stores.
UNSUPPORTED_REGION = (
    error(Operation.CREATE, "UnsupportedOperationException", "ValidationException", basis=Basis.INFERRED),
)
SERVICE_NOT_FOUND = (*_create_and_update(_NOT_FOUND), error(Operation.CONNECT, _CODE_NOT_FOUND))
KMS_NOT_ALLOWED = (
    *_create_and_update(_NOT_FOUND),
    error(Operation.CONNECT, _CODE_NOT_FOUND, _CODE_INVALID, basis=Basis.CONFLICTING),
)
# An account that is not allowed cannot see the service; AWS does not document this for the store's account.
STORE_ACCOUNT_NOT_ALLOWED = (
    *_create_and_update(_NOT_FOUND, basis=Basis.INFERRED),
    error(Operation.CONNECT, _CODE_NOT_FOUND, basis=Basis.INFERRED),
)
ACCEPTANCE_REQUIRED = (
    *_create_and_update(_INVALID, MISCONFIGURED, basis=Basis.CONFLICTING),
    error(Operation.CONNECT, _CODE_INVALID, _CODE_NOT_FOUND, basis=Basis.CONFLICTING),
)
# KMS's endpoint exists, but is not available. AWS documents the code for a service that requires acceptance.
NOT_ACCEPTED = (
    error(Operation.CONNECT, _CODE_INVALID, _CODE_NOT_FOUND, basis=Basis.INFERRED),
    error(Operation.CREATE_KEY, WRONG_STATE, basis=Basis.INFERRED),
)
SERVICE_CONFIGURATION = (*_create_and_update(_INVALID), error(Operation.CONNECT, _CODE_INVALID))
# AWS's guide requires IPv4; what happens without it is not documented.
SERVICE_CONFIGURATION_INFERRED = (
    *_create_and_update(_INVALID, basis=Basis.INFERRED),
    error(Operation.CONNECT, _CODE_INVALID, basis=Basis.INFERRED),
)
SUBNETS_NOT_PRIVATE = (error(Operation.CREATE, _INVALID),)


# A fault behind the endpoint service. Create does not check it; the other operations fail on it.
NO_PATH_IN = contact_errors("XKS_PROXY_NOT_REACHABLE", "NETWORK_ERRORS", basis=Basis.INFERRED)
AT_TIMES_NOT_TLS = contact_errors(
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_INVALID_RESPONSE",
    likelihood=Likelihood.POSSIBLE,
    basis=Basis.INFERRED,
)
NOT_CONNECTED = (error(Operation.CREATE_KEY, WRONG_STATE),)
