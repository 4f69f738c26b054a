"""The ICMP engine: many targets on one link, no task per echo; knows no schedule.

Every request ends in exactly one row: answered, failed or timed out. A reply is ours only if identifier,
sequence, source address and the whole payload (nonce, counter, filling) are.
"""

import secrets
import socket
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from probe.model.measurements import EchoBatch, EchoOutcome, Reason, Timestamps
from probe.network.batches import PACKETS, Packet
from probe.network.clock import STEP_LIMIT_NS, SYSTEM_CLOCK, Clock, Moment
from probe.network.echo_link import Arrivals, Link, Mode, Reply, Sent, open_link
from probe.network.failures import reason_of
from probe.network.stamping import StampsKept
from probe.wire import icmp

DEFAULT_PAYLOAD_BYTES = 56  # as ping does: 64 bytes of ICMP
_NONCE_BYTES = 8
_COUNTER_BYTES = 8
_SMALLEST_PAYLOAD_BYTES = _NONCE_BYTES + _COUNTER_BYTES
_LARGEST_PAYLOAD_BYTES = 1472  # an Ethernet frame's 1500 less 28; an echo must not be fragmented
SEQUENCES = 1 << 16
# How long after its end a request is remembered, to know a late reply or a duplicate for what it is.
REMEMBERED_NS = 60_000_000_000


@dataclass(slots=True)
class _Request:
    """One echo request; it changes until it has ended, and then only its stamp may still come."""

    index: int
    counter: int
    sequence: int
    opened: Moment
    sent_ns: int | None = None
    ended: EchoOutcome | None = None


