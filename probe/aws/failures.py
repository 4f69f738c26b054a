"""Maps AWS error codes to a few kinds of errors, with advice. Pure; the texts contain no secrets."""

import json
from collections.abc import Mapping
from typing import Any

from probe.model.account import ApiErrorKind, Unavailable
from probe.model.text import clean

_MAX_MESSAGE = 160
_UNPARSED = "Failed"  # what collect.sh writes if it finds no error code in the AWS CLI's output
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
    "NoCredentials": ApiErrorKind.NO_CREDENTIALS,  # written by collect.sh, not by AWS
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
    """The kind of error for an AWS error code.

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
    """The failed call for an error code; ``because`` includes advice if there is any."""
    cause = cause_of(code)
    shown = clean(code, 64)
    match cause:
        case ApiErrorKind.ACCESS_DENIED:
            because = f"not allowed ({shown}): allow the IAM action {action}"
        case ApiErrorKind.THROTTLED:
            because = f"throttled ({shown}): try again later"
        case ApiErrorKind.NOT_OPTED_IN:
            because = f"the credentials are not valid in this Region ({shown}): check that it is enabled"
        case ApiErrorKind.NO_CREDENTIALS:
            because = f"the credentials are missing or have expired ({shown}): renew them"
        case _:
            because = f"{shown}: {clean(message, _MAX_MESSAGE)}" if message else shown
    return Unavailable(call=action, because=because, cause=cause)


def _in_json(message: str) -> tuple[object, object] | None:
    """Code and message of an error that the AWS CLI printed as JSON (AWS_CLI_ERROR_FORMAT), or None."""
    try:
        parsed = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return (
        (parsed["Code"], parsed.get("Message")) if isinstance(parsed, Mapping) and "Code" in parsed else None
    )


def denied_by(error: Mapping[str, Any], action: str) -> Unavailable:
    """The failed call for a botocore ``error.response`` or an error in a collected file."""
    inner = error.get("Error", error)
    inner = inner if isinstance(inner, Mapping) else {}
    code = inner.get("Code", inner.get("code"))
    message = inner.get("Message", inner.get("message"))
    if code == _UNPARSED and isinstance(message, str):
        code, message = _in_json(message) or (code, message)
    return refused(
        action, code if isinstance(code, str) else "?", message if isinstance(message, str) else ""
    )
