"""Limits on clients, and logging of their errors; over real sockets on loopback."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from support.reports.exporter_inputs import NOW_S, report, target

from exporters.prometheus import PrometheusSink
from exporters.web.app import make_app
from exporters.web.page import PageSink
from exporters.web.server import DEFAULT_LIMITS, Limits, start

pytestmark = pytest.mark.loopback
MAX_S = 10.0  # ends a test that hangs; each takes less than a second
GOOD = b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HALF = b"GET /-/healthy HTTP/1.1\r\nHost: 127"


class Agent:
    def ready(self) -> bool:
        return True


@contextlib.asynccontextmanager
async def served(
    limits: Limits = DEFAULT_LIMITS,
    app: web.Application | None = None,
    metrics: PrometheusSink | None = None,
) -> AsyncIterator[int]:
    sink, page = metrics or PrometheusSink("1.0"), PageSink(now=lambda: NOW_S)
    for each in (sink, page):
        each.on_targets((target(),))
        each.on_report(report())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    application = app or make_app(sink, page, Agent(), version="1.0", listen_host="127.0.0.1")
    runner = await start(application, listener, sink.web, shutdown_s=0.2, limits=limits)
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


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nHost: other.example\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ],
    ids=["version", "long", "two hosts", "two hosts 1.0", "tls"],
)
async def test_a_malformed_request_is_400_and_not_logged(
    request_bytes: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    sink = PrometheusSink("1.0")
    with capture_logs() as logs:
        async with served(metrics=sink) as port:
            assert (await received(port, request_bytes)).split(b" ")[1] == b"400"
    assert (logs, caplog.records, capfd.readouterr()) == ([], [], ("", ""))
    assert sum(sink.web.rejected_rows().values()) == 1


async def test_an_internal_error_is_one_bounded_log_line(capfd: pytest.CaptureFixture[str]) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise ValueError("x" * 5_000)

    app = web.Application()
    app.router.add_get("/-/healthy", fail)
    with capture_logs() as logs:
        async with served(app=app) as port:
            assert b" 500 " in await received(port, GOOD)
    (entry,) = logs
    assert (entry["log_level"], len(entry["error"])) == ("error", 300)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "sent", [b"", HALF, GOOD + HALF], ids=["nothing", "half a header", "a request and half a header"]
)
async def test_a_missing_request_header_closes_the_connection(sent: bytes) -> None:
    async with served(Limits(head_s=0.1)) as port:
        assert (await received(port, sent)).count(b"200 OK") == sent.count(GOOD)


async def test_a_request_header_sent_byte_by_byte_also_times_out() -> None:
    async with served(Limits(head_s=0.1)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        closed = asyncio.create_task(reader.read())
        for byte in HALF:
            if closed.done():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        assert closed.done()
        await asyncio.gather(closed, return_exceptions=True)
        writer.close()


async def test_surplus_connections_are_closed_at_once_and_slots_become_free_again() -> None:
    sink = PrometheusSink("1.0")
    async with served(Limits(connections=4, head_s=0.3), metrics=sink) as port:
        open_connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        for _reader, writer in open_connections:
            writer.write(HALF)
        async with asyncio.timeout(0.25):  # less than the timeout for a request header
            assert [await received(port, HALF) for _ in range(20)] == [b""] * 20
        assert sink.web.rejected_rows()["too_many_connections",] == 20
        for reader, writer in open_connections:
            assert await reader.read() == b""
            writer.close()
        close = GOOD[:-2] + b"Connection: close\r\n\r\n"
        assert b" 200 " in await received(port, close)


async def test_sixty_four_clients_get_the_page_at_the_same_time() -> None:
    async with served() as port, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:

        async def get() -> int:
            async with session.get(f"http://127.0.0.1:{port}/") as got:
                assert "</html>" in await got.text()
                return got.status

        for _ in range(2):
            assert await asyncio.gather(*(get() for _ in range(64))) == [200] * 64
