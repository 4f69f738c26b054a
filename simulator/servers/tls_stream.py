"""TLS on asyncio streams by pyOpenSSL memory BIOs, because `ssl` cannot produce all faults."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from OpenSSL import SSL

from simulator.faults import Fault
from simulator.servers.certificates import Identity

_T = TypeVar("_T")
_CHUNK_BYTES = 16_384
_CLOSING_S = 1.0
_MAX_DRAINED_CHUNKS = 64


def server_context(handshake: Fault, identity: Identity) -> SSL.Context:
    """The server side of TLS 1.2 and 1.3, or with the fault ``handshake`` (one of `faults.HANDSHAKE`)."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.use_privatekey(identity.key)
    context.use_certificate(identity.leaf)
    for certificate in identity.intermediates:
        context.add_extra_chain_cert(certificate)
    match handshake:
        case Fault.AES_128_ONLY:
            context.set_cipher_list(b"ECDHE-ECDSA-AES128-GCM-SHA256")
            context.set_tls13_ciphersuites(b"TLS_AES_128_GCM_SHA256")
        case Fault.TLS_1_1_ONLY:
            context.set_cipher_list(
                b"ALL:@SECLEVEL=0"
            )  # TLS 1.1 signs with SHA-1, which higher security levels refuse
            context.set_min_proto_version(SSL.TLS1_1_VERSION)
            context.set_max_proto_version(SSL.TLS1_1_VERSION)
        case Fault.TLS_1_2_ONLY:
            context.set_max_proto_version(SSL.TLS1_2_VERSION)
        case Fault.HELLO_RETRY_REQUEST:
            _set_groups(context, b"X25519:P-256")
        case Fault.CLIENT_CERTIFICATE_DEMANDED:
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _accept_any)
        case Fault.CLIENT_CERTIFICATE_REQUESTED:
            context.set_verify(SSL.VERIFY_PEER, _accept_any)
        case _:
            pass
    return context


def _set_groups(context: SSL.Context, groups: bytes) -> None:
    # pyOpenSSL has no public function for this.
    library: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001 (see above)
    if library.SSL_CTX_set1_curves_list(context._context, groups) != 1:  # noqa: SLF001 (see above)
        raise RuntimeError("OpenSSL rejects the list of groups")


def _accept_any(*_: object) -> bool:
    return True


class TlsStream:
    """TLS on one connection. Network failures are ConnectionError, EOFError or SSL.Error."""

    def __init__(
        self, context: SSL.Context, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._connection = SSL.Connection(context, None)
        self._connection.set_accept_state()
        self._reader = reader
        self._writer = writer

    async def handshake(self, received: bytes = b"") -> None:
        """``received`` is what was already read from the connection."""
        if received:
            self._connection.bio_write(received)
        await self._run(self._connection.do_handshake)

    async def read(self) -> bytes:
        """Some bytes. Raises EOFError at the end."""
        try:
            return await self._run(lambda: self._connection.recv(_CHUNK_BYTES))
        except SSL.ZeroReturnError as error:
            raise EOFError from error

    async def write(self, data: bytes) -> None:
        await self._run(lambda: self._connection.sendall(data))

    async def close(self) -> None:
        with suppress(SSL.Error):
            self._connection.shutdown()
        await self._flush()

    async def _run(self, call: Callable[[], _T]) -> _T:
        while True:
            try:
                result = call()
            except SSL.WantReadError:
                await self._flush()
                data = await self._reader.read(_CHUNK_BYTES)
                if not data:
                    raise EOFError from None
                self._connection.bio_write(data)
            except SSL.Error:
                await self._flush()  # sends the alert
                raise
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        with suppress(SSL.WantReadError):
            while data := self._connection.bio_read(_CHUNK_BYTES):
                self._writer.write(data)
        await self._writer.drain()


async def close_politely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send EOF, read what is still arriving, then close: closing with unread data would send a reset."""
    with suppress(OSError, TimeoutError):
        if writer.can_write_eof():
            writer.write_eof()
        async with asyncio.timeout(_CLOSING_S):
            for _ in range(_MAX_DRAINED_CHUNKS):
                if not await reader.read(_CHUNK_BYTES):
                    break
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a TCP reset, by a linger time of zero (socket(7))."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
