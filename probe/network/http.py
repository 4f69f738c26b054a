"""HTTP/1.1 exchanges (RFC 9112) with kernel timestamps, over TCP or TLS.

``wait`` is the time from the kernel's transmit timestamp of the request's last byte to its receive timestamp
of the response's first byte; ``receive`` is the time from there to the last byte. Time that this program
spends on TLS and parsing is in neither.

The end of ``receive`` is exact. The first byte's timestamp is not always available: segments that arrive
before the read are merged, and only the last timestamp is kept. So the kernel's count of received data
segments is read: if one segment arrived, ``wait`` is exact; otherwise it is an upper bound and is flagged as
one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import h11

from probe.model.measurements import Failure, Phase, Reason, Timestamps
from probe.network.clock import INVALID_SAMPLE, Clock, Deadline, worst
from probe.network.failures import ExchangeFailed, fail, failing
from probe.network.stamped import StampedSocket
from probe.network.tls_session import TlsRefused

MAX_BODY_BYTES = 64 * 1024
MAX_HEADER_BYTES = 16 * 1024
# A maximum-size body in one-byte chunks, each with its length; interim responses (1xx) count, too.
_MAX_RESPONSE_BYTES = 8 * MAX_BODY_BYTES
_FIRST_BYTES = 64
_VERSION = b"HTTP/1."
_MAX_ERROR_TEXT_CHARS = 200  # the parser's message includes the offending input
_MAX_LENGTH_DIGITS = 20  # of Content-Length
_PYTHON_BYTES = re.compile(r"bytearray\(b(.*)\)", re.DOTALL)
_CONNECTION_LOST = frozenset({Reason.RESET, Reason.CLOSED})
_HEADER_TOO_LARGE = 431  # the status that h11 would send as a server


class Chunk(NamedTuple):
    """Data from one read, possibly empty; ``ended`` after the peer's EOF."""

    data: bytes
    ended: bool


