"""What may come instead of an answer to a TLS handshake: its causes, KMS's errors and the fix. A table."""

from collections.abc import Callable
from dataclasses import dataclass

from probe.model.measurements import Failure, Reason, TlsDetails
from probe.model.verdicts import KmsError, Remedy
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import HANDSHAKE

UNRECOGNIZED_NAME = 112  # RFC 6066, section 3
_HANDSHAKE_FAILURE, _PROTOCOL_VERSION, _INTERNAL_ERROR = 40, 70, 80  # RFC 8446, section 6.2
_CUT = frozenset({Reason.RESET, Reason.CLOSED, Reason.REFUSED})
_LOST = frozenset({Reason.UNREACHABLE, Reason.PACKET_TOO_BIG, Reason.PACKET_LOST, Reason.HOP_LIMIT_EXCEEDED})

_HELLO = f"{HANDSHAKE} </dev/null"
_WITH_HEADER = (
    "curl --haproxy-protocol --verbose --insecure --connect-to PRIVATE-DNS-NAME:443:ADDRESS:443 "
    "https://PRIVATE-DNS-NAME/"
)
_HEADER = (
    "The server expects a PROXY protocol header: its log names the header, and curl --haproxy-protocol, "
    "which sends one, gets a TLS answer. Turn the header off there, or on at the target group (Proxy "
    "protocol v2)."
)
_OTHER_NAMES = (
    "It serves only other names: its log names this one, and another -servername gets an answer. Configure "
    "PRIVATE-DNS-NAME there; KMS sends it."
)
_TERMINATOR = (
    "A TLS terminator in front demands a client certificate or an allowed source: its log shows the refusal. "
    "Admit clients without a certificate, because KMS presents none."
)
_FIREWALL = (
    "A firewall or intrusion detection blocks TLS: openssl s_client gets an answer on the proxy's own host, "
    "but not from here. Admit TLS there."
)
_HANGS = (
    "The server hangs or is overloaded: openssl s_client gets no answer on its own host either. Restart it."
)


def _one_of(*causes: str) -> str:
    numbered = " ".join(f"({number}) {cause}" for number, cause in enumerate(causes, 1))
    return f"Find out which of these applies. {numbered}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """One thing that can come instead. ``fits`` gets the failure of KMS's handshake and the details.

    ``may_lack_header``: the cause may be a PROXY protocol header that the server expects and does not get.
    """

    fits: Callable[[Failure, TlsDetails], bool]
    because: str
    errors: tuple[KmsError, ...]
    remedy: Remedy
    may_lack_header: bool = False


def _alert(*numbers: int) -> Callable[[Failure, TlsDetails], bool]:
    return lambda _, details: details.alert in numbers


def _reason(reasons: frozenset[Reason]) -> Callable[[Failure, TlsDetails], bool]:
    return lambda failure, _: failure.reason in reasons


# The first row that fits decides; the last one always does.
_TABLE: tuple[Instead, ...] = (
    Instead(
        fits=lambda _, details: details.is_answered,
        because="the server sent certificates, but the handshake ended before a version was agreed",
        errors=path_errors.NO_HANDSHAKE,
        remedy=Remedy(
            text="See the log of the server, or of whatever terminates TLS in front of it, at this time.",
            cli=_HELLO,
        ),
    ),
    Instead(
        fits=_alert(UNRECOGNIZED_NAME),
        because="the server has no certificate for this name",
        errors=path_errors.TLS,
        remedy=Remedy(
            text="Configure PRIVATE-DNS-NAME as a server name, with its certificate, on whatever terminates "
            "TLS. KMS sends this name.",
            cli=_HELLO,
        ),
    ),
    Instead(
        fits=_alert(_PROTOCOL_VERSION),
        because="the server accepts no version from TLS 1.0 to TLS 1.3",
        errors=path_errors.TLS,
        remedy=Remedy(text="Enable TLS 1.2 or 1.3 on this port.", cli=f"{HANDSHAKE} -tls1_2 </dev/null"),
    ),
    Instead(
        fits=_alert(_HANDSHAKE_FAILURE),
        because="the server accepts nothing of what was offered",
        errors=path_errors.TLS,
        remedy=Remedy(
            text=_one_of(
                "The server's key does not fit its cipher suites, for example an RSA key with only ECDSA "
                "suites: its configuration shows it. Use a key that fits.",
                "It allows only unusual suites or groups: its configuration shows them. Enable a suite that "
                "KMS offers, such as TLS_AES_256_GCM_SHA384.",
                _OTHER_NAMES,
            ),
            cli=_HELLO,
        ),
    ),
    Instead(
        fits=_alert(_INTERNAL_ERROR),
        because="the server reports an error of its own",
        errors=path_errors.TLS,
        remedy=Remedy(
            text=_one_of(
                "The server has no usable certificate or key: its log shows it. Install one.", _OTHER_NAMES
            ),
            cli=_HELLO,
        ),
    ),
    Instead(
        fits=lambda _, details: details.alert is not None,
        because="the server refused the handshake",
        errors=path_errors.TLS,
        remedy=Remedy(text="See the server's log at this time for the reason of this alert.", cli=_HELLO),
    ),
    Instead(
        fits=lambda _, details: details.not_tls.startswith((b"HTTP/", b"<")),
        because="the server answered in plain HTTP",
        errors=path_errors.NOT_TLS,
        remedy=Remedy(
            text="Enable TLS on this port, or forward connections to the port on which the server speaks "
            "TLS. Behind a TCP listener the proxy itself must speak TLS.",
            cli="curl --verbose http://ADDRESS:443/",
        ),
    ),
    Instead(
        fits=lambda _, details: bool(details.not_tls),
        because="the server answered, but not with TLS",
        errors=path_errors.NOT_TLS,
        remedy=Remedy(
            text="Another service listens on this port: forward connections to the port of the XKS proxy.",
            cli=_HELLO,
        ),
    ),
    Instead(
        fits=_reason(frozenset({Reason.TIMED_OUT})),
        because="the server accepted the connection, but gave no complete answer to the TLS handshake",
        errors=path_errors.SILENT_HANDSHAKE,
        remedy=Remedy(text=_one_of(_HANGS, _FIREWALL, _HEADER), cli=_HELLO),
        may_lack_header=True,
    ),
    Instead(
        fits=_reason(_CUT),
        because="the server accepted the connection, and cut it instead of answering the TLS handshake",
        errors=path_errors.NO_HANDSHAKE,
        remedy=Remedy(text=_one_of(_HEADER, _OTHER_NAMES, _TERMINATOR, _FIREWALL), cli=_WITH_HEADER),
        may_lack_header=True,
    ),
    Instead(
        fits=_reason(_LOST),
        because="the path to the server failed during the TLS handshake",
        errors=path_errors.NOT_REACHABLE,
        remedy=Remedy(text="Check routes and firewalls between the Region and the proxy.", cli=_HELLO),
    ),
    Instead(
        fits=lambda *_: True,
        because="the server's answer is not valid TLS",
        errors=path_errors.NO_HANDSHAKE,
        remedy=Remedy(text="See the server's log at this time, and update its TLS software.", cli=_HELLO),
    ),
)


def what_came(failure: Failure, details: TlsDetails) -> Instead:
    """The row for a handshake that failed before a version was agreed."""
    return next(row for row in _TABLE if row.fits(failure, details))
