"""Fakes of `probe.network`: answers come from tables, and the test moves the clock."""

import contextlib
import os
import resource
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from probe.model.measurements import (
    ClientHelloProfile,
    EchoBatch,
    EchoOutcome,
    Failure,
    Phase,
    Reason,
    Timestamps,
)
from probe.model.targets import Question
from probe.network import DnsResponse, ExchangeFailed, Handshake, TcpConnection
from probe.network.clock import SystemClock
from probe.network.echo import EchoEngine
from probe.network.echo_link import Arrivals, Packets
from probe.network.large_client_hello import LargeHandshake
from probe.wire import icmp
from probe.wire.hostport import is_ipv4


class SteppedClock(SystemClock):
    """The system clock as it would look if it were stepped by ``step_ns`` before each reading."""

    def __init__(self, step_ns: int) -> None:
        self._step_ns = step_ns
        self._moved_ns = 0

    def offset_ns(self) -> int:
        self._moved_ns += self._step_ns
        return super().offset_ns() + self._moved_ns


@dataclass
class FakeClock:
    """Moves only by `pass_s`. To step the wall clock, change ``offset``."""

    monotonic: int = 1_000_000_000_000
    offset: int = 1_700_000_000_000_000_000

    def now_s(self) -> float:
        return (self.monotonic + self.offset) / 1e9

    def monotonic_ns(self) -> int:
        return self.monotonic

    def offset_ns(self) -> int:
        return self.offset

    def wall_ns(self) -> int:
        return self.monotonic + self.offset

    def pass_s(self, seconds: float) -> None:
        self.monotonic += round(seconds * 1e9)


def failed(phase: Phase, reason: Reason, detail: str = "") -> Failure:
    return Failure(phase=phase, reason=reason, detail=detail)


@dataclass
class FakeNetwork:
    """Replaces `Network`. A value in a table may be a Failure: then the exchange fails with it.

    ``names``: host to address (a missing name is not found). ``connections``: (address, port), or only the
    address, to an RTT in seconds or a complete TcpConnection (missing: refused). ``handshakes``: (address, offer)
    to Handshake. ``large_handshakes``: address to LargeHandshake. ``answers``: server to DnsResponse. ``echo_rtts_s``: address to an RTT, None for no reply.
    Each call is recorded in ``calls``.
    """

    names: Mapping[str, str | Failure] = field(default_factory=dict)
    connections: Mapping[object, float | TcpConnection | Failure] = field(default_factory=dict)
    handshakes: Mapping[tuple[str, ClientHelloProfile], Handshake | Failure] = field(default_factory=dict)
    large_handshakes: Mapping[str, LargeHandshake] = field(default_factory=dict)
    answers: Mapping[str, DnsResponse | Failure] = field(default_factory=dict)
    echo_rtts_s: Mapping[str, float | None] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    source: str | None = None
    calls: list[tuple[object, ...]] = field(default_factory=list)

    async def resolve(self, host: str, *, timeout_s: float = 5.0) -> str:
        self.calls.append(("resolve", host))
        if is_ipv4(host):
            return host
        return _value(self.names.get(host, failed(Phase.RESOLVE, Reason.NAME_NOT_FOUND)))

    async def connect(self, address: str, port: int, *, timeout_s: float = 5.0) -> TcpConnection:
        self.calls.append(("connect", address, port))
        refused = failed(Phase.CONNECT, Reason.REFUSED)
        found = self.connections.get((address, port), self.connections.get(address, refused))
        value = _value(found)
        if isinstance(value, TcpConnection):
            return value
        self.clock.pass_s(value)
        return TcpConnection(
            address=address, port=port, local_port=40000, rtt_s=value, timestamps=Timestamps.KERNEL
        )

    async def handshake(
        self,
        connection: TcpConnection,
        server_name: str | None,
        offer: ClientHelloProfile = ClientHelloProfile.KMS,
        *,
        timeout_s: float = 5.0,
    ) -> Handshake:
        self.calls.append(("handshake", connection.address, server_name, offer))
        silent = failed(Phase.HANDSHAKE, Reason.TIMED_OUT)
        found = self.handshakes.get((connection.address, offer), silent)
        return Handshake(offer=offer, failure=found) if isinstance(found, Failure) else found

    async def large_handshake(
        self, connection: TcpConnection, server_name: str | None, *, timeout_s: float = 5.0
    ) -> LargeHandshake:
        self.calls.append(("large handshake", connection.address, server_name))
        return self.large_handshakes[connection.address]

    async def query(
        self,
        server: str,
        question: Question,
        *,
        port: int = 53,
        view: str = "resolver",
        timeout_s: float = 5.0,
    ) -> DnsResponse:
        self.calls.append(("query", server, question))
        return _value(self.answers.get(server, failed(Phase.WAIT, Reason.TIMED_OUT)))

    def echoes(
        self, addresses: Sequence[str], *, timeout_s: float, payload_bytes: int = 56
    ) -> "FakeEchoEngine":
        return FakeEchoEngine(addresses, self.echo_rtts_s, self.clock, timeout_s=timeout_s)

    def close(self) -> None:
        self.calls.append(("close",))


def _value(found: Any) -> Any:
    if isinstance(found, Failure):
        raise ExchangeFailed(found)
    return found


