"""Simulated servers that do not answer a large ClientHello, and answer a small one."""

import asyncio

import pytest

from simulator.faults import HANDSHAKE, Fault
from simulator.servers.large_hello import LARGE_HELLO, first_record, is_large, refuse


def reader_of(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


def record(size: int) -> bytes:
    return b"\x16\x03\x01" + (size - 5).to_bytes(2, "big") + bytes(size - 5)


async def test_the_first_record_is_read_and_nothing_behind_it() -> None:
    reader = reader_of(record(40) + b"more")
    assert await first_record(reader) == record(40)
    assert await reader.read() == b"more"


@pytest.mark.parametrize("size", [0, 4, 39])
async def test_a_client_that_closes_too_early_ends_the_connection(size: int) -> None:
    with pytest.raises(EOFError):
        await first_record(reader_of(record(40)[:size]))


@pytest.mark.parametrize(("size", "large"), [(300, False), (1024, False), (1025, True), (1470, True)])
def test_only_a_client_hello_with_a_large_key_share_is_large(size: int, large: bool) -> None:
    assert is_large(record(size)) is large


def test_the_faults_are_faults_of_the_handshake() -> None:
    assert set(HANDSHAKE) >= LARGE_HELLO


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("fault", "received"),
    [
        (Fault.LARGE_HELLO_ALERT, bytes.fromhex("15030300020250")),
        (Fault.LARGE_HELLO_RESET, ConnectionResetError),
        (Fault.LARGE_HELLO_DROPPED, b""),
    ],
)
async def test_each_fault_is_what_a_client_sees(fault: Fault, received: bytes | type[Exception]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with pytest.raises(EOFError):
            await refuse(fault, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        if isinstance(received, bytes):
            writer.write_eof()
            assert await reader.read() == received
        else:
            with pytest.raises(received):
                await reader.read()
    finally:
        writer.close()
        server.close()
