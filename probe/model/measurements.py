"""Results of probes: one measurement per probe run. Data only, no judgement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from probe.model.targets import Check, Method, Target


class Phase(StrEnum):
    """Phases of an exchange. They do not overlap; there is no total."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    HANDSHAKE = "handshake"
    SEND = "send"
    WAIT = "wait"
    RECEIVE = "receive"
    ECHO = "echo"


class Reason(StrEnum):
    """Why an exchange failed: always about the exchange itself, never about the quality of a certificate."""

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


# Failures caused by this machine, not by the peer.
LOCAL_FAILURES = frozenset({Reason.NOT_PERMITTED, Reason.OVER_LIMIT})


class Timestamps(StrEnum):
    """The source of a duration's timestamps: the kernel, the kernel for reception only, or this program."""

    KERNEL = "kernel"
    KERNEL_RX = "kernel-rx"
    USER = "user"


class ClientHelloProfile(StrEnum):
    """The ClientHello used: KMS's parameters, everything OpenSSL supports, or KMS's with a large key share.

    The second is only for diagnosis, the third only for `LargeClientHello`.
    """

    KMS = "kms"
    DIAGNOSING = "diagnosing"
    LARGE = "large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The phase and reason of a failed exchange. ``detail`` is for people and may contain untrusted text."""

    phase: Phase
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateUse:
    """What a certificate may be used for (RFC 5280, section 4.2.1), in its names or else OIDs; untrusted.

    ``permitted_names`` and ``excluded_names`` are its name constraints, such as ``DNS:example.com``.
    ``critical_unknown`` are the OIDs of critical extensions that TLS clients do not know. Empty: no such
    extension, or not readable.
    """

    extended_key_usage: tuple[str, ...] = ()
    key_usage: tuple[str, ...] = ()
    permitted_names: tuple[str, ...] = ()
    excluded_names: tuple[str, ...] = ()
    critical_unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate as the server sent it. Names are untrusted: outputs pass them through `text.clean`.

    ``position`` is its index in the chain as sent: 0 is the leaf. Times are Unix seconds. ``sha256`` is the
    SHA-256 of the whole certificate in lower-case hex, ``serial`` is lower-case hex. ``subject_common_names``
    are all CNs of the subject, in order (usually one; modern profiles have none). ``dns_names`` are the
    subject alternative names of type DNS. ``key`` is the key type: ``RSA``, ``EC``, ``Ed25519`` … A field
    that could not be read is None or empty.
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
    use: CertificateUse = CertificateUse()
    der: bytes = field(repr=False)

    @property
    def subject_common_name(self) -> str | None:
        """The most specific CN (the last one), or None."""
        return self.subject_common_names[-1] if self.subject_common_names else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoDetails:
    """ICMP identifier and sequence number as in the packet, 16 bits each."""

    identifier: int | None
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpDetails:
    local_port: int | None
    retransmits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsDetails:
    """Facts learned from up to two handshakes: first KMS's, then a diagnosing one if KMS's failed.

    ``version``, ``cipher`` and ``chain`` come from the handshake that ``offer`` names; version and cipher are
    None unless a cipher was agreed. The measurement's failure is always that of KMS's handshake.
    ``kms_handshake_succeeded`` is False if only the diagnosing handshake succeeded.

    ``client_certificate_requested``, ``answered_without_client_certificate`` and ``alert`` come from one
    handshake: KMS's if the server requested a certificate in it, else the diagnosing one if it got far
    enough. The first is None if the handshake failed before the server could request one. The second is the
    result of sending an empty certificate and then an unsigned ``GET /``: False if refused by an alert (40,
    42 or 116) or by an HTTP response about the certificate (status 495 or 496; 400 or 403 with a text that
    mentions one); True for any other HTTP response; None for no response, another failure, or not tried.
    ``alert`` is the number of the fatal alert received, if any. ``kms_certificate_requested`` is whether the
    server requested a certificate in KMS's handshake, None if it failed before that. ``not_tls`` are the
    first bytes, at most 64, that the server sent in KMS's handshake, if they are not TLS; else empty.
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
    not_tls: bytes = b""

    @property
    def is_answered(self) -> bool:
        """Whether the server sent any part of its flight: more than an alert."""
        return self.version is not None or bool(self.chain or self.client_certificate_requested)


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsDetails:
    """A DNS response. ``view`` is the kind of server: ``resolver``, ``public`` or ``authoritative``."""

    server: str
    name: str
    record_type: str
    view: str
    rcode: str | None
    answers: tuple[str, ...] = ()
    ttl_s: int | None = None
    truncated: bool = False


class KeyManagerStatus(StrEnum):
    """The health of one key manager; the values are those of the proxy API's specification."""

    ACTIVE = "ACTIVE"
    DEGRADED = "DEGRADED"
    UNAVAILABLE = "UNAVAILABLE"


