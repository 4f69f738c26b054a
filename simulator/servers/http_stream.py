"""Reads HTTP requests from a byte stream, one after the other; pipelined requests wait."""

import asyncio
from typing import Protocol

from simulator.servers import http_answers
from simulator.servers.http_answers import Request

_CHUNK_BYTES = 16_384
_CLIENT_HELLO = b"\x16"  # a TLS handshake record: the client expects TLS


class Stream(Protocol):
    """A byte stream in both directions. Network failures are ConnectionError, EOFError or SSL.Error."""

    async def read(self) -> bytes: ...

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


class PlainStream:
    """A connection without TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Some bytes. Raises EOFError at the end."""
        data = await self._reader.read(_CHUNK_BYTES)
        if not data:
            raise EOFError
        return data

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def drain(self) -> None:
        """Read and discard until the client closes; raises EOFError then."""
        while True:
            await self.read()

    async def close(self) -> None:
        """Nothing to send."""


class Requests:
    """The requests of a client on one stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._received = b""

    async def next(self) -> tuple[Request, bytes] | None:
        """The next request with its body; None if it is invalid or too long."""
        request = await self._head()
        if request is None or request.body_bytes is None or request.body_bytes > http_answers.MAX_BODY_BYTES:
            return None
        size = request.body_bytes
        if request.awaits_continue and len(self._received) < size:
            await self._stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._received) < size:
            self._received += await self._stream.read()
        body, self._received = self._received[:size], self._received[size:]
        return request, body

    async def drain(self) -> None:
        """Read and discard until the client closes; raises EOFError then."""
        while True:
            await self._stream.read()

    async def _head(self) -> Request | None:
        received = self._received
        while b"\r\n\r\n" not in received and len(received) <= http_answers.MAX_HEADER_BYTES:
            received += await self._stream.read()
            if received.startswith(_CLIENT_HELLO):
                return None
        head, end, self._received = received.partition(b"\r\n\r\n")
        return http_answers.parse_head(head) if end else None
