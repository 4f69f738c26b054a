"""What was seen: one measurement for each time a probe met a target. Facts, never opinions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from probe.model.targets import Check, Method, Target


class Phase(StrEnum):
    """Where the time of an exchange goes. Disjoint: there is no total."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    HANDSHAKE = "handshake"
    SEND = "send"
    WAIT = "wait"
    RECEIVE = "receive"
    ECHO = "echo"


class Reason(StrEnum):
    """Why an exchange failed. A fact about the exchange, never about a certificate."""

    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    CLOSED = "closed"
    NAME_NOT_FOUND = "name_not_found"
    SERVER_FAILURE = "server_failure"
    PROTOCOL_ERROR = "protocol_error"
    NOT_PERMITTED = "not_permitted"
    OVER_LIMIT = "over_limit"
    PACKET_LOST = "packet_lost"
    PACKET_TOO_BIG = "packet_too_big"
    HOP_LIMIT_EXCEEDED = "hop_limit_exceeded"


class Timestamps(StrEnum):
    """Who stamped a duration: the kernel at both ends, at the receiving end, or this program."""

    KERNEL = "kernel"
    KERNEL_RX = "kernel-rx"
    USER = "user"


class ClientHelloProfile(StrEnum):
    """What the TLS client offered: what KMS does, or all that OpenSSL has, only to learn."""

    KMS = "kms"
    DIAGNOSING = "diagnosing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Where and why an exchange ended. ``detail`` is for people; it may hold text of the network."""

    phase: Phase
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate as the server sent it. Names are raw: they pass `text.clean` on the way out.

    Times are Unix seconds. ``sha256`` is that of the whole certificate in lower-case hex, ``serial``
    lower-case hex. ``subject_common_names`` are all CNs of the subject in their order (usually one,
    and none in modern profiles). ``dns_names`` are the subject alternative names of type DNS.
    ``key`` is ``RSA``, ``EC``, ``Ed25519`` … A field that could not be read is None or empty.
    """

    position: int
    subject_common_names: tuple[str, ...]
    dns_names: tuple[str, ...]
    subject: str
    issuer: str
    issuer_common_name: str | None
    not_before_s: float | None
    not_after_s: float | None
    serial: str
    sha256: str
    key: str
    public_key_bits: int | None
    der: bytes = field(repr=False)

    @property
    def subject_common_name(self) -> str | None:
        """The most specific CN (the last one), or None."""
        return self.subject_common_names[-1] if self.subject_common_names else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoDetails:
    """As in the packet: 16 bits each."""

    identifier: int | None
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpDetails:
    local_port: int | None
    retransmits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsDetails:
    """What a handshake taught. Version and cipher are None unless a cipher was agreed.

    ``offer`` says which of the two handshakes gave version, cipher and chain; the failure of the
    measurement is always that of KMS's own handshake. ``kms_handshake_succeeded`` is False when
    only the diagnosing one went through. ``client_certificate_requested`` is None when the
    handshake did not come that far. ``answered_without_client_certificate`` is what an empty
    certificate, and then an unsigned ``GET /``, gave: False refused with an alert (40, 42 or 116) or
    with an HTTP answer that is about the certificate (status 495 or 496; 400 or 403 whose text
    mentions one), True any other HTTP answer, None silence, another end or not tried. ``alert`` is the
    number of the fatal alert received, if any. These three are of one handshake: KMS's own if that saw
    the request, else the diagnosing one if that came far enough to know. ``kms_certificate_requested``
    is whether KMS's own handshake saw the request, None when it did not come that far.
    """

    server_name: str | None
    local_port: int | None
    offer: ClientHelloProfile
    kms_handshake_succeeded: bool
    version: str | None
    cipher: str | None
    chain: tuple[Certificate, ...] = ()
    client_certificate_requested: bool | None = None
    answered_without_client_certificate: bool | None = None
    alert: int | None = None
    kms_certificate_requested: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsDetails:
    """An answer. ``view`` says whose it is: ``resolver``, ``public`` or ``authoritative``."""

    server: str
    name: str
    record_type: str
    view: str
    rcode: str | None
    answers: tuple[str, ...] = ()
    ttl_s: int | None = None
    truncated: bool = False


class KeyManagerStatus(StrEnum):
    """The health of one key manager, in the words of the proxy API's specification."""

    ACTIVE = "ACTIVE"
    DEGRADED = "DEGRADED"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthDetails:
    """What the proxy said to one request, and what of it broke the specification.

    ``purpose`` says which request: ``health``, ``key_metadata``, ``large_body``, ``unsigned``, ``get``; only
    ``health`` is timed for a verdict. ``status`` is HTTP's, None without an answer. ``error_name`` and
    ``error_message`` are those of a JSON error body. ``fault`` says in words how the answer breaks the
    specification, None if it does not. ``managers`` are (id, state) of the fleet. ``clock_offset_s`` is the
    proxy's Date header minus this machine's clock at the middle of the exchange, to the second; None without
    one. ``sent_body_bytes`` is the request's. ``body`` is what the answer begins with. ``is_signed`` is
    False for a request that bore no signature, and ``withheld`` says why none was sent at all: nothing is
    signed for a peer whose chain or name is not met.
    """

    purpose: str
    local_port: int | None = None
    status: int | None = None
    error_name: str | None = None
    error_message: str | None = None
    fault: str | None = None
    managers: tuple[tuple[str, KeyManagerStatus], ...] = ()
    key_spec: str | None = None
    key_usage: tuple[str, ...] = ()
    key_status: str | None = None
    clock_offset_s: float | None = None
    sent_body_bytes: int = 0
    is_signed: bool = True
    withheld: str | None = None
    wait_is_upper_bound: bool = False
    body: str = ""


