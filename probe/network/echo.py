"""The ICMP engine: pings many targets over one link, without a task per ping and without a schedule.

Every request gets exactly one result row: answered, failed or timed out. A reply is accepted only if
identifier, sequence number, source address and the whole payload (nonce, counter, filling) match a request.
"""

import os
import socket
from collections.abc import Iterable, Sequence

from probe.model.measurements import EchoBatch, EchoOutcome, Reason, Timestamps
from probe.network.batches import PACKETS, Packet, Stamp
from probe.network.clock import STEP_LIMIT_NS, SYSTEM_CLOCK, Clock, Moment
from probe.network.echo_link import Arrivals, Link, Mode, Packets, open_link
from probe.network.echo_requests import ANSWERED, ENDED, NOT_STAMPED, OUTSTANDING, SEQUENCES, Requests
from probe.network.failures import reason_of
from probe.network.stamping import StampsKept
from probe.wire import icmp

DEFAULT_PAYLOAD_BYTES = 56  # as ping does: 64 bytes of ICMP
_NONCE_BYTES = 8
_COUNTER_BYTES = 8
_MIN_PAYLOAD_BYTES = _NONCE_BYTES + _COUNTER_BYTES
_MAX_PAYLOAD_BYTES = 1472  # an Ethernet frame's 1500 minus 28, because pings must not be fragmented

# index, sequence, sent_ns, rtt_ns, stamps, outcome, reason: the columns of `EchoBatch`.
_Row = tuple[int, int, int, int, Timestamps | None, EchoOutcome, Reason | None]


