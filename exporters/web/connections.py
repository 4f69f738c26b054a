"""The open connections of the page: their limits, and which one ends when there are too many.

Each holds a file descriptor, and the probes need those. What a client sends is parsed in the event loop,
between the probes' packets, so only a small request of each connection is parsed at a time.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from exporters.prometheus.web_requests import Rejection, WebRequests

# aiohttp refuses a line or a field of more than 8,190 bytes. No request needs a body.
MAX_READ_BYTES = 16_384
MAX_REQUESTS_AT_ONCE = 8  # of one client that does not wait for responses
_END_OF_HEAD = b"\r\n\r\n"
_SWEEPS_PER_LIMIT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on open connections, those of one address, and the seconds to send a request or to read."""

    connections: int = 96
    per_client: int = 64
    head_s: float = 5.0
    unread_s: float = 10.0


DEFAULT_LIMITS = Limits()


class Connections:
    """When there are too many, the connection that has been idle or unread for longest is closed."""

    def __init__(
        self,
        limits: Limits,
        requests: WebRequests,
        tls: Callable[[], ssl.SSLContext | None] = lambda: None,
    ) -> None:
        """``tls`` returns the context for a new connection; None for HTTP without TLS."""
        self.limits, self.requests, self.tls = limits, requests, tls
        self._open: dict[asyncio.BaseTransport, Connection] = {}
        self._handshakes: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None

    def admit(self, connection: "Connection") -> bool:
        """Add the connection, if need be instead of another one. False if all are being answered."""
        everyone = self._open.values()
        same_client = [each for each in everyone if each.client == connection.client]
        if len(same_client) >= self.limits.per_client and not self._make_room(same_client):
            return False
        if len(everyone) >= self.limits.connections and not self._make_room(everyone):
            return False
        self._open[connection.transport] = connection
        self._start_sweeping()
        return True

    def _make_room(self, group: Collection["Connection"]) -> bool:
        self.requests.rejected(Rejection.TOO_MANY_CONNECTIONS)
        waiting = [each for each in group if not each.is_answered]
        if waiting:
            min(waiting, key=lambda each: each.since_s).abort()
        return bool(waiting)

    def discard(self, connection: "Connection") -> None:
        self._open.pop(connection.transport, None)

    def secure(self, connection: "Connection", context: ssl.SSLContext) -> None:
        """Start TLS. The connection counts, and has its deadline, before the handshake."""
        task = asyncio.create_task(self._shake_hands(connection, context), name="TLS of a client")
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, connection: "Connection", context: ssl.SSLContext) -> None:
        plain = connection.transport
        try:
            secured = await asyncio.get_running_loop().start_tls(
                plain, connection, context, server_side=True, ssl_handshake_timeout=self.limits.head_s
            )
        except OSError:  # also a time-out, and what ssl raises
            secured = None
        # None, too, if the connection was closed meanwhile.
        if secured is not None and self._open.pop(plain, None) is connection:
            connection.transport = secured
            self._open[secured] = connection
            connection.opened()
        else:
            self.requests.rejected(Rejection.NO_TLS)
            connection.abort()

    @contextmanager
    def answering(self, transport: asyncio.BaseTransport | None) -> Iterator[None]:
        """Within it the connection has a request that is being answered."""
        connection = None if transport is None else self._open.get(transport)
        if connection is None:
            yield
            return
        connection.begin()
        try:
            yield
        finally:
            connection.end()

    def _start_sweeping(self) -> None:
        if self._sweep is None:
            pause_s = min(self.limits.head_s, self.limits.unread_s) / _SWEEPS_PER_LIMIT
            self._sweep = asyncio.get_running_loop().call_later(pause_s, self._sweep_once)

    def _sweep_once(self) -> None:
        self._sweep = None
        for each in tuple(self._open.values()):
            if each.is_overdue(self.limits):
                if each.has_begun:
                    self.requests.rejected(Rejection.TOO_SLOW)
                each.abort()
        if self._open:
            self._start_sweeping()


class Connection(asyncio.Protocol):
    """Passes what a client sends to aiohttp's protocol, within the limits.

    ``since_s``: the time of the event loop since when no whole request has come, or nothing has been read.
    """

    def __init__(self, inner: asyncio.Protocol, connections: Connections) -> None:
        self._inner, self._connections = inner, connections
        self._clock = asyncio.get_running_loop().time
        self._is_open, self._is_discarding = False, False
        self._early = b""
        self._read_bytes, self._answering, self._is_unread = 0, 0, False
        self.since_s = self._clock()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self.client = peer[0] if isinstance(peer, tuple) else None
        if not self._connections.admit(self):
            self.abort()
        elif (context := self._connections.tls()) is not None:
            transport.pause_reading()  # until TLS reads
            self._connections.secure(self, context)
        else:
            self.opened()

    def opened(self) -> None:
        """Begin to read requests."""
        self._is_open = True
        self._inner.connection_made(self.transport)
        early, self._early = self._early, b""
        if early:
            self.data_received(early)

    @property
    def is_answered(self) -> bool:
        """Whether a response is being made, and the client reads what was sent."""
        return self._answering > 0 and not self._is_unread

    @property
    def has_begun(self) -> bool:
        """Whether the client has sent a part of a request, or does not read. Otherwise it is only idle."""
        return self._read_bytes > 0 or self._is_unread

    def is_overdue(self, limits: Limits) -> bool:
        if self.is_answered:
            return False
        limit_s = limits.unread_s if self._is_unread else limits.head_s
        return self._clock() - self.since_s > limit_s

    def begin(self) -> None:
        self._answering += 1

    def end(self) -> None:
        self._answering -= 1
        self._read_bytes = 0
        if not self._is_unread:
            self.since_s = self._clock()

    def abort(self) -> None:
        """Close at once; what is not sent is lost."""
        self._connections.discard(self)
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._is_open:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            # The first request may come with the end of the TLS handshake.
            self._early = (self._early + data)[: 2 * MAX_READ_BYTES]
            return
        if self._is_discarding:
            return
        if _END_OF_HEAD in data:
            self.since_s = self._clock()  # otherwise, if the event loop was late, the client would be blamed
        self._read_bytes += len(data)
        if self._read_bytes > MAX_READ_BYTES or data.count(_END_OF_HEAD) > MAX_REQUESTS_AT_ONCE:
            self._connections.requests.rejected(Rejection.TOO_LARGE)
            self._is_discarding = True
            head, end, _ = data.partition(_END_OF_HEAD)
            data = head + end if len(head) < MAX_READ_BYTES else data[:MAX_READ_BYTES]
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._is_open else None

    def pause_writing(self) -> None:
        self._is_unread, self.since_s = True, self._clock()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._is_unread, self.since_s = False, self._clock()
        self._inner.resume_writing()


def tracking(connections: Connections) -> Middleware:
    """The outermost middleware: it tells ``connections`` which of them is being answered."""

    @web.middleware
    async def track(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        with connections.answering(request.transport):
            return await handler(request)

    return track
