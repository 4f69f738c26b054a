"""The simulated XKS proxy: real TLS with a fault of each group, and HTTP/1.1 behind it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from OpenSSL import SSL

from probe.world import http_answers
from probe.world.certificates import CertificateMaker
from probe.world.faults import CERTIFICATE, HANDSHAKE, Fault
from probe.world.tls_stream import TlsStream, close_politely, reset, server_context

_HANDSHAKE_S = 10.0
_IDLE_S = 30.0
_MOST_CONNECTIONS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAnswers:
    """What every proxy of a world has in common."""

    makes: CertificateMaker
    prefix: str
    key_managers: tuple[str, ...]


class TlsProxy:
    """One proxy. Its faults may change at any time; connections under way keep theirs."""

    def __init__(self, answers: ProxyAnswers, reach: Fault, handshake: Fault, certificate: Fault) -> None:
        self._answers = answers
        self.reach = reach
        self._handshake = handshake
        self._certificate = certificate
        self._context: SSL.Context | None = None
        self._connections = 0

    def set_fault(self, fault: Fault) -> None:
        """Replace the fault of the group to which ``fault`` belongs."""
        if fault in CERTIFICATE:
            self._certificate = fault
        elif fault in HANDSHAKE:
            self._handshake = fault
        else:
            self.reach = fault
        self._context = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, whatever the client does."""
        if self._connections >= _MOST_CONNECTIONS:
            reset(writer)
            return
        self._connections += 1
        try:
            with suppress(OSError, EOFError, SSL.Error, TimeoutError):
                await self._talk(reader, writer)
            await close_politely(reader, writer)
        finally:
            self._connections -= 1

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = TlsStream(self._context_now(), reader, writer)
        async with asyncio.timeout(_HANDSHAKE_S):
            if self.reach is Fault.RESET:
                await reader.read(1)
                reset(writer)
                return
            await stream.handshake()
        keeps_alive = True
        while keeps_alive:
            async with asyncio.timeout(_IDLE_S):
                keeps_alive = await self._exchange(stream)
        await stream.close()

    async def _exchange(self, stream: TlsStream) -> bool:
        """One request and its answer; whether another may follow."""
        received = b""
        while b"\r\n\r\n" not in received and len(received) <= http_answers.MOST_HEAD_BYTES:
            received += await stream.read()
        head, end, body = received.partition(b"\r\n\r\n")
        request = http_answers.parse_head(head) if end else None
        if request is None or request.body_bytes is None or request.body_bytes > http_answers.MOST_BODY_BYTES:
            await stream.write(http_answers.respond(400, b"", keeps_alive=False))
            return False
        while len(body) < request.body_bytes:
            body += await stream.read()
        answers = self._answers
        await stream.write(http_answers.answer(request, body, answers.prefix, answers.key_managers))
        return request.keeps_alive

    def _context_now(self) -> SSL.Context:
        if self._context is None:
            identity = self._answers.makes.identity(self._certificate)
            self._context = server_context(self._handshake, identity)
        return self._context
