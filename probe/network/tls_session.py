"""A TLS client on memory buffers, without a socket: bytes in, bytes out, and the facts learned."""

from dataclasses import dataclass
from functools import cache

from OpenSSL import SSL, crypto

from probe.model.measurements import ClientHelloProfile, Reason
from probe.network.tls_offer import context

MAX_CHAIN = 16
MAX_CERTIFICATE_BYTES = 16 * 1024
_BIO_BYTES = 65536
_RECORD_HEADER_BYTES = 5
_FIRST_BYTES = 64  # of a server that does not speak TLS: enough to recognise another protocol
# RFC 8446, section 5.1: change_cipher_spec to application_data, and the major version of every record.
_RECORD_TYPES, _RECORD_MAJOR_VERSION = range(20, 24), 3

# The info callback's "where" (openssl/ssl.h) for an alert from the peer; "ret" is level * 256 + number.
_READ_ALERT = 0x4004
_FATAL = 2

# RFC 8446, section 6; 40 and 42 are also RFC 5246's, 41 is SSL 3.0's.
_ALERT_NAMES = {
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


class TlsRefused(Exception):  # noqa: N818 (caused by the peer, not a program error)
    """The TLS session failed because of the peer; raised only by `TlsSession` and its users."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(slots=True)
class _Seen:
    """What OpenSSL's info callback reported about one connection."""

    certificate_requested: bool = False
    alert: int | None = None


@cache
def _context(offer: ClientHelloProfile) -> SSL.Context:
    """One context for all connections with ``offer``: to make one costs as much as a quarter of a handshake.

    Every handshake is a full one: no session is kept, and OpenSSL resumes one only on request.
    """
    made = context(offer)
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_info_callback(_on_info)
    return made


def _on_info(connection: SSL.Connection, where: int, code: int) -> None:
    """The callback belongs to the context; what it reports belongs to the connection."""
    seen: _Seen = connection.get_app_data()
    if where == _READ_ALERT and code >> 8 == _FATAL:
        seen.alert = code & 0xFF
    elif b"certificate request" in connection.get_state_string():
        seen.certificate_requested = True


class TlsSession:
    """``server_name`` (ASCII) is sent as SNI unless None."""

    def __init__(self, offer: ClientHelloProfile, server_name: bytes | None) -> None:
        self._seen = _Seen()
        self._first_bytes = b""
        self._records = _Records()
        self._chain: tuple[bytes, ...] = ()
        self._connection = SSL.Connection(_context(offer), None)
        self._connection.set_app_data(self._seen)
        if server_name:
            self._connection.set_tlsext_host_name(server_name)
        self._connection.set_connect_state()

    @property
    def certificate_requested(self) -> bool:
        return self._seen.certificate_requested

    @property
    def alert(self) -> int | None:
        """The number of the fatal alert received."""
        return self._seen.alert

    def feed(self, data: bytes) -> None:
        """Adds bytes from the peer, for the next `handshake` or `read`."""
        if len(self._first_bytes) < _FIRST_BYTES:
            self._first_bytes = (self._first_bytes + data)[:_FIRST_BYTES]
        self._records.feed(data)
        self._connection.bio_write(data)

    @property
    def not_tls(self) -> bytes:
        """The first bytes received, at most 64, if they do not begin a TLS record; else empty."""
        first = self._first_bytes
        is_record = (
            first[0] in _RECORD_TYPES and first[1:2] in (b"", bytes([_RECORD_MAJOR_VERSION]))
            if first
            else True
        )
        return b"" if is_record else first

    @property
    def is_between_records(self) -> bool:
        """Whether all records fed so far are complete."""
        return self._records.left_bytes == 0

    def output(self) -> bytes:
        """The bytes to send, possibly empty."""
        parts: list[bytes] = []
        while not parts or len(parts[-1]) == _BIO_BYTES:
            try:
                parts.append(self._connection.bio_read(_BIO_BYTES))
            except SSL.WantReadError:
                break
        return b"".join(parts)

    def handshake(self) -> bool:
        """Continues as far as possible; returns True when complete. Raises `TlsRefused`."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            raise self._refused(error) from error
        return True

    def write(self, data: bytes) -> None:
        self._connection.send(data)

    def read(self) -> bytes:
        """Decrypted bytes, empty if more input is needed. Raises `TlsRefused`."""
        try:
            return self._connection.recv(_BIO_BYTES)
        except SSL.WantReadError:
            return b""
        except SSL.Error as error:
            raise self._refused(error) from error

    def close_notify(self) -> None:
        """Adds a close_notify to `output`, so that the server does not log an error."""
        try:
            self._connection.shutdown()
        except SSL.Error:
            return

    @property
    def version(self) -> str | None:
        """``TLSv1.3`` …, None until a cipher was agreed: before that, OpenSSL's value is only a proposal."""
        return self._connection.get_protocol_version_name() if self.cipher else None

    @property
    def cipher(self) -> str | None:
        return self._connection.get_cipher_name()

    @property
    def group(self) -> str | None:
        """The key exchange of a completed handshake, OpenSSL's name; None if there is none."""
        return self._connection.get_group_name() if self.cipher else None

    def chain(self) -> tuple[bytes, ...]:
        """The certificates as sent, DER, even if the handshake failed afterwards. May exceed the limits."""
        if not self._chain:
            sent = self._connection.get_peer_cert_chain() or []
            self._chain = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in sent)
        return self._chain

    def _refused(self, error: SSL.Error) -> TlsRefused:
        if self.alert is not None:
            name = _ALERT_NAMES.get(self.alert, "unassigned")
            return TlsRefused(Reason.PROTOCOL_ERROR, f"alert {self.alert} ({name})")
        if isinstance(error, SSL.ZeroReturnError):
            return TlsRefused(Reason.CLOSED, "the server closed the TLS session")
        if self._first_bytes.startswith(b"HTTP/"):
            return TlsRefused(Reason.PROTOCOL_ERROR, "the server replied in plain HTTP")
        reason = _openssl_reason(error)
        if reason == "excessive message size":  # OpenSSL's limit for a certificate message: 100 KiB
            return TlsRefused(Reason.OVER_LIMIT, reason)
        return TlsRefused(Reason.PROTOCOL_ERROR, reason)


class _Records:
    """Tracks record boundaries in a stream (RFC 8446, section 5.1): a 5-byte header contains the length."""

    def __init__(self) -> None:
        self._header = b""
        self.left_bytes = 0  # missing bytes of the current record or of its header

    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._header or not self.left_bytes:
                piece = data[at : at + _RECORD_HEADER_BYTES - len(self._header)]
                self._header += piece
                at += len(piece)
                self.left_bytes = _RECORD_HEADER_BYTES - len(self._header)
                if not self.left_bytes:
                    self.left_bytes, self._header = int.from_bytes(self._header[3:], "big"), b""
            else:
                taken = min(self.left_bytes, len(data) - at)
                self.left_bytes -= taken
                at += taken


def within_limits(chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The certificates before the first one that exceeds a limit."""
    for position, der in enumerate(chain[:MAX_CHAIN]):
        if len(der) > MAX_CERTIFICATE_BYTES:
            return chain[:position]
    return chain[:MAX_CHAIN]


def _openssl_reason(error: SSL.Error) -> str:
    """The first reason in OpenSSL's error, which is a list of (library, function, reason)."""
    match error.args:
        case ([(_, _, str(reason)), *_], *_):
            return reason
        case _:
            return "not TLS"
