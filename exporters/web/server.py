"""The listener under the page: bounds what strangers can hold open, and keeps their mistakes out of the log.

Half-sent requests cost a file descriptor each, and the probes need those.
"""

import asyncio
import logging
import socket
from dataclasses import dataclass

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

_BACKLOG = 128
_MAX_LOGGED = 300  # characters of an error's text


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of us clients can have: open connections, and seconds until a request's head is there."""

    connections: int = 64
    head_s: float = 5.0


DEFAULT_LIMITS = Limits()


async def start(
    app: web.Application, listener: socket.socket, *, shutdown_s: float, limits: Limits = DEFAULT_LIMITS
) -> web.AppRunner:
    """Answer on ``listener`` until the runner's ``cleanup``."""
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_logger(),
        keepalive_timeout=limits.head_s,  # aiohttp counts it from the connection's start, data or not
        lingering_time=limits.head_s,
        shutdown_timeout=shutdown_s,
    )
    await runner.setup()
    await _Site(runner, listener, limits.connections).start()
    return runner


class _Site(web.BaseSite):
    def __init__(self, runner: web.AppRunner, listener: socket.socket, most: int) -> None:
        super().__init__(runner, backlog=_BACKLOG)
        self._listener, self._most = listener, most

    @property
    def name(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> None:
        await super().start()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")
        taken: set[asyncio.BaseTransport] = set()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(server(), taken, self._most), sock=self._listener, backlog=self._backlog
        )


class _Connection(asyncio.Protocol):
    """Passes everything on to aiohttp's protocol, unless there are too many: then the connection ends."""

    def __init__(self, inner: asyncio.Protocol, taken: set[asyncio.BaseTransport], most: int) -> None:
        self._inner, self._taken, self._most = inner, taken, most
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._taken) >= self._most:
            transport.close()
            return
        self._transport = transport
        self._taken.add(transport)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._taken.discard(self._transport)
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


class _OurBugs(logging.Handler):
    """One line for an error of ours. A malformed request is answered with 400 and is no event."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            text = repr(error) if error else record.getMessage()
            structlog.get_logger().error("the page failed by our own fault", error=text[:_MAX_LOGGED])


def _logger() -> logging.Logger:
    logger = logging.Logger("page", logging.ERROR)  # noqa: LOG001 - outside of the tree: no other handler gets its records
    logger.addHandler(_OurBugs())
    return logger