class FakeEchoEngine:
    """Replaces `EchoEngine`. Each reply, or the timeout of a host without one, is in the next drain."""

    mode = "datagram"
    why = "fake"
    identifier = 4321
    receive_buffer_bytes = 1 << 22
    discarded = dropped = stepped = outstanding = 0
    next_deadline_ns: int | None = None

    def __init__(
        self,
        addresses: Sequence[str],
        rtts_s: Mapping[str, float | None],
        clock: FakeClock | None = None,
        *,
        timeout_s: float = 2.0,
    ) -> None:
        self.addresses = tuple(addresses)
        self.timeout_s = timeout_s
        self._rtts_s = rtts_s
        self._clock = clock or FakeClock()
        self._sent: list[int] = []
        self._sequence = 0

    def send(self, indexes: Sequence[int]) -> None:
        self._sent += indexes

    def drain(self) -> EchoBatch:
        sent, self._sent = self._sent, []
        first, self._sequence = self._sequence + 1, self._sequence + len(sent)
        rtts_s = [self._rtts_s.get(self.addresses[index]) for index in sent]
        return EchoBatch(
            indexes=sent,
            sequences=list(range(first, first + len(sent))),
            sent_ns=[self._clock.wall_ns()] * len(sent),
            rtt_ns=[-1 if rtt is None else round(rtt * 1e9) for rtt in rtts_s],
            stamps=[None if rtt is None else Timestamps.KERNEL for rtt in rtts_s],
            outcomes=[EchoOutcome.TIMED_OUT if rtt is None else EchoOutcome.ANSWERED for rtt in rtts_s],
            reasons=[Reason.TIMED_OUT if rtt is None else None for rtt in rtts_s],
            identifier=self.identifier,
            addresses=self.addresses,
        )

    def sockets(self) -> tuple[()]:
        return ()

    def close(self) -> None:
        pass


class PromptEngine:
    """The part of an engine that its caller needs. The next drain answers everything."""

    def __init__(self) -> None:
        self.outstanding: list[int] = []

    def sockets(self) -> tuple[()]:
        return ()

    def send(self, indexes: Sequence[int]) -> None:
        self.outstanding += indexes

    def drain(self) -> EchoBatch:
        ended, self.outstanding = self.outstanding, []
        return EchoBatch(indexes=ended, outcomes=[EchoOutcome.ANSWERED] * len(ended))

    @property
    def next_deadline_ns(self) -> int | None:
        return 0 if self.outstanding else None


class Reply(NamedTuple):
    """Like the rows of `Arrivals.replies`."""

    source: bytes
    message: bytes
    received_ns: int | None


class Sent(NamedTuple):
    """A transmit timestamp with its key, or with the ``message`` that an old kernel returns."""

    key: int
    message: bytes
    sent_ns: int


class FakeLink:
    """For a real `EchoEngine`: ``sent`` has its packets; the test puts the packets to receive into ``arrivals``."""

    mode = "raw"
    identifier = 77
    receive_buffer_bytes = 1 << 20

    def __init__(self) -> None:
        self.dropped = 0
        self.sent: list[tuple[str, bytes, int]] = []
        self.arrivals: list[Reply | Sent | icmp.EchoError] = []
        self.refuse_with: OSError | None = None

    def send(self, packets: Packets) -> dict[int, OSError]:
        if self.refuse_with is not None:
            return dict.fromkeys(range(len(packets)), self.refuse_with)
        rows = zip(packets.addresses, packets.messages, packets.keys, strict=True)
        self.sent += [(socket.inet_ntoa(address), message, key) for address, message, key in rows]
        return {}

    def receive(self, arrivals: Arrivals) -> None:
        arrived, self.arrivals = self.arrivals, []
        for one in arrived:
            if isinstance(one, Reply):
                arrivals.replies.append(one)
            elif isinstance(one, Sent):
                arrivals.stamps.append((one.key, one.sent_ns, one.message))
            else:
                arrivals.errors.append(one)

    def sockets(self) -> tuple[()]:
        return ()

    def close(self) -> None:
        pass


def reply_to(message: bytes) -> bytes:
    """The echo reply that a host would send to the request ``message``."""
    blank = b"\0\0\0\0" + message[4:]
    return b"\0\0" + icmp.checksum(blank).to_bytes(2, "big") + message[4:]


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """Inside this context, the kernel gives this process no further file descriptor (EMFILE)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class EchoSetup:
    """One engine with two targets, a link and a clock."""

    def __init__(self, timeout_s: float = 2.0) -> None:
        self.clock = FakeClock()
        self.link = FakeLink()
        self.engine = EchoEngine(
            ["192.0.2.1", "192.0.2.2"], timeout_s=timeout_s, clock=self.clock, link=self.link
        )

    def answer(
        self, after_ms: float, *, number: int = -1, source: str = "192.0.2.1", stamped: bool = True
    ) -> None:
        """Timestamp request ``number`` now; its reply arrives ``after_ms`` later."""
        _address, message, key = self.link.sent[number]
        if stamped:
            self.link.arrivals.append(Sent(key, b"", self.clock.wall_ns()))
        self.clock.pass_s(after_ms / 1000)
        self.link.arrivals.append(Reply(socket.inet_aton(source), reply_to(message), self.clock.wall_ns()))
