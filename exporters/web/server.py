"""The listener of the page: limits open connections and keeps malformed requests out of the log.

Each incomplete request holds a file descriptor, and the probes need those.
"""

import asyncio
import logging
import socket
from dataclasses import dataclass

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from exporters.prometheus.web_requests import Rejection, WebRequests

_BACKLOG = 128
_MAX_LOGGED = 300  # characters of an error message


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on clients: open connections, and seconds to send the request header."""

    connections: int = 64
    head_s: float = 5.0


DEFAULT_LIMITS = Limits()


async def start(
    app: web.Application,
    listener: socket.socket,
    requests: WebRequests,
    *,
    shutdown_s: float,
    limits: Limits = DEFAULT_LIMITS,
) -> web.AppRunner:
    """Serve on ``listener`` until the runner's ``cleanup``; ``requests`` counts what ``app`` never sees."""
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_logger(requests),
        keepalive_timeout=limits.head_s,  # aiohttp counts it from the start of the connection
        lingering_time=limits.head_s,
        shutdown_timeout=shutdown_s,
    )
    await runner.setup()
    await _Site(runner, listener, limits.connections, requests).start()
    return runner


class _Site(web.BaseSite):
    def __init__(
        self, runner: web.AppRunner, listener: socket.socket, maximum: int, requests: WebRequests
    ) -> None:
        super().__init__(runner, backlog=_BACKLOG)
        self._listener, self._connections = listener, _Connections(maximum, requests)

    @property
    def name(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(server(), self._connections),
            sock=self._listener,
            backlog=self._backlog,
        )


class _Connections:
    """The open connections, at most ``maximum``."""

    def __init__(self, maximum: int, requests: WebRequests) -> None:
        self._maximum, self._requests = maximum, requests
        self._open: set[asyncio.BaseTransport] = set()

    def admit(self, transport: asyncio.BaseTransport) -> bool:
        """Add the connection, or count a rejection if there are too many."""
        if len(self._open) >= self._maximum:
            self._requests.rejected(Rejection.TOO_MANY_CONNECTIONS)
            return False
        self._open.add(transport)
        return True

    def discard(self, transport: asyncio.BaseTransport) -> None:
        self._open.discard(transport)


class _Connection(asyncio.Protocol):
    """Forwards everything to aiohttp's protocol; if there are too many connections, closes this one."""

    def __init__(self, inner: asyncio.Protocol, connections: _Connections) -> None:
        self._inner, self._connections = inner, connections
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._connections.admit(transport):
            transport.close()
            return
        self._transport = transport
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.discard(self._transport)
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


class _Records(logging.Handler):
    """Logs one line per internal error. Malformed requests, answered with 400, are counted and not logged.

    aiohttp answers them itself, and reports them only here; with the level DEBUG if a client sends TLS.
    """

    def __init__(self, requests: WebRequests) -> None:
        super().__init__(logging.DEBUG)
        self._requests = requests

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            self._requests.rejected(Rejection.MALFORMED)
        elif record.levelno >= logging.ERROR:
            text = repr(error) if error else record.getMessage()
            structlog.get_logger().error("internal error while serving the page", error=text[:_MAX_LOGGED])


def _logger(requests: WebRequests) -> logging.Logger:
    logger = logging.Logger("page", logging.DEBUG)  # noqa: LOG001 - not in the logger tree, so that no other handler gets its records
    logger.addHandler(_Records(requests))
    return logger
