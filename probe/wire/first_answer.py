"""The first message of a TLS server: ServerHello, HelloRetryRequest, or an alert instead."""

from dataclasses import dataclass

from probe.model.large_client_hello import HelloAnswer

_ALERT, _HANDSHAKE = 21, 22  # RFC 8446, section 5.1: content types
_MAJOR_VERSION = 3
_HEADER_BYTES = 5
_WARNING, _CLOSE_NOTIFY = 1, 0  # RFC 5246, section 7.2: a warning does not end the handshake
_SERVER_HELLO = 2
_RANDOM = slice(6, 38)  # in a handshake message: type (1), length (3), version (2), random (32)
# RFC 8446, section 4.1.3: SHA-256 of "HelloRetryRequest".
_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
# A warning takes seven bytes, the beginning of a ServerHello 43; the rest is for records of a few bytes each.
MAX_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAnswer:
    """``alert`` is the alert's number, None for other kinds."""

    kind: HelloAnswer
    alert: int | None = None


OTHER = FirstAnswer(kind=HelloAnswer.OTHER)


def first_answer(data: bytes) -> FirstAnswer | None:
    """The kind of the first message in ``data``, the beginning of what the server sent.

    None if more bytes are needed; never for `MAX_BYTES` or more. Alerts that are warnings are skipped. A
    message in several records is put together (RFC 8446, section 5.1). Never raises.

    >>> first_answer(bytes.fromhex("15030300020228"))
    FirstAnswer(kind=<HelloAnswer.ALERT: 'alert'>, alert=40)
    """
    at, message = 0, b""
    while len(data) - at >= _HEADER_BYTES:
        kind, length = data[at], int.from_bytes(data[at + 3 : at + _HEADER_BYTES], "big")
        if data[at + 1] != _MAJOR_VERSION or kind not in (_ALERT, _HANDSHAKE) or length == 0:
            return OTHER
        body = data[at + _HEADER_BYTES : at + _HEADER_BYTES + length]
        if kind == _HANDSHAKE:
            message += body
            if (found := _of_message(message)) is not None:
                return found
        elif message:
            return OTHER
        elif (found := _of_alert(body, length)) is not None:
            return found
        if len(body) < length:
            break
        at += _HEADER_BYTES + length
    return OTHER if len(data) >= MAX_BYTES or not _may_be_tls(data[at:]) else None


def _may_be_tls(rest: bytes) -> bool:
    """Whether an incomplete record header, or the record that it begins, may be one of TLS."""
    return not rest or (rest[0] in (_ALERT, _HANDSHAKE) and rest[1:2] in (b"", bytes([_MAJOR_VERSION])))


def _of_message(message: bytes) -> FirstAnswer | None:
    if message[:1] not in (b"", bytes([_SERVER_HELLO])):
        return OTHER
    if len(message) < _RANDOM.stop:
        return None
    is_retry = message[_RANDOM] == _RETRY_RANDOM
    return FirstAnswer(kind=HelloAnswer.HELLO_RETRY_REQUEST if is_retry else HelloAnswer.SERVER_HELLO)


def _of_alert(body: bytes, length: int) -> FirstAnswer | None:
    """None for a warning, and for an alert that is not complete."""
    if length != 2:  # noqa: PLR2004 (level and description)
        return OTHER
    if len(body) < length or (body[0] == _WARNING and body[1] != _CLOSE_NOTIFY):
        return None
    return FirstAnswer(kind=HelloAnswer.ALERT, alert=body[1])