class _Rows:
    """Columns of an `EchoBatch` in the making."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._rows: list[tuple[int, int, int, int, Timestamps | None, EchoOutcome, Reason | None]] = []

    def add(
        self,
        request: _Request,
        outcome: EchoOutcome,
        *,
        reason: Reason | None = None,
        rtt_ns: int = -1,
        stamps: Timestamps | None = None,
    ) -> None:
        sent_ns = request.opened.wall_ns if request.sent_ns is None else request.sent_ns
        self._rows.append((request.index, request.sequence, sent_ns, rtt_ns, stamps, outcome, reason))

    def take(self, identifier: int | None) -> EchoBatch:
        rows, self._rows = self._rows, []
        if not rows:
            return EchoBatch(identifier=identifier, addresses=self._addresses)
        indexes, sequences, sent_ns, rtt_ns, stamps, outcomes, reasons = zip(*rows, strict=True)
        return EchoBatch(
            indexes=indexes,
            sequences=sequences,
            sent_ns=sent_ns,
            rtt_ns=rtt_ns,
            stamps=stamps,
            outcomes=outcomes,
            reasons=reasons,
            identifier=identifier,
            addresses=self._addresses,
        )


class EchoEngine:
    """Sends echo requests to ``addresses`` (IPv4, by position) and matches what comes back.

    ``mode`` is ``datagram``, ``raw`` or None; ``why`` is a sentence on it (what to permit, if None: every
    request then fails with ``not_permitted``). ``discarded`` counts packets that were not the answer to any
    of our requests, ``dropped`` those that our own full receive queue lost, ``stepped`` answers whose
    time was discarded because the wall clock was stepped meanwhile: they count as answered, with neither
    round trip nor stamp.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        source: str | None = None,
        payload_bytes: int = DEFAULT_PAYLOAD_BYTES,
        timeout_s: float = 2.0,
        *,
        clock: Clock = SYSTEM_CLOCK,
        link: Link | None = None,
    ) -> None:
        if not _SMALLEST_PAYLOAD_BYTES <= payload_bytes <= _LARGEST_PAYLOAD_BYTES:
            raise ValueError(
                f"payload_bytes is {payload_bytes},"
                f" not within {_SMALLEST_PAYLOAD_BYTES} to {_LARGEST_PAYLOAD_BYTES}"
            )
        self.addresses = tuple(addresses)
        self._packed = tuple(socket.inet_aton(address) for address in self.addresses)
        self.timeout_s = timeout_s
        self.discarded = 0
        self.stepped = 0
        self._stamps = None if link else StampsKept()
        self._link, self.why = (link, "given") if link else open_link(source)
        self._clock = clock
        self._timeout_ns = round(timeout_s * 1e9)
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        self._filling = bytes(index % 256 for index in range(payload_bytes - _SMALLEST_PAYLOAD_BYTES))
        self._template = icmp.EchoTemplate(self.identifier or 0, self._nonce, self._filling)
        self._counter = 0
        self._outstanding = 0
        self._requests: dict[int, _Request] = {}  # by sequence: at most 65,536
        self._unended: deque[_Request] = deque()  # in the order of sending; may hold ended ones
        self._remembered: deque[_Request] = deque()
        self._rows = _Rows(self.addresses)

    @property
    def mode(self) -> Mode | None:
        return self._link.mode if self._link else None

    @property
    def identifier(self) -> int | None:
        """As in the packets: the kernel's for a datagram socket, a random one for raw sockets."""
        return self._link.identifier if self._link else None

    @property
    def receive_buffer_bytes(self) -> int:
        return self._link.receive_buffer_bytes if self._link else 0

    @property
    def dropped(self) -> int:
        return self._link.dropped if self._link else 0

    @property
    def outstanding(self) -> int:
        """Requests that have not ended."""
        return self._outstanding

    @property
    def next_deadline_ns(self) -> int | None:
        """When (monotonic) the next request times out, unless it is answered; None without requests."""
        while self._unended and self._unended[0].ended:
            self._unended.popleft()
        return self._unended[0].opened.monotonic_ns + self._timeout_ns if self._unended else None

    def sockets(self) -> tuple[socket.socket, ...]:
        """Readable when `drain` has something to do; level-triggered readers are right for them."""
        return self._link.sockets() if self._link else ()

    def close(self) -> None:
        if self._link:
            self._link.close()
        if self._stamps:
            self._stamps.close()

    def send(self, indexes: Sequence[int]) -> None:
        """One echo request to each of ``addresses[index]``; what could not be sent ends at once.

        Between one batch and the next everything that has come is taken, so that a long list does not fill
        our own receive queue.
        """
        for start in range(0, len(indexes), PACKETS):
            if start:
                self._take()
            self._send_batch(indexes[start : start + PACKETS])

    def drain(self) -> EchoBatch:
        """The rows of everything that ended, and of extra replies, since the last call."""
        closed = self._take()
        self._time_out(closed.monotonic_ns)
        self._forget(closed.monotonic_ns)
        return self._rows.take(self.identifier)

    def _take(self) -> Moment:
        """Everything that has come, to the rows; and when it was read."""
        arrivals = Arrivals()
        if self._link:
            self._link.receive(arrivals)
        closed = Moment.now(self._clock)
        self._note_stamps(arrivals.stamps)
        for reply in arrivals.replies:
            self._take_reply(reply, closed)
        for error in arrivals.errors:
            self._take_error(error)
        return closed

    def _next_counter(self) -> int:
        """The next counter whose low 16 bits, the sequence, are of no outstanding request."""
        self._counter += 1
        while (known := self._requests.get(self._counter % SEQUENCES)) and not known.ended:
            self._counter += 1
        return self._counter

    def _send_batch(self, indexes: Iterable[int]) -> None:
        opened = Moment.now(self._clock)
        packets: list[Packet] = []
        requests: list[_Request] = []
        for index in indexes:
            if self._outstanding == SEQUENCES:
                # Every sequence is in flight: this request gets none of its own.
                self._rows.add(_Request(index, 0, 0, opened), EchoOutcome.FAILED, reason=Reason.OVER_LIMIT)
                continue
            request = self._opened(index, opened)
            requests.append(request)
            message = self._template.request(request.sequence, request.counter)
            packets.append(Packet(self._packed[index], message, request.counter))
        if self._link is None:
            for request in requests:
                self._end(request, EchoOutcome.FAILED, reason=Reason.NOT_PERMITTED)
            return
        for position, error in self._link.send(packets).items():
            reason = reason_of(error)
            if reason is None:
                raise error
            self._end(requests[position], EchoOutcome.FAILED, reason=reason)

    def _opened(self, index: int, opened: Moment) -> _Request:
        counter = self._next_counter()
        request = _Request(index, counter, counter % SEQUENCES, opened)
        self._requests[request.sequence] = request
        self._unended.append(request)
        self._remembered.append(request)
        self._outstanding += 1
        return request

    def _payload(self, request: _Request) -> bytes:
        return self._nonce + request.counter.to_bytes(_COUNTER_BYTES, "big") + self._filling

    def _note_stamps(self, stamps: Iterable[Sent]) -> None:
        for stamp in stamps:
            request = self._stamped(stamp)
            if request is not None and request.sent_ns is None:
                request.sent_ns = stamp.sent_ns

    def _stamped(self, sent: Sent) -> _Request | None:
        if sent.message is not None:
            echo = icmp.read_echo_request(sent.message)
            return self._request_of(echo) if echo else None
        request = self._requests.get(sent.key % SEQUENCES)
        matches = request is not None and (request.counter ^ sent.key) & 0xFFFFFFFF == 0
        return request if matches else None

    def _request_of(self, echo: icmp.Echo) -> _Request | None:
        request = self._requests.get(echo.sequence)
        if request is None or echo.identifier != self.identifier:
            return None
        return request if echo.payload == self._payload(request) else None

    def _take_reply(self, reply: Reply, closed: Moment) -> None:
        request = self._answered(reply.message)
        if request is None or self._packed[request.index] != reply.source:
            self.discarded += 1
            return
        rtt_ns, stamps = self._timed(request, reply.received_ns, closed)
        if request.ended is None and rtt_ns > self._timeout_ns:
            # It came in time only for a reader who was late himself.
            self._end(request, EchoOutcome.TIMED_OUT, reason=Reason.TIMED_OUT)
        outcome = _outcome_of_reply(request)
        if outcome is EchoOutcome.ANSWERED:
            self._end(request, outcome, rtt_ns=rtt_ns, stamps=stamps)
        else:
            self._rows.add(request, outcome, rtt_ns=rtt_ns, stamps=stamps)

    def _answered(self, message: bytes) -> _Request | None:
        """The request whose reply this is; nearly all are exactly the bytes to be expected."""
        request = self._requests.get(int.from_bytes(message[6:8], "big"))
        if request is not None and message == self._template.reply(request.sequence, request.counter):
            return request
        echo = icmp.read_echo_reply(message)
        return self._request_of(echo) if echo else None

    def _timed(
        self, request: _Request, received_ns: int | None, closed: Moment
    ) -> tuple[int, Timestamps | None]:
        """The round trip and who stamped it; -1 and None where a step of the wall clock spoilt the stamps.

        A step is seen as a change between the two clocks, or as a time that can't be: longer than the
        monotonic clock saw, or begun before the request was.
        """
        opened = request.opened
        user_ns = closed.monotonic_ns - opened.monotonic_ns
        if received_ns is None:
            return user_ns, Timestamps.USER
        begun_ns = opened.monotonic_ns + opened.offset_ns
        start_ns = begun_ns if request.sent_ns is None else request.sent_ns
        rtt_ns = received_ns - start_ns
        moved_ns = closed.offset_ns - opened.offset_ns
        if (
            not -STEP_LIMIT_NS <= moved_ns <= STEP_LIMIT_NS
            or not 0 <= rtt_ns <= user_ns
            or start_ns < begun_ns - STEP_LIMIT_NS
        ):
            self.stepped += 1
            return -1, None
        return rtt_ns, Timestamps.KERNEL_RX if request.sent_ns is None else Timestamps.KERNEL

    def _take_error(self, error: icmp.EchoError) -> None:
        """Ends the request that the error quotes; routers need quote only its header (RFC 792)."""
        request = self._requests.get(error.echo.sequence)
        if (
            request is None
            or error.echo.identifier != self.identifier
            or error.destination != self.addresses[request.index]
            or not self._payload(request).startswith(error.echo.payload[:_SMALLEST_PAYLOAD_BYTES])
        ):
            self.discarded += 1
        elif request.ended is None:
            self._end(request, EchoOutcome.FAILED, reason=icmp.reason_of_error(error.kind, error.code))

    def _time_out(self, now_ns: int) -> None:
        while (deadline_ns := self.next_deadline_ns) is not None and deadline_ns <= now_ns:
            self._end(self._unended[0], EchoOutcome.TIMED_OUT, reason=Reason.TIMED_OUT)

    def _forget(self, now_ns: int) -> None:
        keep_ns = self._timeout_ns + REMEMBERED_NS
        while self._remembered and (
            self._remembered[0].opened.monotonic_ns + keep_ns <= now_ns or self._is_overwritten()
        ):
            request = self._remembered.popleft()
            if self._requests.get(request.sequence) is request:
                del self._requests[request.sequence]

    def _is_overwritten(self) -> bool:
        oldest = self._remembered[0]
        return self._requests.get(oldest.sequence) is not oldest

    def _end(
        self,
        request: _Request,
        outcome: EchoOutcome,
        *,
        reason: Reason | None = None,
        rtt_ns: int = -1,
        stamps: Timestamps | None = None,
    ) -> None:
        request.ended = outcome
        self._outstanding -= 1
        self._rows.add(request, outcome, reason=reason, rtt_ns=rtt_ns, stamps=stamps)


def _outcome_of_reply(request: _Request) -> EchoOutcome:
    match request.ended:
        case None:
            return EchoOutcome.ANSWERED
        case EchoOutcome.ANSWERED:
            return EchoOutcome.DUPLICATE
        case _:
            return EchoOutcome.LATE
