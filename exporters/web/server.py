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

_BACKLOG = 128
_MAX_LOGGED = 300  # characters of an error message


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on clients: open connections, and seconds to send the request header."""

    connections: int = 64
    head_s: float = 5.0


DEFAULT_LIMITS = Limits()


async def start(
    app: web.Application, listener: socket.socket, *, shutdown_s: float, limits: Limits = DEFAULT_LIMITS
) -> web.AppRunner:
    """Serve on ``listener`` until the runner's ``cleanup``."""
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_logger(),
        keepalive_timeout=limits.head_s,  # aiohttp counts it from the start of the connection
        lingering_time=limits.head_s,
        shutdown_timeout=shutdown_s,
    )
    await runner.setup()
    await _Site(runner, listener, limits.connections).start()
    return runner


class _Site(web.BaseSite):
    def __init__(self, runner: web.AppRunner, listener: socket.socket, maximum: int) -> None:
        super().__init__(runner, backlog=_BACKLOG)
        self._listener, self._maximum = listener, maximum

    @property
    def name(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")
        connected: set[asyncio.BaseTransport] = set()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(server(), connected, self._maximum),
            sock=self._listener,
            backlog=self._backlog,
        )


class _Connection(asyncio.Protocol):
    """Forwards everything to aiohttp's protocol; if there are too many connections, closes this one."""

    def __init__(self, inner: asyncio.Protocol, connected: set[asyncio.BaseTransport], maximum: int) -> None:
        self._inner, self._connected, self._maximum = inner, connected, maximum
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._connected) >= self._maximum:
            transport.close()
            return
        self._transport = transport
        self._connected.add(transport)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connected.discard(self._transport)
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


class _Bugs(logging.Handler):
    """Logs one line per internal error. A malformed request is answered with 400 and not logged."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            text = repr(error) if error else record.getMessage()
            structlog.get_logger().error("internal error while serving the page", error=text[:_MAX_LOGGED])


def _logger() -> logging.Logger:
    logger = logging.Logger("page", logging.ERROR)  # noqa: LOG001 - not in the logger tree, so that no other handler gets its records
    logger.addHandler(_Bugs())
    return logger
