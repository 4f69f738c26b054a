"""HTTP/1.1 exchanges (RFC 9112) over a stamped socket, plain or through TLS.

``wait`` is from the kernel's transmit stamp of the request's last byte to its receive stamp of the answer's
first, ``receive`` from there to the last. What this program computes (TLS, parsing) is in neither.

The end of ``receive`` is exact. The first byte is not always to be had: the receive queue merges segments
that come before they are read, and the last one's stamp wins. So the kernel is asked how many segments with
data came: if it was one, ``wait`` is exact; else it is an upper bound, and says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import h11

from probe.model.measurements import Failure, Phase, Reason, Timestamps
from probe.network.clock import INVALID_SAMPLE, Clock, Deadline, worst
from probe.network.failures import ExchangeFailed, fail, failing
from probe.network.stamped import StampedSocket
from probe.network.tls_session import TlsRefused

MAX_BODY_BYTES = 64 * 1024
MAX_HEADER_BYTES = 16 * 1024
# A body at its limit in chunks of a byte, each with its length; interim answers (1xx) count, too.
_MAX_RESPONSE_BYTES = 8 * MAX_BODY_BYTES
_MAX_ERROR_TEXT_CHARS = 200  # the parser quotes what it does not understand
_CONNECTION_LOST = frozenset({Reason.RESET, Reason.CLOSED})
_HEAD_TOO_LARGE = 431  # what h11 would answer to a client


class Chunk(NamedTuple):
    """What one read brought, perhaps nothing; ``ended`` once the peer says that no more comes."""

    data: bytes
    ended: bool


class Channel(Protocol):
    """Bytes there and back. Methods raise OSError and TlsRefused for what the network does."""

    @property
    def stamped(self) -> StampedSocket: ...

    @property
    def at_record_boundary(self) -> bool:
        """No record has come in part: what comes next begins one."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> Chunk: ...

    async def close_notify(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainChannel:
    """A connection without TLS."""

    stamped: StampedSocket
    at_record_boundary: bool = True

    async def send(self, data: bytes) -> None:
        await self.stamped.send(data)

    async def receive(self) -> Chunk:
        data = await self.stamped.receive()
        return Chunk(data, ended=not data)

    async def close_notify(self) -> None:
        """There is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """``target`` is sent as it is: what was signed is what goes out. Headers may hold a signature."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What came, whether or not it is whole (then ``failure`` is None).

    ``headers`` have lower-case names. ``phases_s`` has ``wait`` and ``receive`` as far as they were completed
    and no step of the clock spoilt them. ``is_reusable``: the connection bears another exchange.
    """

    status: int | None = None
    headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    phases_s: Mapping[Phase, float] = field(default_factory=dict)
    timestamps: Timestamps | None = None
    wait_is_upper_bound: bool = False
    is_reusable: bool = False
    failure: Failure | None = None


class HttpConnection:
    """Exchanges over one channel, one after the other: the first is cold, the others are warm."""

    def __init__(self, channel: Channel, clock: Clock) -> None:
        self._channel, self._clock = channel, clock
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
        self._is_first = True

    async def exchange(self, request: HttpRequest, *, timeout_s: float) -> HttpResponse:
        """Never raises for what the network does. Raises ValueError for a request that is none."""
        if self._parser.our_state is h11.DONE:
            self._parser.start_next_cycle()
        turn = _Exchange(self._channel, self._parser, is_first=self._is_first)
        self._is_first = False
        wire = _written(self._parser, request)
        failure = await turn.run(wire, Deadline(self._clock, timeout_s))
        return turn.answer(failure)

    async def close(self, timeout_s: float = 1.0) -> None:
        """Says close_notify if the peer still listens; the socket is the connection's."""
        try:
            async with failing(Phase.SEND, timeout_s):
                await self._channel.close_notify()
        except ExchangeFailed:
            return


def _written(parser: h11.Connection, request: HttpRequest) -> bytes:
    try:
        head = h11.Request(method=request.method, target=request.target, headers=list(request.headers))
        parts = [parser.send(head)]
        if request.body:
            parts.append(parser.send(h11.Data(data=request.body)))
        parts.append(parser.send(h11.EndOfMessage()))
    except h11.LocalProtocolError as error:
        raise ValueError("no request of HTTP/1.1") from error  # its text may hold a header
    return b"".join(part for part in parts if part)


class _Exchange:
    """One request and what answers it."""

    def __init__(self, channel: Channel, parser: h11.Connection, *, is_first: bool) -> None:
        self._channel, self._parser, self._is_first = channel, parser, is_first
        self._lost: ExchangeFailed | None = None
        self._status: int | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()
        self._read_bytes = 0
        self._complete = False
        self._wait = self._whole = INVALID_SAMPLE
        self._upper_bound = False
        self._phase = Phase.SEND

    async def run(self, wire: bytes, deadline: Deadline) -> Failure | None:
        segments = self._channel.stamped.data_segments_in
        try:
            before = segments()
            await self._send(wire, deadline.remaining_s())
            self._phase = Phase.WAIT
            async with failing(Phase.WAIT, deadline.remaining_s()):
                chunk = await self._first(before)
            self._phase = Phase.RECEIVE
            async with failing(Phase.RECEIVE, deadline.remaining_s()):
                await self._rest(chunk)
        except ExchangeFailed as failed:
            return failed.failure
        except TlsRefused as refused:
            return Failure(phase=self._refused_in(), reason=refused.reason, detail=refused.detail)
        return None

    def _refused_in(self) -> Phase:
        """In TLS 1.3 a handshake may fail where the first answer should be (RFC 8446, section 4.4.2.4).

        The server judges the client's certificate, or that there is none, once the client is through.
        """
        return Phase.HANDSHAKE if self._is_first and self._phase is not Phase.RECEIVE else self._phase

    async def _send(self, wire: bytes, timeout_s: float) -> None:
        try:
            async with failing(Phase.SEND, timeout_s):
                await self._channel.send(wire)
        except ExchangeFailed as failed:
            if failed.failure.reason not in _CONNECTION_LOST:
                raise
            self._lost = failed  # what the peer said before it went may still lie in our receive queue

    async def _first(self, before: int | None) -> Chunk:
        """The first bytes of the answer. In TLS other records may come before them (session tickets)."""
        stamped = self._channel.stamped
        while True:
            begins_a_unit = self._channel.at_record_boundary
            chunk = await self._read()
            now = stamped.data_segments_in()
            one_came = before is not None and now is not None and now - before == 1
            before = now
            if chunk.data:
                self._wait = self._whole = stamped.timing()
                self._upper_bound = not (one_came and begins_a_unit)
                return chunk
            if chunk.ended and self._lost is not None:
                raise self._lost
            if chunk.ended:
                raise fail(Phase.WAIT, Reason.CLOSED, "the server closed the connection")

    async def _rest(self, chunk: Chunk) -> None:
        while True:
            self._parse(chunk)
            if self._complete:
                return
            if chunk.ended:
                raise fail(Phase.RECEIVE, Reason.CLOSED, "the answer ended before it was whole")
            chunk = await self._read()
            if chunk.data:
                self._whole = self._channel.stamped.timing()

    async def _read(self) -> Chunk:
        chunk = await self._channel.receive()
        self._read_bytes += len(chunk.data)
        if self._read_bytes > _MAX_RESPONSE_BYTES:
            raise fail(self._phase, Reason.OVER_LIMIT, f"more than {_MAX_RESPONSE_BYTES} bytes of answer")
        return chunk

    def _parse(self, chunk: Chunk) -> None:
        try:
            if chunk.data:
                self._take_all(chunk.data)
        except h11.RemoteProtocolError as error:
            too_large = error.error_status_hint == _HEAD_TOO_LARGE
            reason = Reason.OVER_LIMIT if too_large else Reason.PROTOCOL_ERROR
            raise fail(Phase.RECEIVE, reason, f"no HTTP/1.1: {str(error)[:_MAX_ERROR_TEXT_CHARS]}") from error
        try:
            if chunk.ended:
                self._take_all(b"")
        except h11.RemoteProtocolError:
            return  # what came before was right so far: it is not complete, and `_rest` says so

    def _take_all(self, data: bytes) -> None:
        self._parser.receive_data(data)
        while not self._complete and self._take(self._parser.next_event()):
            pass

    def _take(self, event: object) -> bool:
        """Whether there may be more."""
        if isinstance(event, h11.Response):
            self._status = event.status_code
            self._headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers)
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > MAX_BODY_BYTES:
                del self._body[MAX_BODY_BYTES:]
                raise fail(Phase.RECEIVE, Reason.OVER_LIMIT, f"a body over {MAX_BODY_BYTES} bytes")
        elif isinstance(event, h11.EndOfMessage):
            self._complete = True
        elif not isinstance(event, h11.InformationalResponse):
            return False  # more bytes are needed, or none will come
        return True

    def answer(self, failure: Failure | None) -> HttpResponse:
        receive = self._whole.minus(self._wait)
        timings = {Phase.WAIT: self._wait, **({Phase.RECEIVE: receive} if self._complete else {})}
        known = {phase: timing for phase, timing in timings.items() if timing.duration_s is not None}
        parser = self._parser
        done = parser.our_state is h11.DONE and parser.their_state is h11.DONE
        return HttpResponse(
            status=self._status,
            headers=self._headers,
            body=bytes(self._body),
            phases_s={phase: timing.duration_s or 0.0 for phase, timing in known.items()},
            timestamps=worst(timing.timestamps for timing in known.values()),
            wait_is_upper_bound=self._upper_bound,
            is_reusable=failure is None and done and not parser.trailing_data[0],
            failure=failure,
        )
