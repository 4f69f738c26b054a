"""What a server did with a ClientHello of two TCP segments, such as a post-quantum client sends.

Facts about one connection, apart from the measured handshakes. They are not a `Measurement`: sinks, windows
and the state of a target never depend on them.
"""

from dataclasses import dataclass
from enum import StrEnum

from probe.model.measurements import Failure, Timestamps
from probe.model.targets import Target


class HelloAnswer(StrEnum):
    """What came first after the ClientHello."""

    SERVER_HELLO = "server_hello"
    HELLO_RETRY_REQUEST = "hello_retry_request"  # RFC 8446, section 4.1.4: costs one more round trip
    ALERT = "alert"
    RESET = "reset"
    TIMED_OUT = "timed_out"  # nothing at all; a black hole if a small ClientHello was answered
    OTHER = "other"  # a close, bytes that are not TLS, or no connection


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeClientHello:
    """The answer of ``target`` at ``address`` (None if the name did not resolve).

    ``started_at_s`` is Unix time. ``sent_bytes`` is the size of the ClientHello with its record header, 0 if
    none was sent, ``allowed_s`` is how long the handshake could take. ``wait_s`` is the time from its last
    byte to the last byte of the server's first flight, None without one or if the wall clock was stepped.
    ``group`` is the key exchange of a completed handshake (OpenSSL's name, such as ``X25519MLKEM768``).
    ``alert`` is the number of the alert that came instead of a ServerHello. ``failure`` is why the handshake
    did not complete: it may also have failed after a ServerHello.
    """

    target: Target
    started_at_s: float
    answer: HelloAnswer
    address: str | None = None
    sent_bytes: int = 0
    allowed_s: float = 0.0
    wait_s: float | None = None
    timestamps: Timestamps | None = None
    group: str | None = None
    alert: int | None = None
    failure: Failure | None = None
