"""What KMS says of a proxy's answer: at connect by its connection error codes, else by the specification.

For connect AWS documents some codes and leaves others to be inferred; for update and create the XKS proxy API
specification has a table (1.0.3, "Error codes").
"""

from probe.model.verdicts import Basis, KmsError, Operation
from probe.requirements.kms_errors.error import MISCONFIGURED, UNREACHABLE, WRONG_STATE, error

_Errors = tuple[KmsError, ...]
_ODD = "XksProxyInvalidResponseException"


def _said(
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


AUTHENTICATION_FAILED = _said(
    "INVALID_CREDENTIALS", update="XksProxyIncorrectAuthenticationCredentialException"
)
# Update tries the new credential, not the one that KMS holds: it is the cure.
KMS_HOLDS_ANOTHER = tuple(each for each in AUTHENTICATION_FAILED if each.operation is not Operation.UPDATE)
# The specification excludes health from it, so that its table has no line for update.
ACCESS_DENIED = _said("XKS_PROXY_ACCESS_DENIED", update=_ODD, update_basis=Basis.INFERRED)
INVALID_URI_PATH = _said(
    "XKS_PROXY_INVALID_CONFIGURATION",
    "XKS_PROXY_NOT_REACHABLE",
    update=MISCONFIGURED,
    basis=Basis.CONFLICTING,
)
MANAGERS_UNAVAILABLE = _said("XKS_PROXY_NOT_REACHABLE", update=UNREACHABLE)
TIMED_OUT = _said("XKS_PROXY_TIMED_OUT", update=UNREACHABLE)
OVERLOADED = _said("XKS_PROXY_TIMED_OUT", "XKS_PROXY_NOT_REACHABLE", update=UNREACHABLE, basis=Basis.INFERRED)
INTERNAL = _said("XKS_PROXY_INVALID_RESPONSE", "XKS_PROXY_NOT_REACHABLE", update=_ODD, basis=Basis.INFERRED)
# Closed or reset instead of an answer: no page speaks of it.
NO_ANSWER = _said(
    "XKS_PROXY_INVALID_RESPONSE",
    "XKS_PROXY_NOT_REACHABLE",
    update=UNREACHABLE,
    basis=Basis.INFERRED,
    update_basis=Basis.INFERRED,
)
INVALID_RESPONSE = _said("XKS_PROXY_INVALID_RESPONSE", update=_ODD, basis=Basis.INFERRED)


def _at_create_key(name: str, *alternatives: str, basis: Basis = Basis.DOCUMENTED) -> _Errors:
    return (error(Operation.CREATE_KEY, name, *alternatives, basis=basis),)


KEY_NOT_FOUND = _at_create_key("XksKeyNotFoundException")
KEY_UNUSABLE = _at_create_key("XksKeyInvalidConfigurationException")
# A fault of the proxy or of the way to it, whatever key it was asked for.
KEY_INVALID_RESPONSE = _at_create_key(WRONG_STATE)

# GetKeyMetadata: the proxy's errorName -> what CreateKey says (the same table); any other is a wrong state.
# For a denied access the specification and the troubleshooting page have different names.
OF_KEY_BY_NAME: dict[str, _Errors] = {
    "KeyNotFoundException": KEY_NOT_FOUND,
    "InvalidStateException": KEY_UNUSABLE,
    "InvalidKeyUsageException": KEY_UNUSABLE,
    "AccessDeniedException": _at_create_key("KMSInvalidStateException", WRONG_STATE, basis=Basis.CONFLICTING),
    # Named by the specification; botocore's model of KMS does not have it.
    "UnsupportedOperationException": _at_create_key("XksKeyInvalidResponseException"),
}

# The proxy's errorName -> what KMS makes of it (specification, "Error codes"); any other is an odd answer.
BY_NAME: dict[str, _Errors] = {
    "AuthenticationFailedException": AUTHENTICATION_FAILED,
    "AccessDeniedException": ACCESS_DENIED,
    "InvalidUriPathException": INVALID_URI_PATH,
    "DependencyTimeoutException": OVERLOADED,
    "ThrottlingException": OVERLOADED,
    "InternalException": INTERNAL,
}
