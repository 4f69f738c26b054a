"""A listener on one address, for TCP, UDP or both; it can be closed and opened again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from simulator.scenario.addressing import Endpoint
from simulator.scenario.kinds import Transport

_BACKLOG = 512
_MAX_WAITING = 1000  # delayed datagrams; further queries are dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Datagram:
    """A response and its delay."""

    data: bytes
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The handlers: ``serve`` for a TCP connection, ``answer`` for a datagram (None: no response)."""

    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None
    answer: Callable[[bytes], Datagram | None] | None = None


class Listener:
    """Opens the ``transports``. Raises ValueError if ``service`` has no handler for one of them."""

    def __init__(self, endpoint: Endpoint, transports: tuple[Transport, ...], service: Service) -> None:
        self._endpoint = endpoint
        self._transports = transports
        self._service = service
        self._open: list[asyncio.Server | asyncio.BaseTransport] = []

    async def set_open(self, *, is_open: bool) -> None:
        """While closed, connections are refused and datagrams get port unreachable."""
        if not is_open:
            for each in self._open:
                each.close()
            self._open.clear()
            await asyncio.sleep(0)  # a datagram transport releases its port in the next iteration of the loop
        elif not self._open:
            for transport in self._transports:
                self._open.append(await self._opened(transport))

    async def _opened(self, transport: Transport) -> asyncio.Server | asyncio.BaseTransport:
        address, port = self._endpoint.address, self._endpoint.port
        serve, answer = self._service.serve, self._service.answer
        if transport is Transport.TCP and serve is not None:
            return await asyncio.start_server(serve, address, port, backlog=_BACKLOG)
        if transport is Transport.UDP and answer is not None:
            loop = asyncio.get_running_loop()
            udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(answer), local_addr=(address, port))
            return udp
        raise ValueError(f"the service at {address}:{port} has no handler for {transport}")


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], Datagram | None]) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # by duck typing

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data)
        if answer is None or self._waiting >= _MAX_WAITING:
            return
        if answer.delay_s:
            self._waiting += 1
            asyncio.get_running_loop().call_later(answer.delay_s, self._send_late, answer.data, addr)
        else:
            self._send(answer.data, addr)

    def _send_late(self, data: bytes, addr: tuple[str, int]) -> None:
        self._waiting -= 1
        self._send(data, addr)

    def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, addr)
