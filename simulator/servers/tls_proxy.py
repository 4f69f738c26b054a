"""The simulated XKS proxy: real TLS and HTTP/1.1 with one fault per group, and the proxy API on top."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

from OpenSSL import SSL

from simulator.faults import ANSWER, CERTIFICATE, HANDSHAKE, Fault
from simulator.servers import http_answers, large_hello, xks_answers
from simulator.servers.certificates import CertificateMaker
from simulator.servers.http_stream import PlainStream, Requests, Stream
from simulator.servers.large_hello import LARGE_HELLO
from simulator.servers.tls_stream import TlsStream, close_politely, reset, server_context
from simulator.servers.xks_answers import XksProxy

_HANDSHAKE_S = 10.0
_IDLE_S = 30.0
_MAX_CONNECTIONS = 512
_UNRECOGNIZED_NAME = bytes.fromhex("15 0303 0002 02 70")  # a record with a fatal alert, RFC 6066, section 3
_PROXY_HEADER = b"PROXY "  # version 1 of the PROXY protocol, a line of text


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAnswers:
    """What all proxies of a simulation share."""

    certificates: CertificateMaker
    proxy: XksProxy


@dataclass(slots=True, kw_only=True)
class Faults:
    """One fault per group."""

    reachability: Fault = Fault.ALIVE
    handshake: Fault = Fault.TLS_GOOD
    certificate: Fault = Fault.GOOD
    answer: Fault = Fault.HEALTHY


class TlsProxy:
    """One proxy. Its faults may change at any time; an open connection keeps its TLS settings."""

    def __init__(self, answers: ProxyAnswers, faults: Faults) -> None:
        self._answers = answers
        self._faults = faults
        self._context: SSL.Context | None = None
        self._connections = 0

    @property
    def reachability(self) -> Fault:
        return self._faults.reachability

    def set_fault(self, fault: Fault) -> None:
        """Replace the fault of the group to which ``fault`` belongs."""
        if fault in CERTIFICATE:
            self._faults.certificate = fault
        elif fault in HANDSHAKE:
            self._faults.handshake = fault
        elif fault in ANSWER:
            self._faults.answer = fault
        else:
            self._faults.reachability = fault
        self._context = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection; client errors do not raise."""
        if self._connections >= _MAX_CONNECTIONS:
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
        if self._faults.handshake is Fault.SILENT_TLS:
            async with asyncio.timeout(_IDLE_S):
                await PlainStream(reader, writer).drain()
        async with asyncio.timeout(_HANDSHAKE_S):
            if self._faults.reachability is Fault.RESET:
                await reader.read(1)
                reset(writer)
                return
            stream = await self._secured(reader, writer)
        requests = Requests(stream)
        keeps_alive = True
        while keeps_alive:
            async with asyncio.timeout(_IDLE_S):
                keeps_alive = await self._exchange(stream, requests)
        await stream.close()

    async def _secured(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Stream:
        if self._faults.handshake is Fault.PLAIN_HTTP:
            return PlainStream(reader, writer)
        if self._faults.handshake is Fault.EXPECTS_PROXY_HEADER:
            await _proxy_header(reader)
        if self._faults.handshake is Fault.OTHER_NAMES_ONLY:
            plain = PlainStream(reader, writer)
            await plain.read()
            await plain.write(_UNRECOGNIZED_NAME)
            raise EOFError
        received = await large_hello.first_record(reader) if self._faults.handshake in LARGE_HELLO else b""
        if large_hello.is_large(received):
            await large_hello.refuse(self._faults.handshake, reader, writer)
        stream = TlsStream(self._context_now(), reader, writer)
        await stream.handshake(received)
        return stream

    async def _exchange(self, stream: Stream, requests: Requests) -> bool:
        """Handle one request. Returns whether another may follow."""
        received = await requests.next()
        if received is None:
            await stream.write(http_answers.refused())
            return False
        request, body = received
        fault, proxy = self._faults.answer, self._answers.proxy
        behaviour = xks_answers.behaviour_of(fault, len(body))
        if behaviour.is_silent:
            await requests.drain()
        if behaviour.is_http_2:
            await stream.write(http_answers.http_2())
        if behaviour.closes or behaviour.is_http_2:
            return False
        now_s = time.time() + xks_answers.clock_offset_s(proxy, fault)
        reply = xks_answers.reply_to(request, body, proxy, fault, now_s)
        await asyncio.sleep(behaviour.delay_s)
        await stream.write(http_answers.write(request, reply, now_s, behaviour.form))
        return request.keeps_alive

    def _context_now(self) -> SSL.Context:
        if self._context is None:
            identity = self._answers.certificates.identity(self._faults.certificate)
            self._context = server_context(self._faults.handshake, identity)
        return self._context


async def _proxy_header(reader: asyncio.StreamReader) -> None:
    """Read the header. Raises EOFError if the connection begins with anything else."""
    if await reader.readexactly(len(_PROXY_HEADER)) != _PROXY_HEADER:
        raise EOFError
    await reader.readuntil(b"\r\n")
