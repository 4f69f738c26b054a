"""A name server for UDP and TCP."""

import asyncio
from contextlib import suppress

from simulator.servers.dns_answers import Zones, answer_query
from simulator.servers.listener import Datagram, Service
from simulator.servers.tls_stream import close_politely

_IDLE_S = 10.0
_MAX_QUERIES = 100  # over one TCP connection


class NameServer:
    """One name server. ``zones`` may be replaced at any time."""

    def __init__(self, zones: Zones) -> None:
        self.zones = zones
        self.service = Service(serve=self._serve, answer=self._answer)

    def _answer(self, query: bytes) -> Datagram | None:
        return answer_query(self.zones, query, over_udp=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, TimeoutError):
            for _ in range(_MAX_QUERIES):
                async with asyncio.timeout(_IDLE_S):
                    length = int.from_bytes(await reader.readexactly(2), "big")  # RFC 7766, 8
                    query = await reader.readexactly(length)
                answer = answer_query(self.zones, query, over_udp=False)
                if answer is not None:
                    await asyncio.sleep(answer.delay_s)
                    writer.write(len(answer.data).to_bytes(2, "big") + answer.data)
                    await writer.drain()
        await close_politely(reader, writer)
