"""The lab's TLS and HTTP server, on all addresses of the simulation, in a separate process."""

import asyncio
import os
import signal
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.handshakes import SERVER_NAME
from bench.lab import Lab, in_child
from simulator.faults import Fault
from simulator.network import namespaces
from simulator.servers.certificates import CertificateMaker, Identity

HTTP_PORT, TLS_PORT, CHAIN_PORT = 8080, 8443, 9443
# Header and body in one write, so that the response is one segment with one timestamp.
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
_BACKLOG = 4096
_MAX_HEADER_BYTES = 16_384


@contextmanager
def serving(lab: Lab, keep: Path) -> Iterator[None]:
    """Listens before the block begins. The private key is in ``keep``; its CA is used only in the lab."""
    pem = keep / "server.pem"
    write_identity(pem)
    plain, over_tls = _listen(lab, HTTP_PORT), _listen(lab, TLS_PORT)
    child = in_child(lambda: asyncio.run(_serve({plain: None, over_tls: server_context(pem)})))
    plain.close()
    over_tls.close()
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@contextmanager
def serving_chain(lab: Lab, keep: Path, root: Path) -> Iterator[None]:
    """Like `serving`, on `CHAIN_PORT` only: the server sends leaf and intermediate, as XKS proxies do.

    All keys are P-256. The root certificate is written to ``root``.
    """
    pem = keep / "chain.pem"
    write_chain(pem, root)
    over_tls = _listen(lab, CHAIN_PORT)
    child = in_child(lambda: asyncio.run(_serve({over_tls: server_context(pem)})))
    over_tls.close()
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def write_chain(pem: Path, root: Path) -> None:
    """Write a key, its certificate and the intermediate CA's to ``pem``, and the root CA's to ``root``."""
    maker = CertificateMaker(SERVER_NAME)
    root.write_bytes(maker.root_pem())
    _write(pem, maker.identity(Fault.GOOD))


def write_identity(pem: Path) -> None:
    """Write a P-256 key and only the leaf: the server's flight then fits one segment (1,448 bytes)."""
    _write(pem, CertificateMaker(SERVER_NAME).identity(Fault.MISSING_INTERMEDIATE))


def _write(pem: Path, identity: Identity) -> None:
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.touch(mode=0o600)
    certificates = (identity.leaf, *identity.intermediates)
    pem.write_bytes(key + b"".join(each.public_bytes(Encoding.PEM) for each in certificates))


def server_context(pem: Path) -> ssl.SSLContext:
    """TLS 1.3 without session tickets: the server sends nothing but responses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.load_cert_chain(pem)
    return context


def _listen(lab: Lab, port: int) -> socket.socket:
    """Listen in the simulation's namespace: a socket belongs to the namespace in which it was created."""
    namespaces.enter_network(lab.simulation)
    try:
        return socket.create_server(("0.0.0.0", port), backlog=_BACKLOG)
    finally:
        namespaces.enter_network(lab.agent)


async def _serve(listening: Mapping[socket.socket, ssl.SSLContext | None]) -> None:
    for sock, context in listening.items():
        await asyncio.start_server(answer, sock=sock, limit=_MAX_HEADER_BYTES, ssl=context)
    await asyncio.Event().wait()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests until the client closes; send nothing else, not even close_notify."""
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
