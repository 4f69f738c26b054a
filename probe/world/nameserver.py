"""A name server over UDP and TCP on one address."""

import asyncio
from contextlib import suppress
from typing import cast

from probe.world.dns_answers import Zones, answer_query
from probe.world.tls_stream import close_politely

_IDLE_S = 10.0
_MOST_QUESTIONS = 100  # over one TCP connection


class _UdpServer(asyncio.DatagramProtocol):
    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # it is one, by duck typing alone

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = answer_query(self._zones, data, over_udp=True)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


class NameServer:
    """Both transports of one server; `close` ends them."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._udp: asyncio.BaseTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _UdpServer(self._zones), local_addr=(address, port)
        )
        self._tcp = await asyncio.start_server(self._serve, address, port)

    def close(self) -> None:
        for part in (self._udp, self._tcp):
            if part is not None:
                part.close()
        self._udp = self._tcp = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, TimeoutError):
            for _ in range(_MOST_QUESTIONS):
                async with asyncio.timeout(_IDLE_S):
                    length = int.from_bytes(await reader.readexactly(2), "big")  # RFC 7766, 8
                    query = await reader.readexactly(length)
                answer = answer_query(self._zones, query, over_udp=False)
                if answer is not None:
                    writer.write(len(answer).to_bytes(2, "big") + answer)
                    await writer.drain()
        await close_politely(reader, writer)
