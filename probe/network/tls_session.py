"""One TLS client without a socket: bytes in, bytes out, and the facts that the conversation showed."""

from OpenSSL import SSL, crypto

from probe.model.measurements import ClientHelloProfile, Reason
from probe.network.tls_offer import context

MAX_CHAIN = 16
MAX_CERTIFICATE_BYTES = 16 * 1024
_BIO_BYTES = 65536
_RECORD_HEADER_BYTES = 5

# The info callback's "where" (openssl/ssl.h): an alert, read from the peer. "ret" is level * 256 + number.
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


class TlsRefused(Exception):  # noqa: N818 (the peer's doing, no error of ours)
    """The conversation can't go on; raised by `TlsSession` alone."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class TlsSession:
    """``server_name`` (ASCII) is sent as SNI unless None."""

    def __init__(self, offer: ClientHelloProfile, server_name: bytes | None) -> None:
        made = context(offer)
        made.set_info_callback(self._on_info)
        self.certificate_requested = False
        self.alert: int | None = None
        self._begins_like_http = False
        self._started = False
        self._records = _Records()
        self._connection = SSL.Connection(made, None)
        if server_name:
            self._connection.set_tlsext_host_name(server_name)
        self._connection.set_connect_state()

    def _on_info(self, connection: SSL.Connection, where: int, code: int) -> None:
        if where == _READ_ALERT and code >> 8 == _FATAL:
            self.alert = code & 0xFF
        elif b"certificate request" in connection.get_state_string():
            self.certificate_requested = True

    def feed(self, data: bytes) -> None:
        """Bytes of the peer; they take effect with the next `handshake` or `read`."""
        if not self._started:
            self._started = True
            self._begins_like_http = data.startswith(b"HTTP/")
        self._records.pass_by(data)
        self._connection.bio_write(data)

    @property
    def is_between_records(self) -> bool:
        """What was fed until now are whole records."""
        return self._records.left_bytes == 0

    def output(self) -> bytes:
        """What is to be sent, perhaps nothing."""
        parts: list[bytes] = []
        while True:
            try:
                parts.append(self._connection.bio_read(_BIO_BYTES))
            except SSL.WantReadError:
                return b"".join(parts)

    def handshake(self) -> bool:
        """Goes on as far as it can: True once done. Raises `TlsRefused`."""
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
        """Decrypted bytes, empty when more are needed first. Raises `TlsRefused`."""
        try:
            return self._connection.recv(_BIO_BYTES)
        except SSL.WantReadError:
            return b""
        except SSL.Error as error:
            raise self._refused(error) from error

    def say_goodbye(self) -> None:
        """A close_notify for `output`, so that the server's log has no complaint about us."""
        try:
            self._connection.shutdown()
        except SSL.Error:
            return

    @property
    def version(self) -> str | None:
        """``TLSv1.3`` … once a cipher was agreed. Before that OpenSSL only has an intention."""
        return self._connection.get_protocol_version_name() if self.cipher else None

    @property
    def cipher(self) -> str | None:
        return self._connection.get_cipher_name()

    def chain(self) -> tuple[bytes, ...]:
        """The certificates as sent, DER; also after a handshake that failed later. May exceed the limits."""
        sent = self._connection.get_peer_cert_chain() or []
        return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in sent)

    def _refused(self, error: SSL.Error) -> TlsRefused:
        if self.alert is not None:
            name = _ALERT_NAMES.get(self.alert, "unassigned")
            return TlsRefused(Reason.PROTOCOL_ERROR, f"alert {self.alert} ({name})")
        if isinstance(error, SSL.ZeroReturnError):
            return TlsRefused(Reason.CLOSED, "the server closed the TLS session")
        if self._begins_like_http:
            return TlsRefused(Reason.PROTOCOL_ERROR, "answered in plain HTTP")
        sentence = _sentence(error)
        if sentence == "excessive message size":  # OpenSSL's own limit of a certificate message: 100 KiB
            return TlsRefused(Reason.OVER_LIMIT, sentence)
        return TlsRefused(Reason.PROTOCOL_ERROR, sentence)


class _Records:
    """Where records begin and end in a stream (RFC 8446, section 5.1): a header of 5 bytes has the length."""

    def __init__(self) -> None:
        self._header = b""
        self.left_bytes = 0  # of the record, or of its header, that has begun

    def pass_by(self, data: bytes) -> None:
        place = 0
        while place < len(data):
            if self._header or not self.left_bytes:
                piece = data[place : place + _RECORD_HEADER_BYTES - len(self._header)]
                self._header += piece
                place += len(piece)
                self.left_bytes = _RECORD_HEADER_BYTES - len(self._header)
                if not self.left_bytes:
                    self.left_bytes, self._header = int.from_bytes(self._header[3:], "big"), b""
            else:
                taken = min(self.left_bytes, len(data) - place)
                self.left_bytes -= taken
                place += taken


def within_limits(chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The certificates up to the first that exceeds a limit."""
    for position, der in enumerate(chain[:MAX_CHAIN]):
        if len(der) > MAX_CERTIFICATE_BYTES:
            return chain[:position]
    return chain[:MAX_CHAIN]


def _sentence(error: SSL.Error) -> str:
    """OpenSSL's first reason: its errors are lists of (library, function, reason)."""
    match error.args:
        case ([(_, _, str(reason)), *_], *_):
            return reason
        case _:
            return "not TLS"
