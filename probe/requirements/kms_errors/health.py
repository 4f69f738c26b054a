"""KMS's errors for the proxy's responses: connection error codes at connect, exceptions at the other calls.

For connect, AWS documents some codes; the others are inferred. For update and create, the XKS proxy API
specification has a table (1.0.3, "Error codes").
"""

from dataclasses import replace

from probe.model.verdicts import Basis, KmsError, Likelihood, Operation
from probe.requirements.kms_errors.error import MISCONFIGURED, UNREACHABLE, WRONG_STATE, error

_Errors = tuple[KmsError, ...]
_INVALID_RESPONSE = "XksProxyInvalidResponseException"


def _health_errors(
    connect: str,
    *alternatives: str,
    update: str,
    basis: Basis = Basis.DOCUMENTED,
    update_basis: Basis = Basis.DOCUMENTED,
) -> _Errors:
    return (
        error(Operation.CONNECT, connect, *alternatives, basis=basis),
        error(Operation.UPDATE, update, basis=update_basis),
        error(Operation.CREATE_KEY, WRONG_STATE, basis=update_basis),
    )


AUTHENTICATION_FAILED = _health_errors(
    "INVALID_CREDENTIALS", update="XksProxyIncorrectAuthenticationCredentialException"
)
# Update tests the new credential, not the stored one, so update is the fix for this error.
KMS_HOLDS_ANOTHER = tuple(each for each in AUTHENTICATION_FAILED if each.operation is not Operation.UPDATE)
# The specification exempts health requests, so its table has no row for update.
ACCESS_DENIED = _health_errors(
    "XKS_PROXY_ACCESS_DENIED", update=_INVALID_RESPONSE, update_basis=Basis.INFERRED
)
INVALID_URI_PATH = _health_errors(
    "XKS_PROXY_INVALID_CONFIGURATION",
    "XKS_PROXY_NOT_REACHABLE",
    update=MISCONFIGURED,
    basis=Basis.CONFLICTING,
)
MANAGERS_UNAVAILABLE = _health_errors("XKS_PROXY_NOT_REACHABLE", update=UNREACHABLE)
TIMED_OUT = _health_errors("XKS_PROXY_TIMED_OUT", update=UNREACHABLE)
OVERLOADED = _health_errors(
    "XKS_PROXY_TIMED_OUT", "XKS_PROXY_NOT_REACHABLE", update=UNREACHABLE, basis=Basis.INFERRED
)
INTERNAL = _health_errors(
    "XKS_PROXY_INVALID_RESPONSE", "XKS_PROXY_NOT_REACHABLE", update=_INVALID_RESPONSE, basis=Basis.INFERRED
)
# The connection was closed or reset instead of a response: not documented.
NO_ANSWER = _health_errors(
    "XKS_PROXY_INVALID_RESPONSE",
    "XKS_PROXY_NOT_REACHABLE",
    update=UNREACHABLE,
    basis=Basis.INFERRED,
    update_basis=Basis.INFERRED,
)
INVALID_RESPONSE = _health_errors(
    "XKS_PROXY_INVALID_RESPONSE", update=_INVALID_RESPONSE, basis=Basis.INFERRED
)
# The specification's table has these errors of the proxy only for CreateKey.
ONLY_OF_KEYS = _health_errors(
    "XKS_PROXY_INVALID_RESPONSE",
    update=_INVALID_RESPONSE,
    basis=Basis.INFERRED,
    update_basis=Basis.INFERRED,
)
# What the specification forbids, but KMS may accept all the same.
PERHAPS_INVALID = tuple(replace(error, likelihood=Likelihood.POSSIBLE) for error in INVALID_RESPONSE)


def _at_create_key(name: str, *alternatives: str, basis: Basis = Basis.DOCUMENTED) -> _Errors:
    return (error(Operation.CREATE_KEY, name, *alternatives, basis=basis),)


KEY_NOT_FOUND = _at_create_key("XksKeyNotFoundException")
KEY_UNUSABLE = _at_create_key("XksKeyInvalidConfigurationException")
# A fault of the proxy or of the path to it, whatever key was requested.
KEY_INVALID_RESPONSE = _at_create_key(WRONG_STATE)

# GetKeyMetadata: the proxy's errorName -> the error of CreateKey (the same table); any other name leads to
# KEY_INVALID_RESPONSE. For denied access, the specification and the troubleshooting page give different
# errors.
OF_KEY_BY_NAME: dict[str, _Errors] = {
    "KeyNotFoundException": KEY_NOT_FOUND,
    "InvalidStateException": KEY_UNUSABLE,
    "InvalidKeyUsageException": KEY_UNUSABLE,
    "AccessDeniedException": _at_create_key("KMSInvalidStateException", WRONG_STATE, basis=Basis.CONFLICTING),
    # Given by the specification; botocore's model of KMS does not have it.
    "UnsupportedOperationException": _at_create_key("XksKeyInvalidResponseException"),
}

# GetHealthStatus: the proxy's errorName -> KMS's errors (specification, "Error codes"); any other name leads
# to INVALID_RESPONSE.
BY_NAME: dict[str, _Errors] = {
    "AuthenticationFailedException": AUTHENTICATION_FAILED,
    "AccessDeniedException": ACCESS_DENIED,
    "InvalidUriPathException": INVALID_URI_PATH,
    "DependencyTimeoutException": OVERLOADED,
    "ThrottlingException": OVERLOADED,
    "InternalException": INTERNAL,
    "InvalidStateException": ONLY_OF_KEYS,
    "UnsupportedOperationException": ONLY_OF_KEYS,
}
