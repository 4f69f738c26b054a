"""TLS servers on free ports of 127.0.0.1: `openssl s_server`, and sockets with answers that OpenSSL never sends."""

import contextlib
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from OpenSSL import SSL
from support.tls.certificates import Chain

_ENDED_WITHIN_S = 200.0
_READ_BYTES = 65536
Serve = Callable[[socket.socket], None]


@dataclass(frozen=True, kw_only=True)
class Server:
    """``openssl s_server``, which may still be starting."""

    process: "subprocess.Popen[str]"
    folder: Path

    def port(self) -> int:
        """The port that the server chose, from its line "ACCEPT 127.0.0.1:PORT"."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("ACCEPT "):
                return int(line.rpartition(":")[2])
        raise AssertionError(f"openssl did not start: {(self.folder / 'stderr').read_text()}")


@contextlib.contextmanager
def openssl(folder: Path, chain: Chain, *arguments: str) -> Iterator[Server]:
    """A server that sends ``chain`` unchanged, and answers GET with a page if an argument is -www."""
    folder.mkdir()
    (folder / "leaf.pem").write_text(chain[0].pem)
    (folder / "key.pem").write_bytes(chain[0].key_pem)
    (folder / "rest.pem").write_text("".join(each.pem for each in chain[1:]))
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "leaf.pem", "-key", "key.pem"]
    command += ["-no-CAfile", "-no-CApath", "-no-CAstore"]
    command += ["-cert_chain", "rest.pem"] if chain[1:] else []
    with (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=folder,
            stdin=subprocess.PIPE,  # stays open, because the server ends at the end of its input
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield Server(process=process, folder=folder)
    finally:
        process.kill()
        process.communicate(timeout=_ENDED_WITHIN_S)


def says(answer: bytes) -> Serve:
    """A server that sends ``answer`` after the first bytes that it receives, whatever they are."""

    def serve(connection: socket.socket) -> None:
        connection.recv(_READ_BYTES)
        connection.sendall(answer)
        stays_silent(connection)

    return serve


def stays_silent(connection: socket.socket) -> None:
    """Read until the client closes the connection."""
    while connection.recv(_READ_BYTES):
        pass


def closes(connection: socket.socket) -> None:
    connection.recv(_READ_BYTES)


def resets(connection: socket.socket) -> None:
    connection.recv(_READ_BYTES)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def trickles(connection: socket.socket) -> None:
    """Send the beginning of a long record, one byte per second."""
    connection.recv(_READ_BYTES)
    for byte in b"\x16\x03\x03\x40\x00" + bytes(100):
        connection.sendall(bytes([byte]))
        time.sleep(1.0)


def first_flight_only(chain: Chain, folder: Path, *, asks: bool = False) -> Serve:
    """A TLS 1.2 server that resets the connection instead of sending its second flight.

    If ``asks``, it requests a client certificate in its first flight.
    """
    context = _context(chain, folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL if asks else ssl.CERT_NONE

    def serve(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(connection.recv(_READ_BYTES))
        with contextlib.suppress(ssl.SSLError):  # it wants to read, or there is no suite in common
            session.do_handshake()
        connection.sendall(outgoing.read())
        resets(connection)

    return serve


def by_name(chains: dict[str, Chain], folder: Path) -> Serve:
    """A server with one certificate per name; it rejects other names."""
    contexts = {name: _context(chain, folder) for name, chain in chains.items()}

    def choose(session: Any, name: str | None, _: ssl.SSLContext) -> int | None:
        if name not in contexts:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        session.context = contexts[name]
        return None

    front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    front.sni_callback = choose

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError), front.wrap_socket(connection, server_side=True) as secured:
            secured.recv(_READ_BYTES)

    return serve


def with_groups(groups: bytes, chain: Chain) -> Serve:
    """A server that supports only ``groups``. pyOpenSSL's library has the newest ones, Debian's OpenSSL lacks them."""
    context = SSL.Context(SSL.TLS_METHOD)
    library: Any = SSL._lib
    assert library.SSL_CTX_set1_curves_list(context._context, groups) == 1
    context.use_privatekey(chain[0].key)
    leaf, *rest = (x509.load_der_x509_certificate(each.der) for each in chain)
    context.use_certificate(leaf)
    for each in rest:
        context.add_extra_chain_cert(each)

    def serve(connection: socket.socket) -> None:
        connection.setblocking(True)
        session = SSL.Connection(context, connection)
        session.set_accept_state()
        with contextlib.suppress(SSL.Error):
            session.do_handshake()
            session.recv(_READ_BYTES)

    return serve


def _context(chain: Chain, folder: Path) -> ssl.SSLContext:
    file = folder / "server.pem"
    file.write_bytes(chain[0].key_pem + "".join(each.pem for each in chain).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
