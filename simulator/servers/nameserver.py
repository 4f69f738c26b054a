"""A name server over UDP and TCP on one address."""

import asyncio
from contextlib import suppress
from typing import cast

from simulator.servers.dns_answers import Zones, answer_query
from simulator.servers.tls_stream import close_politely

_IDLE_S = 10.0
_MOST_QUESTIONS = 100  # over one TCP connection
_MOST_WAITING = 1000  # answers by UDP whose time has not come; further questions are dropped


class _UdpServer(asyncio.DatagramProtocol):
    def __init__(self, server: "NameServer") -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # it is one, by duck typing alone

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        said = answer_query(self._server.zones, data, over_udp=True)
        if said is None or self._waiting >= _MOST_WAITING:
            return
        if said.delay_s:
            self._waiting += 1
            asyncio.get_running_loop().call_later(said.delay_s, self._send_late, said.data, addr)
        else:
            self._send(said.data, addr)

    def _send_late(self, data: bytes, addr: tuple[str, int]) -> None:
        self._waiting -= 1
        self._send(data, addr)

    def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, addr)


class NameServer:
    """Both transports of one server; `close` ends them. ``zones`` may be replaced at any time."""

    def __init__(self, zones: Zones) -> None:
        self.zones = zones
        self._udp: asyncio.BaseTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _UdpServer(self), local_addr=(address, port)
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
                said = answer_query(self.zones, query, over_udp=False)
                if said is not None:
                    await asyncio.sleep(said.delay_s)
                    writer.write(len(said.data).to_bytes(2, "big") + said.data)
                    await writer.drain()
        await close_politely(reader, writer)
