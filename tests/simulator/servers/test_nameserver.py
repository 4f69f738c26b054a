import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.message
import pytest

from simulator.network.loopback import claim_block
from simulator.scenario.addressing import Endpoint, assign_addresses
from simulator.scenario.kinds import Transport
from simulator.scenario.reader import read_scenario
from simulator.servers import listener, nameserver
from simulator.servers.dns_answers import zones_of
from simulator.servers.listener import Listener
from simulator.servers.nameserver import NameServer

pytestmark = pytest.mark.loopback

PORT = 14053
HSM = "10.78.4.11"
SCENARIO = read_scenario(
    "mine",
    {
        "key_managers": [{"name": "hsm-1", "rtt": "1ms"}],
        "records": [
            {"name": "silent.example.com", "type": "A", "silent": True},
            {"name": "late.example.com", "type": "A", "answers": [HSM], "delay": "50ms"},
        ],
    },
)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def question(name: str = "hsm-1.example.com", number: int = 1) -> bytes:
    return dns.message.make_query(name, "A", id=number).to_wire()


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


def listening_at(address: str) -> Listener:
    server = NameServer(zones_of(SCENARIO, assign_addresses(SCENARIO)))
    return Listener(Endpoint(address=address, port=PORT), (Transport.TCP, Transport.UDP), server.service)


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The address of a server in an unused block of 127.0.0.0/8; its tasks end with it."""
    block, claim = claim_block()
    server = listening_at(f"127.{block}.5.53")
    before = asyncio.all_tasks()
    with claim:
        await server.set_open(is_open=True)
        try:
            async with asyncio.timeout(100):
                yield f"127.{block}.5.53"
                await asyncio.gather(*(asyncio.all_tasks() - before))
        finally:
            await server.set_open(is_open=False)


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(address, PORT)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    """The id and first address of the next response."""
    length = int.from_bytes(await reader.readexactly(2), "big")
    message = dns.message.from_wire(await reader.readexactly(length))
    return message.id, message.answer[0][0].to_text()


async def test_one_connection_carries_many_queries_however_they_are_split() -> None:
    async with serving() as address, connected(address) as (reader, writer):
        data = framed(question(number=1)) + framed(question(number=2))
        for part in (data[:1], data[1:7], data[7:-3]):
            writer.write(part)
            await writer.drain()
        assert await answer(reader) == (1, HSM)
        writer.write(data[-3:])
        assert await answer(reader) == (2, HSM)


async def test_a_silent_query_does_not_block_the_next_one() -> None:
    async with serving() as address:
        queries = (question("silent.example.com", 1), b"not a query", question(number=2))
        async with connected(address) as (reader, writer):
            writer.write(b"".join(framed(each) for each in queries))
            assert await answer(reader) == (2, HSM)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect((address, PORT))
            for each in queries:
                client.send(each)
            data = await asyncio.get_running_loop().sock_recv(client, 512)
            assert dns.message.from_wire(data).id == 2


async def test_a_delayed_response_does_not_block_others_over_udp_and_keeps_its_order_over_tcp() -> None:
    async with serving() as address:
        queries = (question("late.example.com", 1), question(number=2))
        async with connected(address) as (reader, writer):
            writer.write(b"".join(framed(each) for each in queries))
            assert [await answer(reader), await answer(reader)] == [(1, HSM), (2, HSM)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect((address, PORT))
            for each in queries:
                client.send(each)
            receive = asyncio.get_running_loop().sock_recv
            assert [dns.message.from_wire(await receive(client, 512)).id for _ in queries] == [2, 1]


async def test_the_number_of_delayed_responses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_MAX_WAITING", 1)
    async with serving() as address:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect((address, PORT))
            for number in (1, 2):
                client.send(question("late.example.com", number))
            receive = asyncio.get_running_loop().sock_recv
            assert dns.message.from_wire(await receive(client, 512)).id == 1
            client.send(question(number=3))
            assert dns.message.from_wire(await receive(client, 512)).id == 3


@pytest.mark.parametrize(
    ("queries", "answered"),
    [(100, 100), (101, 100), (10_000, 100)],
    ids=["at the limit", "just above", "more than is read at once"],
)
async def test_a_connection_is_closed_after_a_hundred_queries(queries: int, answered: int) -> None:
    async with serving() as address, connected(address) as (reader, writer):
        writer.write(framed(question()) * queries)
        writer.write_eof()
        data = await reader.read()  # until the end: unread queries must not cause a reset
        assert data.count(socket.inet_aton(HSM)) == answered


async def test_an_incomplete_query_closes_the_connection_without_a_response() -> None:
    async with serving() as address, connected(address) as (reader, writer):
        writer.write(framed(question())[:-1])
        writer.write_eof()
        assert await reader.read() == b""


async def test_an_idle_client_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nameserver, "_IDLE_S", 0.02)
    async with serving() as address, connected(address) as (reader, _):
        assert await reader.read() == b""