class Channel(Protocol):
    """A byte stream to the peer. Methods raise OSError and TlsRefused for network failures."""

    @property
    def stamped(self) -> StampedSocket: ...

    @property
    def at_record_boundary(self) -> bool:
        """No partial TLS record is buffered; the next byte starts a new record."""

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
        """Nothing to send without TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """``target`` is sent unchanged, exactly as signed. Headers may contain a signature."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """The response as far as it was received; ``failure`` is None if it is complete.

    ``headers`` have lower-case names. ``phases_s`` has ``wait`` and ``receive`` if completed and not
    discarded because of a clock step. ``is_reusable``: the connection can be reused. ``not_http`` are the
    first bytes, at most 64, of a response that is not HTTP/1.1; ``is_malformed``: it violates HTTP/1.1.
    """

    status: int | None = None
    headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    phases_s: Mapping[Phase, float] = field(default_factory=dict)
    timestamps: Timestamps | None = None
    wait_is_upper_bound: bool = False
    is_reusable: bool = False
    failure: Failure | None = None
    not_http: bytes = b""
    is_malformed: bool = False


class HttpConnection:
    """Sequential exchanges over one channel: the first is cold, the others are warm."""

    def __init__(self, channel: Channel, clock: Clock) -> None:
        self._channel, self._clock = channel, clock
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
        self._is_first = True

    async def exchange(self, request: HttpRequest, *, timeout_s: float) -> HttpResponse:
        """Never raises for network failures. Raises ValueError for an invalid request."""
        if self._parser.our_state is h11.DONE:
            self._parser.start_next_cycle()
        exchange = _Exchange(self._channel, self._parser, is_first=self._is_first)
        self._is_first = False
        request_bytes = _encoded(self._parser, request)
        failure = await exchange.run(request_bytes, Deadline(self._clock, timeout_s))
        return exchange.response(failure)

    async def close(self, timeout_s: float = 1.0) -> None:
        """Sends close_notify if the peer still reads. The socket is closed by its owner."""
        try:
            async with failing(Phase.SEND, timeout_s):
                await self._channel.close_notify()
        except ExchangeFailed:
            return


def _encoded(parser: h11.Connection, request: HttpRequest) -> bytes:
    try:
        head = h11.Request(method=request.method, target=request.target, headers=list(request.headers))
        parts = [parser.send(head)]
        if request.body:
            parts.append(parser.send(h11.Data(data=request.body)))
        parts.append(parser.send(h11.EndOfMessage()))
    except h11.LocalProtocolError as error:
        raise ValueError("not a valid HTTP/1.1 request") from error  # no details: they may include a header
    return b"".join(part for part in parts if part)


class _Exchange:
    """One request and its response."""

    def __init__(self, channel: Channel, parser: h11.Connection, *, is_first: bool) -> None:
        self._channel, self._parser, self._is_first = channel, parser, is_first
        self._lost: ExchangeFailed | None = None
        self._status: int | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()
        self._read_bytes = 0
        self._complete = self._malformed = False
        self._first_bytes = b""
        self._wait = self._until_last = INVALID_SAMPLE
        self._upper_bound = False
        self._phase = Phase.SEND

    async def run(self, request_bytes: bytes, deadline: Deadline) -> Failure | None:
        segments = self._channel.stamped.data_segments_in
        try:
            before = segments()
            await self._send(request_bytes, deadline.remaining_s())
            self._phase = Phase.WAIT
            async with failing(Phase.WAIT, deadline.remaining_s()):
                chunk = await self._first(before)
            self._phase = Phase.RECEIVE
            async with failing(Phase.RECEIVE, deadline.remaining_s()):
                await self._rest(chunk)
        except ExchangeFailed as failed:
            is_silent = failed.failure.reason is Reason.TIMED_OUT and self._phase is Phase.RECEIVE
            return replace(failed.failure, detail=self._progress()) if is_silent else failed.failure
        except TlsRefused as refused:
            return Failure(phase=self._refused_phase(), reason=refused.reason, detail=refused.detail)
        return None

    def _refused_phase(self) -> Phase:
        """In TLS 1.3 a handshake may fail as late as the first response (RFC 8446, section 4.4.2.4).

        The server checks the client's certificate, or its absence, after the client's handshake is complete.
        """
        return Phase.HANDSHAKE if self._is_first and self._phase is not Phase.RECEIVE else self._phase

    async def _send(self, request_bytes: bytes, timeout_s: float) -> None:
        try:
            async with failing(Phase.SEND, timeout_s):
                await self._channel.send(request_bytes)
        except ExchangeFailed as failed:
            if failed.failure.reason not in _CONNECTION_LOST:
                raise
            self._lost = failed  # data that the peer sent before may still be in the receive queue

    async def _first(self, before: int | None) -> Chunk:
        """The first bytes of the response. In TLS, other records may precede them (session tickets)."""
        stamped = self._channel.stamped
        while True:
            at_boundary = self._channel.at_record_boundary
            chunk = await self._read()
            now = stamped.data_segments_in()
            is_one_segment = before is not None and now is not None and now - before == 1
            before = now
            if chunk.data:
                self._wait = self._until_last = stamped.timing()
                self._upper_bound = not (is_one_segment and at_boundary)
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
                raise fail(Phase.RECEIVE, Reason.CLOSED, f"the connection ended early: {self._progress()}")
            chunk = await self._read()
            if chunk.data:
                self._until_last = self._channel.stamped.timing()

    def _progress(self) -> str:
        """How much of the response came, and what is missing; at most 90 characters."""
        headers, came = dict(self._headers), len(self._body)
        if self._status is None:
            return "the header is incomplete"
        if "transfer-encoding" in headers:
            return f"{came} bytes of the body, but not the last chunk"
        if "content-length" in headers:
            return f"{came} of {headers['content-length'][:_MAX_LENGTH_DIGITS]} bytes of the body"
        return f"{came} bytes of a body without a length, and the connection was not closed"

    async def _read(self) -> Chunk:
        chunk = await self._channel.receive()
        self._read_bytes += len(chunk.data)
        self._first_bytes += chunk.data[: _FIRST_BYTES - len(self._first_bytes)]
        if self._read_bytes > _MAX_RESPONSE_BYTES:
            raise fail(
                self._phase, Reason.OVER_LIMIT, f"the response is larger than {_MAX_RESPONSE_BYTES} bytes"
            )
        return chunk

    def _parse(self, chunk: Chunk) -> None:
        if not _may_be_http_1(self._first_bytes):  # the parser would wait for the end of a line
            raise fail(Phase.RECEIVE, Reason.PROTOCOL_ERROR, "the response is not HTTP/1.1")
        try:
            if chunk.data:
                self._take_all(chunk.data)
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == _HEADER_TOO_LARGE:
                raise self._header_too_large() from error
            self._malformed = True
            text = _PYTHON_BYTES.sub(r"\1", str(error))
            detail = f"not valid HTTP/1.1: {text[:_MAX_ERROR_TEXT_CHARS]}"
            raise fail(Phase.RECEIVE, Reason.PROTOCOL_ERROR, detail) from error
        try:
            if chunk.ended:
                self._take_all(b"")
        except h11.RemoteProtocolError:
            return  # the response is valid so far, but incomplete; `_rest` reports it

    def _header_too_large(self) -> ExchangeFailed:
        part = "the header is" if self._status is None else "the header of a chunk, or the trailer, is"
        return fail(Phase.RECEIVE, Reason.OVER_LIMIT, f"{part} larger than {MAX_HEADER_BYTES} bytes")

    def _take_all(self, data: bytes) -> None:
        self._parser.receive_data(data)
        while not self._complete and self._take(self._parser.next_event()):
            pass

    def _take(self, event: object) -> bool:
        """Whether there may be more events."""
        if isinstance(event, h11.Response):
            if _header_bytes(event) > MAX_HEADER_BYTES:  # the parser limits only a header that has no end yet
                raise self._header_too_large()
            self._status = event.status_code
            self._headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers)
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > MAX_BODY_BYTES:
                del self._body[MAX_BODY_BYTES:]
                raise fail(
                    Phase.RECEIVE, Reason.OVER_LIMIT, f"the body is larger than {MAX_BODY_BYTES} bytes"
                )
        elif isinstance(event, h11.EndOfMessage):
            self._complete = True
        elif not isinstance(event, h11.InformationalResponse):
            return False  # more bytes are needed, or there are none
        return True

    def response(self, failure: Failure | None) -> HttpResponse:
        receive = self._until_last.minus(self._wait)
        timings = {Phase.WAIT: self._wait, **({Phase.RECEIVE: receive} if self._complete else {})}
        known = {phase: timing for phase, timing in timings.items() if timing.duration_s is not None}
        parser = self._parser
        is_http = self._status is not None or _may_be_http_1(self._first_bytes)
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
            not_http=b"" if is_http else self._first_bytes,
            is_malformed=self._malformed,
        )


def _may_be_http_1(beginning: bytes) -> bool:
    """Whether a response that begins so is HTTP/1.0 or 1.1 (RFC 9112, section 4), or a malformed one."""
    start = beginning.lstrip(b"\r\n")[: len(_VERSION)].upper()
    return _VERSION.startswith(start)


def _header_bytes(response: h11.Response) -> int:
    """The size of a header with the usual spaces: the status line, a line per field, the empty line."""
    fields = sum(len(name) + len(b": ") + len(value) + len(b"\r\n") for name, value in response.headers)
    return len(b"HTTP/1.1 200 \r\n") + len(response.reason) + fields + len(b"\r\n")