# What `HealthDetails.withheld` says where nothing could be signed for any peer.
NO_CREDENTIAL = "no credential"
HEALTH_PURPOSE = "health"  # of `HealthDetails.purpose`: the request that is timed for a verdict
Details = EchoDetails | TcpDetails | TlsDetails | DnsDetails | HealthDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One probe of one target. Holds exactly one failure, or none.

    ``started_at_s`` is Unix time. ``address`` is the IPv4 address that was probed, None if the name
    did not resolve. ``phases_s`` has the completed phases only, without those whose time a step of the wall
    clock spoilt. ``timestamps`` is None unless something of the network was timed.
    """

    target: Target
    check: Check
    started_at_s: float
    address: str | None = None
    phases_s: Mapping[Phase, float] = field(default_factory=dict)
    timestamps: Timestamps | None = None
    failure: Failure | None = None
    details: Details | None = None

    @property
    def purpose(self) -> str:
        """Of a health request: what it was for; "" for every other check."""
        return self.details.purpose if isinstance(self.details, HealthDetails) else ""

    @property
    def method(self) -> Method | None:
        """How the round trip was taken, for the two checks that are about round trips."""
        match self.check:
            case Check.ICMP:
                return Method.ICMP
            case Check.TCP:
                return Method.TCP
            case _:
                return None

    @property
    def rtt_s(self) -> float | None:
        """The round-trip time of an echo or a TCP connect; None when it failed or is of another kind."""
        if self.failure is not None:
            return None
        match self.check:
            case Check.ICMP:
                return self.phases_s.get(Phase.ECHO)
            case Check.TCP:
                return self.phases_s.get(Phase.CONNECT)
            case _:
                return None


class EchoOutcome(StrEnum):
    """What became of one echo request. Each request ends in exactly one of the first three.

    Duplicates and late replies are extra rows that belong to a request that has ended already.
    """

    ANSWERED = "answered"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    DUPLICATE = "duplicate"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoBatch:
    """Echoes that ended since the last drain, as columns of one length.

    ``indexes`` are positions in the engine's tuple of targets. ``sent_ns`` is Unix time.
    ``rtt_ns`` is -1 and ``stamps`` None where there was no answer, and for an answer whose time a step of the
    wall clock spoilt: it is received, and no sample. ``reasons`` is None where there was an answer.
    ``addresses`` is no column: the engine's addresses, by the same positions as ``indexes`` count.

    The rest says how the instrument itself did since the last drain. ``discarded`` packets were no answer to
    any of our requests, ``dropped`` ones were lost by our own full receive queue, ``stepped`` answers have no
    time, because the wall clock was stepped. ``user_minus_kernel_ns`` is how much longer the batch's first
    round trip looked to this program than to the kernel; None without one.
    """

    indexes: Sequence[int] = ()
    sequences: Sequence[int] = ()
    sent_ns: Sequence[int] = ()
    rtt_ns: Sequence[int] = ()
    stamps: Sequence[Timestamps | None] = ()
    outcomes: Sequence[EchoOutcome] = ()
    reasons: Sequence[Reason | None] = ()
    identifier: int | None = None
    addresses: Sequence[str] = ()
    discarded: int = 0
    dropped: int = 0
    stepped: int = 0
    user_minus_kernel_ns: int | None = None

    def __len__(self) -> int:
        return len(self.indexes)