class EchoEngine:
    """Sends echo requests to ``addresses`` (IPv4) and matches the replies.

    ``mode`` is ``datagram``, ``raw`` or None; ``why`` explains it. If it is None, ICMP is not permitted,
    ``why`` states what to permit, and every request fails with ``not_permitted``. ``discarded`` counts
    packets that matched no request, ``dropped`` packets lost because the receive queue was full, ``stepped``
    replies whose RTT was discarded because the wall clock was stepped: they count as answered, without RTT
    and timestamps.
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
        if not _MIN_PAYLOAD_BYTES <= payload_bytes <= _MAX_PAYLOAD_BYTES:
            raise ValueError(
                f"payload_bytes is {payload_bytes}, but must be {_MIN_PAYLOAD_BYTES} to {_MAX_PAYLOAD_BYTES}"
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
        self._nonce = os.urandom(_NONCE_BYTES)
        self._filling = bytes(index % 256 for index in range(payload_bytes - _MIN_PAYLOAD_BYTES))
        self._template = icmp.EchoTemplate(self.identifier or 0, self._nonce, self._filling)
        self._requests = Requests()
        self._rows: list[_Row] = []
        self._user_minus_kernel_ns: int | None = None
        self._reported = (0, 0, 0)
        # Receive-queue drops that no timeout was attributed to yet, and when the last of them was noticed.
        self._counted_drops = self._unattributed = self._dropped_at_ns = 0

    @property
    def mode(self) -> Mode | None:
        return self._link.mode if self._link else None

    @property
    def identifier(self) -> int | None:
        """The identifier in the packets: the kernel's for a datagram socket, random for raw sockets."""
        return self._link.identifier if self._link else None

    @property
    def receive_buffer_bytes(self) -> int:
        return self._link.receive_buffer_bytes if self._link else 0

    @property
    def dropped(self) -> int:
        return self._link.dropped if self._link else 0

    @property
    def outstanding(self) -> int:
        """The number of requests in flight."""
        return self._requests.outstanding

    @property
    def next_deadline_ns(self) -> int | None:
        """When (monotonic) the oldest request in flight times out; None without requests in flight."""
        oldest = self._requests.oldest()
        return None if oldest is None else self._requests.opened[oldest].monotonic_ns + self._timeout_ns

    def sockets(self) -> tuple[socket.socket, ...]:
        """The sockets, which are readable when `drain` has something to do (use level-triggered readers)."""
        return self._link.sockets() if self._link else ()

    def close(self) -> None:
        if self._link:
            self._link.close()
        if self._stamps:
            self._stamps.close()

    def send(self, indexes: Sequence[int]) -> None:
        """Send one echo request to each of ``addresses[index]``; if it can't be sent, it fails immediately.

        Received packets are read between batches, so that a long list does not fill the receive queue.
        """
        for start in range(0, len(indexes), PACKETS):
            if start:
                self._take()
            self._send_batch(indexes[start : start + PACKETS])

    def drain(self) -> EchoBatch:
        """The rows of all requests that ended, and of extra replies, since the last call."""
        closed = self._take()
        self._note_drops(closed.monotonic_ns)
        self._time_out(closed.monotonic_ns)
        return self._batch()

    def _batch(self) -> EchoBatch:
        rows, self._rows = self._rows, []
        if not rows:  # the counters are reported with the next batch that has rows
            return EchoBatch(identifier=self.identifier, addresses=self.addresses)
        indexes, sequences, sent_ns, rtt_ns, stamps, outcomes, reasons = zip(*rows, strict=True)
        counted = (self.discarded, self._counted_drops, self.stepped)
        discarded, dropped, stepped = (
            now - before for now, before in zip(counted, self._reported, strict=True)
        )
        user_minus_kernel_ns, self._user_minus_kernel_ns = self._user_minus_kernel_ns, None
        self._reported = counted
        return EchoBatch(
            indexes=indexes,
            sequences=sequences,
            sent_ns=sent_ns,
            rtt_ns=rtt_ns,
            stamps=stamps,
            outcomes=outcomes,
            reasons=reasons,
            identifier=self.identifier,
            addresses=self.addresses,
            discarded=discarded,
            dropped=dropped,
            stepped=stepped,
            user_minus_kernel_ns=user_minus_kernel_ns,
        )

    def _take(self) -> Moment:
        """Reads all received packets into rows; returns when they were read."""
        arrivals = Arrivals()
        if self._link:
            self._link.receive(arrivals)
        closed = Moment.now(self._clock)
        self._note_stamps(arrivals.stamps)
        self._take_replies(arrivals.replies, closed)
        for error in arrivals.errors:
            self._take_error(error, closed)
        return closed

    def _send_batch(self, indexes: Sequence[int]) -> None:
        opened = Moment.now(self._clock)
        counters = self._requests.open(indexes, opened)
        for index in indexes[len(counters) :]:  # all sequence numbers are in flight, so these get none
            over = EchoOutcome.FAILED, Reason.OVER_LIMIT
            self._rows.append((index, 0, opened.wall_ns, -1, None, *over))
        sequences = [counter % SEQUENCES for counter in counters]
        if self._link is None:
            for sequence in sequences:
                self._end(sequence, EchoOutcome.FAILED, Reason.NOT_PERMITTED)
            return
        messages, expected = [], self._requests.replies
        for sequence, counter in zip(sequences, counters, strict=True):
            message, expected[sequence] = self._template.pair(sequence, counter)
            messages.append(message)
        packets = Packets(
            addresses=[self._packed[index] for index in indexes[: len(counters)]],
            messages=messages,
            keys=[counter & 0xFFFFFFFF for counter in counters],
        )
        for position, error in self._link.send(packets).items():
            reason = reason_of(error)
            if reason is None:
                raise error
            self._end(sequences[position], EchoOutcome.FAILED, reason)

    def _payload(self, sequence: int) -> bytes:
        counter = self._requests.counters[sequence]
        return self._nonce + counter.to_bytes(_COUNTER_BYTES, "big") + self._filling

    def _note_stamps(self, stamps: Iterable[Stamp]) -> None:
        counters, sent_ns_of = self._requests.counters, self._requests.sent_ns
        for key, sent_ns, message in stamps:
            sequence: int | None = key % SEQUENCES
            if message:
                echo = icmp.read_echo_request(message)
                sequence = self._sequence_of(echo) if echo else None
            elif counters[key % SEQUENCES] & 0xFFFFFFFF != key:
                sequence = None
            if sequence is not None and sent_ns_of[sequence] == NOT_STAMPED:
                sent_ns_of[sequence] = sent_ns

    def _sequence_of(self, echo: icmp.Echo) -> int | None:
        """The sequence number of the request that ``echo`` matches, or None."""
        matches = echo.identifier == self.identifier and echo.payload == self._payload(echo.sequence)
        return echo.sequence if matches else None

    def _take_replies(self, replies: Iterable[Packet], closed: Moment) -> None:
        """A fast path for ordinary replies: first reply, exactly the expected bytes, valid timestamps."""
        requests, packed, rows, timeout_ns = self._requests, self._packed, self._rows, self._timeout_ns
        expected, indexes, opened, sent = (
            requests.replies,
            requests.indexes,
            requests.opened,
            requests.sent_ns,
        )
        for source, message, received_ns in replies:
            sequence = int.from_bytes(message[6:8], "big")
            index, sent_ns = indexes[sequence], sent[sequence]
            if (
                message == expected[sequence] != b""
                and source == packed[index]
                and received_ns is not None
                and sent_ns != NOT_STAMPED
                and (rtt_ns := received_ns - sent_ns) <= timeout_ns
                and _is_plausible(opened[sequence], closed, sent_ns, rtt_ns)
            ):
                requests.end(sequence, ANSWERED)
                rows.append((index, sequence, sent_ns, rtt_ns, _KERNEL, _ANSWERED, None))
                if self._user_minus_kernel_ns is None:
                    user_ns = closed.monotonic_ns - opened[sequence].monotonic_ns
                    self._user_minus_kernel_ns = user_ns - rtt_ns
            else:
                self._take_reply(source, message, received_ns, closed)

    def _take_reply(self, source: bytes, message: bytes, received_ns: int | None, closed: Moment) -> None:
        """The general path, for all other replies."""
        echo = icmp.read_echo_reply(message)
        sequence = self._sequence_of(echo) if echo else None
        requests = self._requests
        if (
            sequence is None
            or not requests.is_known(sequence, closed.monotonic_ns, self._timeout_ns)
            or self._packed[requests.indexes[sequence]] != source
        ):
            self.discarded += 1
            return
        rtt_ns, stamps = self._timed(sequence, received_ns, closed)
        if requests.states[sequence] == OUTSTANDING and rtt_ns > self._timeout_ns:
            # The reply arrived after the timeout, but was read before the timeout was processed.
            self._end(sequence, EchoOutcome.TIMED_OUT, Reason.TIMED_OUT)
        state = requests.states[sequence]
        if state == OUTSTANDING:
            self._end(sequence, EchoOutcome.ANSWERED, None, rtt_ns, stamps)
        else:
            again = EchoOutcome.DUPLICATE if state == ANSWERED else EchoOutcome.LATE
            self._add(sequence, again, None, rtt_ns, stamps)

    def _timed(self, sequence: int, received_ns: int | None, closed: Moment) -> tuple[int, Timestamps | None]:
        """The RTT and the source of its timestamps; -1 and None if discarded because of a clock step."""
        opened, sent_ns = self._requests.opened[sequence], self._requests.sent_ns[sequence]
        if received_ns is None:
            return closed.monotonic_ns - opened.monotonic_ns, Timestamps.USER
        start_ns = opened.wall_ns if sent_ns == NOT_STAMPED else sent_ns
        if not _is_plausible(opened, closed, start_ns, received_ns - start_ns):
            self.stepped += 1
            return -1, None
        return received_ns - start_ns, Timestamps.KERNEL_RX if sent_ns == NOT_STAMPED else Timestamps.KERNEL

    def _take_error(self, error: icmp.EchoError, closed: Moment) -> None:
        """Fails the request that the ICMP error quotes; routers may quote only the header (RFC 792)."""
        sequence, requests = error.echo.sequence, self._requests
        if (
            not requests.is_known(sequence, closed.monotonic_ns, self._timeout_ns)
            or error.echo.identifier != self.identifier
            or error.destination != self.addresses[requests.indexes[sequence]]
            or not self._payload(sequence).startswith(error.echo.payload[:_MIN_PAYLOAD_BYTES])
        ):
            self.discarded += 1
        elif requests.states[sequence] == OUTSTANDING:
            self._end(sequence, EchoOutcome.FAILED, icmp.reason_of_error(error.kind, error.code))

    def _note_drops(self, now_ns: int) -> None:
        dropped = self.dropped
        if dropped == self._counted_drops:
            return
        if self._dropped_at_ns + self._timeout_ns < now_ns:
            self._unattributed = 0  # requests from before the earlier drops have all ended
        self._unattributed += dropped - self._counted_drops
        self._counted_drops, self._dropped_at_ns = dropped, now_ns

    def _time_out(self, now_ns: int) -> None:
        while (deadline_ns := self.next_deadline_ns) is not None and deadline_ns <= now_ns:
            sequence = self._requests.oldest() or 0
            if self._unattributed and self._requests.opened[sequence].monotonic_ns <= self._dropped_at_ns:
                # Its reply may have been dropped by our full receive queue, which is not network loss.
                self._unattributed -= 1
                self._end(sequence, EchoOutcome.FAILED, Reason.OVER_LIMIT)
            else:
                self._end(sequence, EchoOutcome.TIMED_OUT, Reason.TIMED_OUT)

    def _end(
        self,
        sequence: int,
        outcome: EchoOutcome,
        reason: Reason | None,
        rtt_ns: int = -1,
        stamps: Timestamps | None = None,
    ) -> None:
        self._requests.end(sequence, ANSWERED if outcome is EchoOutcome.ANSWERED else ENDED)
        self._add(sequence, outcome, reason, rtt_ns, stamps)

    def _add(
        self,
        sequence: int,
        outcome: EchoOutcome,
        reason: Reason | None,
        rtt_ns: int,
        stamps: Timestamps | None,
    ) -> None:
        requests = self._requests
        sent_ns = requests.sent_ns[sequence]
        if sent_ns == NOT_STAMPED:
            sent_ns = requests.opened[sequence].wall_ns
        self._rows.append((requests.indexes[sequence], sequence, sent_ns, rtt_ns, stamps, outcome, reason))


# Enum members, looked up once instead of for each ping.
_KERNEL, _ANSWERED = Timestamps.KERNEL, EchoOutcome.ANSWERED


def _is_plausible(opened: Moment, closed: Moment, start_ns: int, rtt_ns: int) -> bool:
    """Whether the wall clock was not stepped between the timestamps.

    A step shows as a changed difference between the two clocks, or as an impossible time: longer than by the
    monotonic clock, or starting before the request.
    """
    return (
        -STEP_LIMIT_NS <= closed.offset_ns - opened.offset_ns <= STEP_LIMIT_NS
        and 0 <= rtt_ns <= closed.monotonic_ns - opened.monotonic_ns
        and start_ns >= opened.monotonic_ns + opened.offset_ns - STEP_LIMIT_NS
    )
