"""The errors that KMS can return for an external key store, per operation: fixed lists, initialised to 0.

They are written out because importing botocore takes longer than starting the agent; a test compares them
with botocore's model of KMS. Errors that only concern CloudHSM key stores are left out.
"""

from collections.abc import Mapping

from probe.model.verdicts import Operation

_PROXY_EXCEPTIONS = (
    "XksProxyIncorrectAuthenticationCredentialException",
    "XksProxyInvalidConfigurationException",
    "XksProxyInvalidResponseException",
    "XksProxyUriEndpointInUseException",
    "XksProxyUriInUseException",
    "XksProxyUriUnreachableException",
    "XksProxyVpcEndpointServiceInUseException",
    "XksProxyVpcEndpointServiceInvalidConfigurationException",
    "XksProxyVpcEndpointServiceNotFoundException",
)

# ConnectCustomKeyStore is asynchronous: its errors are ConnectionErrorCodes of DescribeCustomKeyStores.
CONNECTION_ERROR_CODES = (
    "INTERNAL_ERROR",
    "INVALID_CREDENTIALS",
    "NETWORK_ERRORS",
    "XKS_PROXY_ACCESS_DENIED",
    "XKS_PROXY_INVALID_CONFIGURATION",
    "XKS_PROXY_INVALID_RESPONSE",
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_PROXY_NOT_REACHABLE",
    "XKS_PROXY_TIMED_OUT",
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
    "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
)

KMS_ERRORS: Mapping[Operation, tuple[str, ...]] = {
    Operation.CREATE: (
        "CustomKeyStoreNameInUseException",
        "KMSInternalException",
        "LimitExceededException",
        *_PROXY_EXCEPTIONS,
    ),
    Operation.UPDATE: (
        "CustomKeyStoreInvalidStateException",
        "CustomKeyStoreNameInUseException",
        "CustomKeyStoreNotFoundException",
        "KMSInternalException",
        *_PROXY_EXCEPTIONS,
    ),
    Operation.CONNECT: CONNECTION_ERROR_CODES,
    Operation.CREATE_KEY: (
        "CustomKeyStoreInvalidStateException",
        "CustomKeyStoreNotFoundException",
        "DependencyTimeoutException",
        "InvalidArnException",
        "KMSInternalException",
        "LimitExceededException",
        "MalformedPolicyDocumentException",
        "TagException",
        "UnsupportedOperationException",
        "XksKeyAlreadyInUseException",
        "XksKeyInvalidConfigurationException",
        "XksKeyNotFoundException",
    ),
}
