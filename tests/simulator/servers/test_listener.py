import asyncio
import socket
from collections.abc import Iterator

import pytest

from simulator.network.loopback import claim_block
from simulator.scenario.addressing import Endpoint
from simulator.scenario.kinds import Transport
from simulator.servers.listener import Datagram, Listener, Service

pytestmark = pytest.mark.loopback

PORT = 14053
BOTH = (Transport.TCP, Transport.UDP)


async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    writer.close()
    await writer.wait_closed()


SERVICE = Service(serve=greet, answer=lambda query: Datagram(data=query.upper()))


@pytest.fixture
def address() -> Iterator[str]:
    block, claim = claim_block()
    with claim:
        yield f"127.{block}.5.53"


def listening(address: str, transports: tuple[Transport, ...], service: Service = SERVICE) -> Listener:
    return Listener(Endpoint(address=address, port=PORT), transports, service)


async def by_tcp(address: str) -> bytes:
    reader, writer = await asyncio.open_connection(address, PORT)
    data = await reader.read()
    writer.close()
    await writer.wait_closed()
    return data


async def by_udp(address: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect((address, PORT))
        client.send(b"hello")
        async with asyncio.timeout(100):
            return await asyncio.get_running_loop().sock_recv(client, 512)


async def test_both_transports_respond_and_refuse_while_closed(address: str) -> None:
    server = listening(address, BOTH)
    for _ in range(2):
        await server.set_open(is_open=True)
        assert (await by_tcp(address), await by_udp(address)) == (b"hello", b"HELLO")
        await server.set_open(is_open=False)
        for ask in (by_tcp, by_udp):
            with pytest.raises(ConnectionRefusedError):
                await ask(address)


async def test_opening_and_closing_are_idempotent(address: str) -> None:
    server = listening(address, BOTH)
    await server.set_open(is_open=False)  # nothing is open yet
    for is_open in (True, True, False, False):
        await server.set_open(is_open=is_open)


async def test_a_port_in_use_is_an_error(address: str) -> None:
    server = listening(address, BOTH)
    await server.set_open(is_open=True)
    with pytest.raises(OSError, match="in use"):
        await listening(address, BOTH).set_open(is_open=True)
    await server.set_open(is_open=False)


async def test_a_silent_service_sends_no_response(address: str) -> None:
    server = listening(address, BOTH, Service(answer=lambda _: None, serve=greet))
    await server.set_open(is_open=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((address, PORT))
        client.send(b"hello")
        await asyncio.sleep(0.05)
        with pytest.raises(BlockingIOError):
            client.recv(512, socket.MSG_DONTWAIT)
    await server.set_open(is_open=False)


@pytest.mark.parametrize(
    ("transport", "service"),
    [(Transport.UDP, Service(serve=greet)), (Transport.TCP, Service(answer=SERVICE.answer))],
)
async def test_a_transport_without_a_handler_is_an_error(
    address: str, transport: Transport, service: Service
) -> None:
    with pytest.raises(ValueError, match=f"has no handler for {transport}"):
        await listening(address, (transport,), service).set_open(is_open=True)
