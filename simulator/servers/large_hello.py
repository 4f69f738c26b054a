"""Servers and middleboxes that do not answer a ClientHello of two TCP segments."""

import asyncio

from simulator.faults import Fault
from simulator.servers.tls_stream import reset

LARGE_HELLO = frozenset({Fault.LARGE_HELLO_DROPPED, Fault.LARGE_HELLO_RESET, Fault.LARGE_HELLO_ALERT})
_HEADER_BYTES = 5  # RFC 8446, section 5.1: type, version, length
_LARGE_BYTES = (
    1024  # a classical ClientHello has about 300 bytes, one with a post-quantum key share over 1,400
)
_INTERNAL_ERROR = bytes.fromhex("15030300020250")  # a fatal alert, number 80


async def first_record(reader: asyncio.StreamReader) -> bytes:
    """The record with the ClientHello. Raises EOFError if the client closes before its end."""
    header = await reader.readexactly(_HEADER_BYTES)
    return header + await reader.readexactly(int.from_bytes(header[3:], "big"))


def is_large(record: bytes) -> bool:
    return len(record) > _LARGE_BYTES


async def refuse(fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What the client sees instead of a ServerHello. Raises EOFError once the connection is over."""
    match fault:
        case Fault.LARGE_HELLO_RESET:
            reset(writer)
        case Fault.LARGE_HELLO_ALERT:
            writer.write(_INTERNAL_ERROR)
            await writer.drain()
        case _:
            while await reader.read(_LARGE_BYTES):
                pass
    raise EOFError
