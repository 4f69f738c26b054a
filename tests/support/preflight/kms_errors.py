"""Error names of KMS: those that a preflight can predict, and those that it cannot."""

# API errors and connection error codes whose causes a preflight can detect.
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
# Faults inside AWS (INTERNAL_ERROR, KMSInternalException), a key store id that does not exist (the command rejects
# it) or was deleted meanwhile, and keys that exist in KMS (XksKeyAlreadyInUseException: xks-probe never lists keys).
NOT_PREDICTABLE = {
    *("INTERNAL_ERROR", "KMSInternalException", "CustomKeyStoreNotFoundException"),
    *("XksKeyAlreadyInUseException", "DependencyTimeoutException", "InvalidMarkerException"),
}
