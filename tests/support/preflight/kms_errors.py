"""KMS's names of errors: which of them a preflight can predict, and which nobody can."""

# KMS's own words for what a preflight can find out (research: the API's errors and connection error codes).
PREDICTABLE = {
    *("ValidationException", "UnsupportedOperationException", "LimitExceededException"),
    *("CustomKeyStoreNameInUseException", "XksProxyUriInUseException", "XksProxyUriEndpointInUseException"),
    "XksProxyUriUnreachableException",
    "XksProxyIncorrectAuthenticationCredentialException",
    "XksProxyVpcEndpointServiceInUseException",
    "XksProxyVpcEndpointServiceNotFoundException",
    "XksProxyVpcEndpointServiceInvalidConfigurationException",
    "XksProxyInvalidResponseException",
    "XksProxyInvalidConfigurationException",
    "CustomKeyStoreInvalidStateException",
    *("XksKeyInvalidConfigurationException", "XksKeyNotFoundException", "XksKeyInvalidResponseException"),
    "KMSInvalidStateException",
    *("NETWORK_ERRORS", "INVALID_CREDENTIALS", "XKS_PROXY_ACCESS_DENIED", "XKS_PROXY_NOT_REACHABLE"),
    *("XKS_PROXY_TIMED_OUT", "XKS_PROXY_INVALID_RESPONSE", "XKS_PROXY_INVALID_CONFIGURATION"),
    "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
    "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
}
# Faults within AWS (INTERNAL_ERROR, KMSInternalException), a wrong id of a key store (the command refuses it), keys
# that exist in KMS (XksKeyAlreadyInUseException: no call that lists keys is made), a store that is gone meanwhile.
NOT_PREDICTABLE = {
    *("INTERNAL_ERROR", "KMSInternalException", "CustomKeyStoreNotFoundException"),
    *("XksKeyAlreadyInUseException", "DependencyTimeoutException", "InvalidMarkerException"),
}