class BodyForm(StrEnum):
    """What a response body is by its first bytes, whatever its status and headers."""

    JSON_OBJECT = "json_object"
    OTHER_JSON = "other_json"
    EMPTY = "empty"
    MARKUP = "markup"  # HTML or XML
    COMPRESSED = "compressed"
    WITH_BYTE_ORDER_MARK = "with_byte_order_mark"  # JSON apart from that (RFC 8259, section 8.1)
    WITH_DUPLICATE_NAMES = "with_duplicate_names"  # an object apart from that (RFC 8259, section 4)
    TOO_DEEP = "too_deep"  # perhaps JSON, nested too deeply to be read
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthDetails:
    """The proxy's response to one request, and how it violates the specification.

    ``purpose`` is the kind of request: ``health``, ``key_metadata``, ``large_body``, ``unsigned`` or ``get``;
    only ``health`` is timed for a verdict. ``status`` is the HTTP status, None without a response.
    ``error_name`` and ``error_message`` are from a JSON error body. ``fault`` describes how the response
    violates the specification, None if it does not. ``managers`` are the (id, state) pairs of the key manager
    fleet. ``clock_offset_s`` is the proxy's Date header minus this machine's clock at the middle of the
    exchange, to the second; None without a Date header. ``sent_body_bytes`` is the size of the request body.
    ``body`` is the beginning of the response body, ``form`` what it is (None if it was not parsed).
    ``server`` and ``location`` are headers. ``other_content_type`` is the Content-Type if it is not
    ``application/json``, "" without one. ``not_http`` are the first bytes, at most 64, of a response that is
    not HTTP/1.1; ``is_malformed``: it is HTTP/1.1, but violates its syntax. ``is_signed`` is False for an
    unsigned request.
    ``withheld`` is the reason if no request was sent: nothing is signed for a server whose certificate path
    or name would be rejected. It is the id of a requirement, or one of `WITHHELD_FOR_OURSELVES`.
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
    form: BodyForm | None = None
    server: str | None = None
    location: str | None = None
    other_content_type: str | None = None
    not_http: bytes = b""
    is_malformed: bool = False


# Values of `HealthDetails.withheld` that are not the server's fault: no request can be signed at all, or the
# certificates could not be checked within the time of the exchange.
NO_CREDENTIAL = "no credential"
CHECK_TIMED_OUT = "the certificates were not checked in time"
WITHHELD_FOR_OURSELVES = frozenset({NO_CREDENTIAL, CHECK_TIMED_OUT})
HEALTH_PURPOSE = "health"  # the value of `HealthDetails.purpose` for the request that is timed for a verdict
Details = EchoDetails | TcpDetails | TlsDetails | DnsDetails | HealthDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The result of one probe run against one target. It has at most one failure.

    ``started_at_s`` is Unix time. ``address`` is the IPv4 address that was probed, None if the name
    did not resolve. ``phases_s`` has only completed phases, without those discarded because the wall
    clock was stepped. ``timestamps`` is None if no network time was measured. ``was_stalled``: the deadline
    passed while this program was stalled, so a response may have come in time and the failure says nothing
    about the network; the agent counts and discards the measurement.
    """

    target: Target
    check: Check
    started_at_s: float
    address: str | None = None
    phases_s: Mapping[Phase, float] = field(default_factory=dict)
    timestamps: Timestamps | None = None
    failure: Failure | None = None
    details: Details | None = None
    was_stalled: bool = False

    @property
    def purpose(self) -> str:
        """The purpose of a health request; "" for every other check."""
        return self.details.purpose if isinstance(self.details, HealthDetails) else ""

    @property
    def method(self) -> Method | None:
        """How the round trip was measured; None for checks that measure no round trip."""
        match self.check:
            case Check.ICMP:
                return Method.ICMP
            case Check.TCP:
                return Method.TCP
            case _:
                return None

    @property
    def rtt_s(self) -> float | None:
        """The round-trip time of a ping or a TCP connect; None if it failed, or for another check."""
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
    """The outcome of one echo request. Each request gets exactly one of the first three.

    Duplicates and late replies are extra rows for a request that already has its outcome.
    """

    ANSWERED = "answered"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    DUPLICATE = "duplicate"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoBatch:
    """Pings that completed since the last drain, as columns of equal length.

    ``indexes`` are indexes into the engine's tuple of targets. ``sent_ns`` is Unix time. ``rtt_ns`` is -1 and
    ``stamps`` is None if there was no reply, and for a reply whose RTT was discarded because the wall clock
    was stepped: that reply counts as received, but yields no sample. ``reasons`` is None for a reply.
    ``addresses`` is not a column: it holds the addresses of all the engine's targets, in the same order.

    The remaining fields are self-monitoring counters since the last drain. ``discarded``: packets that
    matched no request. ``dropped``: packets dropped because the agent's receive queue was full. ``stepped``:
    RTTs discarded because the wall clock was stepped. ``user_minus_kernel_ns``: user-space minus kernel RTT
    of the batch's first reply; None without one.
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
