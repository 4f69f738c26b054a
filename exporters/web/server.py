"""The listener of the page. What a client does wrong is counted and not logged."""

import asyncio
import logging
import socket

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from exporters.prometheus.web_requests import Rejection, WebRequests
from exporters.web.connections import Connection, Connections
from exporters.web.guard import SECURITY_HEADERS

_BACKLOG = 128
_MAX_LOGGED = 300  # characters of an error message
_BAD_REQUEST = 400
_MALFORMED = "400: this is not a request that HTTP/1.1 allows.\n"


async def start(
    app: web.Application,
    listener: socket.socket,
    connections: Connections,
    *,
    shutdown_s: float,
) -> web.AppRunner:
    """Serve on ``listener`` until the runner's ``cleanup``, within the limits of ``connections``."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_s)
    await runner.setup()
    await _Site(runner, listener, connections).start()
    return runner


class _Site(web.BaseSite):
    def __init__(self, runner: web.AppRunner, listener: socket.socket, connections: Connections) -> None:
        super().__init__(runner, backlog=_BACKLOG)
        self._listener, self._connections = listener, connections
        self._logger = _logger(connections.requests)

    @property
    def name(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> None:
        await super().start()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._handler(), self._connections),
            sock=self._listener,
            backlog=self._backlog,
        )

    def _handler(self) -> "_Handler":
        server = self._runner.server
        if not isinstance(server, web.Server):
            raise TypeError("the runner is not set up")
        return _Handler(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]
            logger=self._logger,
            keepalive_timeout=self._connections.limits.head_s,
            # No request has a body that is of use: it is neither read to its end nor decompressed.
            lingering_time=0.0,
            auto_decompress=False,
        )


class _Handler(web.RequestHandler):
    """aiohttp's protocol. Its responses to errors get the headers of all others, and no client's text."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        text = _MALFORMED if status == _BAD_REQUEST else message
        response = super().handle_error(request, status, exc, text)
        response.headers.update(SECURITY_HEADERS)
        return response


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
