"""Text for verdicts: durations, dates, names from certificates, and the reasons of failures."""

from datetime import UTC, datetime
from math import floor

from probe.model.measurements import Failure, Phase, Reason
from probe.model.text import clean

# Commands of remedies about TLS; the placeholders are filled in for each address. Without input they end.
HANDSHAKE = "openssl s_client -connect ADDRESS:443 -servername PRIVATE-DNS-NAME"
SHOW_CHAIN = f"{HANDSHAKE} -showcerts </dev/null"
SHOW_LEAF = f"{HANDSHAKE} </dev/null | openssl x509 -noout"
_NAME_LIMIT = 100
_FIRST_BYTES = 60
_DAY_S = 86400.0
_REASONS = {
    Reason.TIMED_OUT: "no answer within the timeout",
    Reason.REFUSED: "refused",
    Reason.UNREACHABLE: "reported as unreachable",
    Reason.RESET: "reset by the peer",
    Reason.CLOSED: "closed by the peer",
    Reason.NAME_NOT_FOUND: "the name does not resolve",
    Reason.SERVER_FAILURE: "the name server failed",
    Reason.PROTOCOL_ERROR: "the answer violated the protocol",
    Reason.NOT_PERMITTED: "not permitted on this machine",
    Reason.OVER_LIMIT: "a limit of xks-probe was exceeded",
    Reason.PACKET_LOST: "a packet was lost",
    Reason.PACKET_TOO_BIG: "a packet was larger than the path MTU",
    Reason.HOP_LIMIT_EXCEEDED: "the hop limit was exceeded",
}
_PHASES = {
    Phase.RESOLVE: "resolving the name",
    Phase.CONNECT: "the TCP connection",
    Phase.HANDSHAKE: "the TLS handshake",
}


def why(failure: Failure) -> str:
    """Phase, reason and detail: ``the TLS handshake: reset by the peer``."""
    phase = _PHASES.get(failure.phase, failure.phase.value)
    detail = f" ({clean(failure.detail, _NAME_LIMIT)})" if failure.detail else ""
    return f"{phase}: {_REASONS[failure.reason]}{detail}"


def quoted(name: str) -> str:
    """Untrusted text in quotation marks, escaped and cut to a maximum length."""
    return f'"{clean(name, _NAME_LIMIT)}"'


def first_bytes(received: bytes) -> str:
    r"""The first bytes of an answer in quotation marks, escaped and cut to a maximum length.

    >>> first_bytes(b'SSH-2.0-x\r\n'), first_bytes(bytes([0, 255]))
    ('"SSH-2.0-x\\\\r\\\\n"', '"\\\\x00\\\\xff"')
    """
    return f'"{clean(received.decode("ascii", "backslashreplace"), _FIRST_BYTES)}"'


def listed(names: tuple[str, ...], limit: int = 5) -> str:
    """Names in quotation marks; of those beyond ``limit`` only the number is given."""
    shown = ", ".join(quoted(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def milliseconds(duration_s: float) -> str:
    """A duration in milliseconds.

    >>> milliseconds(0.0356)
    '35.6 ms'
    """
    return f"{duration_s * 1e3:.1f} ms"


def moment(time_s: float) -> str:
    """A date and time in UTC.

    >>> moment(0)
    '1970-01-01 00:00:00 UTC'
    """
    try:
        return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{time_s:.0f} s after 1970"


def minutes(duration_s: float) -> str:
    """An age in minutes up to two hours, then in hours.

    >>> minutes(600), minutes(7199), minutes(7200), minutes(6 * 3600)
    ('10 minutes', '119 minutes', '2 hours', '6 hours')
    """
    if duration_s < 2 * 3600:
        return f"{duration_s // 60:.0f} minutes"
    return f"{duration_s // 3600:.0f} hours"


def days(duration_s: float) -> str:
    """A long duration in days, or in hours if it is shorter than one day.

    >>> days(9.5 * 86400), days(86400), days(3600)
    ('9.5 days', '1 day', '1.0 hours')
    """
    if duration_s < _DAY_S:
        return f"{duration_s / 3600:.1f} hours"
    # Rounded down, so that less than ten days never reads as ten days.
    number = f"{floor(duration_s / _DAY_S * 10) / 10:.1f}".removesuffix(".0")
    return f"{number} day" if number == "1" else f"{number} days"
