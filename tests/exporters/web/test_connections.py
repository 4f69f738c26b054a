"""Limits on the connections of the page, over real sockets on loopback."""

import asyncio
import contextlib
import gzip
import time

import aiohttp
import pytest
from aiohttp import web
from support.reports.page_server import CLOSE, GOOD, HALF, clients, received, served

from exporters.prometheus import PrometheusSink
from exporters.web.connections import MAX_READ_BYTES, Connections, Limits, tracking

pytestmark = pytest.mark.loopback


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


async def ended(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionError):
        return await reader.read() == b""
    return True


@pytest.mark.parametrize(
    "limits",
    [Limits(connections=4, head_s=100), Limits(per_client=4, head_s=100)],
    ids=["all", "of one address"],
)
@pytest.mark.parametrize("sent", [b"", HALF], ids=["idle", "half a request"])
async def test_when_there_are_too_many_connections_the_one_idle_for_longest_is_closed(
    limits: Limits, sent: bytes
) -> None:
    sink = PrometheusSink("1.0")
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(served(limits, metrics=sink))
        for number, reader in enumerate(await stack.enter_async_context(clients(port, 4, sent)), 1):
            (new,) = await stack.enter_async_context(clients(port, 1, GOOD))
            assert await new.readuntil(b"OK\n")
            assert await ended(reader)
            assert sink.web.rejected_rows()["too_many_connections",] == number


async def test_a_response_in_progress_is_never_the_one_that_is_closed() -> None:
    begun, released = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        begun.release()
        await released.wait()
        return web.Response(text="done")

    limits, sink = Limits(connections=2, head_s=100), PrometheusSink("1.0")
    connections = Connections(limits, sink.web)
    app = web.Application(middlewares=[tracking(connections)])
    app.router.add_get("/-/healthy", slow)
    async with served(app=app, connections=connections) as port, clients(port, 2, GOOD) as readers:
        for _ in readers:
            await begun.acquire()
        assert await received(port, GOOD) == b"", "both others are being answered"
        released.set()
        for reader in readers:
            assert b"done" in await reader.readuntil(b"done")


async def test_a_client_that_does_not_read_is_closed_after_the_limit() -> None:
    async def large(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * (32 << 20))

    sink = PrometheusSink("1.0")
    connections = Connections(Limits(unread_s=0.2), sink.web)
    app = web.Application(middlewares=[tracking(connections)])
    app.router.add_get("/-/healthy", large)
    async with served(app=app, connections=connections) as port, clients(port, 1, GOOD):
        while sink.web.rejected_rows()["too_slow",] == 0:  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("extra", [0, 1], ids=["at the limit", "one byte more"])
async def test_at_most_16_kib_of_a_request_are_parsed(extra: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 16384\r\n\r\n"
    sink = PrometheusSink("1.0")
    async with served(metrics=sink) as port:
        answer = await received(port, head + b"x" * (MAX_READ_BYTES - len(head) + extra))
        assert b" 405 " in answer, "the head alone is answered"
    assert sink.web.rejected_rows()["too_large",] == extra


async def test_a_compressed_body_is_not_decompressed() -> None:
    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    body = gzip.compress(b"0" * 1_000_000)
    head = b"POST /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
    app = web.Application()
    app.router.add_post("/-/healthy", read)
    async with served(app=app) as port:
        answer = await received(port, head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("count", [8, 9], ids=["at the limit", "one more"])
async def test_at_most_eight_requests_are_parsed_at_once(count: int) -> None:
    sink = PrometheusSink("1.0")
    async with served(Limits(head_s=0.3), metrics=sink) as port:
        answers = await received(port, GOOD * count)
    assert answers.count(b"200 OK") == (8 if count == 8 else 1)
    assert sink.web.rejected_rows()["too_large",] == (count > 8)


async def test_sixty_four_clients_get_the_page_at_the_same_time() -> None:
    async with served() as port, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:

        async def get() -> int:
            async with session.get(f"http://127.0.0.1:{port}/") as got:
                assert "</html>" in await got.text()
                return got.status

        for _ in range(2):
            assert await asyncio.gather(*(get() for _ in range(64))) == [200] * 64


async def test_a_whole_request_that_is_read_late_is_answered() -> None:
    """The sweep of slow clients may come right after it, because the event loop was busy with something else."""
    sink = PrometheusSink("1.0")
    async with served(Limits(head_s=0.2), metrics=sink) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0)
        writer.write(CLOSE)
        time.sleep(0.5)  # noqa: ASYNC251 - the event loop is to be late
        assert b" 200 " in await reader.read()
        writer.close()
    assert sink.web.rejected_rows()["too_slow",] == 0
