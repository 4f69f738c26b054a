"""What a failed call says, as one of a few causes. Pure; no secret is in what is said."""

from collections.abc import Mapping
from typing import Any

from probe.model.account import ApiErrorKind, Unavailable
from probe.model.text import clean

_LONGEST = 160
_EXACT: Mapping[str, ApiErrorKind] = {
    "AccessDenied": ApiErrorKind.ACCESS_DENIED,
    "AccessDeniedException": ApiErrorKind.ACCESS_DENIED,
    "UnauthorizedOperation": ApiErrorKind.ACCESS_DENIED,
    "Client.UnauthorizedOperation": ApiErrorKind.ACCESS_DENIED,
    "UnauthorizedAccess": ApiErrorKind.ACCESS_DENIED,
    "AuthFailure": ApiErrorKind.NOT_OPTED_IN,
    "OptInRequired": ApiErrorKind.NOT_OPTED_IN,
    "UnrecognizedClientException": ApiErrorKind.NOT_OPTED_IN,
    "InvalidClientTokenId": ApiErrorKind.NOT_OPTED_IN,
    "NoCredentials": ApiErrorKind.NO_CREDENTIALS,  # collect.sh says so; AWS was never reached
    "ExpiredToken": ApiErrorKind.NO_CREDENTIALS,
    "ExpiredTokenException": ApiErrorKind.NO_CREDENTIALS,
    "RequestExpired": ApiErrorKind.NO_CREDENTIALS,
    "SignatureDoesNotMatch": ApiErrorKind.NO_CREDENTIALS,
    "InvalidServiceName": ApiErrorKind.NOT_FOUND,
    "CustomKeyStoreNotFoundException": ApiErrorKind.NOT_FOUND,
    "RequestLimitExceeded": ApiErrorKind.THROTTLED,
    "TooManyRequestsException": ApiErrorKind.THROTTLED,
    "RequestThrottled": ApiErrorKind.THROTTLED,
    "RequestThrottledException": ApiErrorKind.THROTTLED,
    "BandwidthLimitExceeded": ApiErrorKind.THROTTLED,
}


def cause_of(code: str) -> ApiErrorKind:
    """The cause that AWS's error code stands for.

    >>> [str(cause_of(code)) for code in ("ThrottlingException", "InvalidVpcID.NotFound", "Odd")]
    ['throttled', 'not_found', 'failed']
    """
    if code in _EXACT:
        return _EXACT[code]
    if code.startswith("Throttling"):
        return ApiErrorKind.THROTTLED
    if code.endswith((".NotFound", "NotFound", "NotFoundException")):
        return ApiErrorKind.NOT_FOUND
    return ApiErrorKind.FAILED


def refused(action: str, code: str, message: str = "") -> Unavailable:
    """What becomes of an error code; ``because`` says what to do where that is known."""
    cause = cause_of(code)
    said = clean(code, 64)
    match cause:
        case ApiErrorKind.ACCESS_DENIED:
            because = f"not allowed ({said}): allow the IAM action {action}"
        case ApiErrorKind.THROTTLED:
            because = f"throttled ({said}): try again later"
        case ApiErrorKind.NOT_OPTED_IN:
            because = f"the credentials are not valid in this Region ({said}): is it opted in?"
        case ApiErrorKind.NO_CREDENTIALS:
            because = f"the credentials are not valid now ({said}): renew them"
        case _:
            because = f"{said}: {clean(message, _LONGEST)}" if message else said
    return Unavailable(call=action, because=because, cause=cause)


def denied_by(error: Mapping[str, Any], action: str) -> Unavailable:
    """The same, of a botocore ``error.response`` or a recorded error."""
    inner = error.get("Error", error)
    inner = inner if isinstance(inner, Mapping) else {}
    code = inner.get("Code", inner.get("code"))
    message = inner.get("Message", inner.get("message"))
    return refused(
        action, code if isinstance(code, str) else "?", message if isinstance(message, str) else ""
    )
