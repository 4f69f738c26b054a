"""What a failed call says, as one of a few causes. Pure; no secret is in what is said."""

from collections.abc import Mapping
from typing import Any

from probe.model.account import Cause, Unavailable
from probe.model.text import clean

_LONGEST = 160
_EXACT: Mapping[str, Cause] = {
    "AccessDenied": Cause.ACCESS_DENIED,
    "AccessDeniedException": Cause.ACCESS_DENIED,
    "UnauthorizedOperation": Cause.ACCESS_DENIED,
    "Client.UnauthorizedOperation": Cause.ACCESS_DENIED,
    "UnauthorizedAccess": Cause.ACCESS_DENIED,
    "AuthFailure": Cause.NOT_OPTED_IN,
    "OptInRequired": Cause.NOT_OPTED_IN,
    "UnrecognizedClientException": Cause.NOT_OPTED_IN,
    "InvalidClientTokenId": Cause.NOT_OPTED_IN,
    "NoCredentials": Cause.NO_CREDENTIALS,  # collect.sh says so; AWS was never reached
    "ExpiredToken": Cause.NO_CREDENTIALS,
    "ExpiredTokenException": Cause.NO_CREDENTIALS,
    "RequestExpired": Cause.NO_CREDENTIALS,
    "SignatureDoesNotMatch": Cause.NO_CREDENTIALS,
    "InvalidServiceName": Cause.NOT_FOUND,
    "CustomKeyStoreNotFoundException": Cause.NOT_FOUND,
    "RequestLimitExceeded": Cause.THROTTLED,
    "TooManyRequestsException": Cause.THROTTLED,
    "RequestThrottled": Cause.THROTTLED,
    "RequestThrottledException": Cause.THROTTLED,
    "BandwidthLimitExceeded": Cause.THROTTLED,
}


def cause_of(code: str) -> Cause:
    """The cause that AWS's error code stands for.

    >>> [str(cause_of(code)) for code in ("ThrottlingException", "InvalidVpcID.NotFound", "Odd")]
    ['throttled', 'not_found', 'failed']
    """
    if code in _EXACT:
        return _EXACT[code]
    if code.startswith("Throttling"):
        return Cause.THROTTLED
    if code.endswith((".NotFound", "NotFound", "NotFoundException")):
        return Cause.NOT_FOUND
    return Cause.FAILED


def refused(action: str, code: str, message: str = "") -> Unavailable:
    """What becomes of an error code; ``because`` says what to do where that is known."""
    cause = cause_of(code)
    said = clean(code, 64)
    match cause:
        case Cause.ACCESS_DENIED:
            because = f"not allowed ({said}): allow the IAM action {action}"
        case Cause.THROTTLED:
            because = f"throttled ({said}): try again later"
        case Cause.NOT_OPTED_IN:
            because = f"the credentials are not valid in this Region ({said}): is it opted in?"
        case Cause.NO_CREDENTIALS:
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
