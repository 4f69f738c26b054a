"""The server of the page on loopback, and clients that send bytes to it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from aiohttp import web
from support.reports.exporter_inputs import NOW_S, report, target

from exporters.prometheus import PrometheusSink
from exporters.web.access import Passwords
from exporters.web.app import make_app
from exporters.web.connections import DEFAULT_LIMITS, Connections, Limits
from exporters.web.page import PageSink
from exporters.web.server import start

MAX_S = 200.0  # ends a test that hangs; each takes less than a second on an idle machine
GOOD = b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CLOSE = GOOD[:-2] + b"Connection: close\r\n\r\n"
HALF = b"GET /-/healthy HTTP/1.1\r\nHost: 127"


class Agent:
    def ready(self) -> bool:
        return True


@contextlib.asynccontextmanager
async def served(
    limits: Limits = DEFAULT_LIMITS,
    app: web.Application | None = None,
    metrics: PrometheusSink | None = None,
    connections: Connections | None = None,
    passwords: Passwords | None = None,
) -> AsyncIterator[int]:
    sink, page = metrics or PrometheusSink("1.0"), PageSink(now=lambda: NOW_S)
    for each in (sink, page):
        each.on_targets((target(),))
        each.on_report(report())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    connections = connections or Connections(limits, sink.web)
    application = app or make_app(
        sink,
        page,
        Agent(),
        version="1.0",
        listen_host="127.0.0.1",
        connections=connections,
        passwords=passwords,
    )
    runner = await start(application, listener, connections, shutdown_s=0.2)
    try:
        async with asyncio.timeout(MAX_S):
            yield listener.getsockname()[1]
    finally:
        await runner.cleanup()


async def received(port: int, *parts: bytes) -> bytes:
    """Everything the server sends until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def clients(port: int, count: int, sent: bytes) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Connections that have sent these bytes, one after the other, and that read only when the test does."""
    opened = []
    try:
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            opened.append((reader, writer))
            writer.write(sent)
            await asyncio.sleep(0)
        yield [reader for reader, _ in opened]
    finally:
        for _, writer in opened:
            writer.transport.abort()
