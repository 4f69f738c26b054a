"""A client in memory against the server side; a port is opened only to test the kernel's reset."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from OpenSSL import SSL
from support.pace import slowdown

from simulator.faults import Fault
from simulator.servers import tls_stream
from simulator.servers.certificates import CertificateMaker
from simulator.servers.tls_stream import TlsStream, close_politely, reset, server_context

MAKER = CertificateMaker("xks.example.com", datetime.now(UTC))
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def client_context(suites: bytes = b"DEFAULT") -> SSL.Context:
    """Accepts any certificate: `simulator.servers.certificates` has its own tests."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(suites)
    return context


def pair(fault: Fault, client: SSL.Context) -> tuple[SSL.Connection, SSL.Connection]:
    server_side = SSL.Connection(server_context(fault, MAKER.identity(Fault.GOOD)), None)
    server_side.set_accept_state()
    client_side = SSL.Connection(client, None)
    client_side.set_connect_state()
    return server_side, client_side


def shake(server_side: SSL.Connection, client_side: SSL.Connection) -> None:
    """Exchange bytes between both sides until they are done. Raises the first SSL.Error of either side."""
    waiting = True
    while waiting:
        waiting = False
        for this, other in ((client_side, server_side), (server_side, client_side)):
            try:
                this.do_handshake()
            except SSL.WantReadError:
                waiting = True
            with contextlib.suppress(SSL.WantReadError):  # it has nothing to send
                other.bio_write(this.bio_read(65_536))


@pytest.mark.parametrize(
    ("fault", "version"),
    [
        (Fault.TLS_GOOD, "TLSv1.3"),
        (Fault.AES_128_ONLY, "TLSv1.3"),
        (Fault.CLIENT_CERTIFICATE_REQUESTED, "TLSv1.3"),
        (Fault.TLS_1_1_ONLY, "TLSv1.1"),
        (Fault.TLS_1_2_ONLY, "TLSv1.2"),
    ],
)
def test_the_newest_version_is_negotiated_unless_a_fault_limits_it(fault: Fault, version: str) -> None:
    server_side, client_side = pair(fault, client_context(b"ALL:@SECLEVEL=0"))
    shake(server_side, client_side)
    assert client_side.get_protocol_version_name() == version


@pytest.mark.parametrize(
    ("fault", "group"), [(Fault.TLS_GOOD, "x25519mlkem768"), (Fault.HELLO_RETRY_REQUEST, "x25519")]
)
def test_a_post_quantum_group_is_chosen_unless_a_fault_removes_it(fault: Fault, group: str) -> None:
    server_side, client_side = pair(fault, client_context())
    shake(server_side, client_side)
    assert (client_side.get_group_name() or "").lower() == group


@pytest.mark.parametrize(
    ("newest", "agreed"), [(SSL.TLS1_2_VERSION, "TLSv1.2"), (SSL.TLS1_1_VERSION, None)], ids=["1.2", "1.1"]
)
def test_a_server_without_faults_supports_nothing_below_tls_1_2(newest: int, agreed: str | None) -> None:
    client = client_context(b"ALL:@SECLEVEL=0")
    client.set_max_proto_version(newest)
    server_side, client_side = pair(Fault.TLS_GOOD, client)
    if agreed is None:
        with pytest.raises(SSL.Error, match="unsupported protocol"):
            shake(server_side, client_side)
    else:
        shake(server_side, client_side)
        assert client_side.get_protocol_version_name() == agreed


@pytest.mark.parametrize("fault", [Fault.CLIENT_CERTIFICATE_DEMANDED, Fault.CLIENT_CERTIFICATE_REQUESTED])
def test_a_client_certificate_of_any_ca_is_accepted(fault: Fault) -> None:
    unknown_client = CertificateMaker("client.example.net", datetime.now(UTC)).identity(Fault.EXPIRED)
    client = client_context()
    client.use_privatekey(unknown_client.key)
    client.use_certificate(unknown_client.leaf)
    server_side, client_side = pair(fault, client)
    shake(server_side, client_side)
    shown = server_side.get_peer_certificate(as_cryptography=True)
    assert shown == unknown_client.leaf


@contextlib.asynccontextmanager
async def connected(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Streams]:
    """A client's streams to ``serve`` on 127.0.0.1; a failure of ``serve`` fails the test."""
    served: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except Exception as error:  # noqa: BLE001  # raised below, in the test
            served.set_exception(error)
        else:
            served.set_result(None)
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    async with asyncio.timeout(100):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            yield reader, writer
            await served
        finally:
            writer.transport.abort()
            server.close()


async def through(streams: Streams, connection: SSL.Connection, call: Callable[[], bytes]) -> bytes:
    """The result of ``call``, a method of the client's connection in memory; its bytes are sent over ``streams``."""
    reader, writer = streams
    while True:
        try:
            result = call()
        except SSL.WantReadError:
            result = None
        with contextlib.suppress(SSL.WantReadError):
            while True:
                writer.write(connection.bio_read(65_536))
        if result is not None:
            return result
        data = await reader.read(65_536)
        assert data, "the server closed without sending anything"
        connection.bio_write(data)


def a_client() -> SSL.Connection:
    client = SSL.Connection(client_context(), None)
    client.set_connect_state()
    return client


def a_stream(streams: Streams, fault: Fault = Fault.TLS_GOOD) -> TlsStream:
    return TlsStream(server_context(fault, MAKER.identity(Fault.GOOD)), *streams)


@pytest.mark.loopback
async def test_data_arrives_complete_and_ends_with_close_notify() -> None:
    """More bytes than fit one record, and one read."""
    sent = bytes(range(256)) * 1000

    async def echo(*streams: asyncio.StreamReader | asyncio.StreamWriter) -> None:
        stream = a_stream(streams)
        await stream.handshake()
        received = b""
        while len(received) < len(sent):
            received += await stream.read()
        await stream.write(received)
        await stream.close()

    async with connected(echo) as streams:
        client = a_client()
        await through(streams, client, lambda: client.do_handshake() or b"")
        await through(streams, client, lambda: bytes(client.sendall(sent)))
        received = b""
        while len(received) < len(sent):
            received += await through(streams, client, lambda: client.recv(65_536))
        with pytest.raises(SSL.ZeroReturnError):
            await through(streams, client, lambda: client.recv(65_536))
        assert received == sent


@pytest.mark.loopback
@pytest.mark.parametrize("with_close_notify", [True, False], ids=["with close_notify", "only FIN"])
async def test_a_client_that_closes_gives_eof(with_close_notify: bool) -> None:
    async def wait_for_the_end(*streams: asyncio.StreamReader | asyncio.StreamWriter) -> None:
        stream = a_stream(streams)
        await stream.handshake()
        with pytest.raises(EOFError):
            await stream.read()

    async with connected(wait_for_the_end) as streams:
        client = a_client()
        await through(streams, client, lambda: client.do_handshake() or b"")
        if with_close_notify:
            client.shutdown()
            await through(streams, client, bytes)
        else:
            streams[1].write_eof()


@pytest.mark.loopback
async def test_a_handshake_that_fails_sends_its_alert_before_it_raises() -> None:
    async def refuse(*streams: asyncio.StreamReader | asyncio.StreamWriter) -> None:
        with pytest.raises(SSL.Error, match="unsupported protocol"):
            await a_stream(streams, Fault.TLS_1_1_ONLY).handshake()

    async with connected(refuse) as streams:
        client = a_client()
        with pytest.raises(SSL.Error, match="alert protocol version"):
            await through(streams, client, lambda: client.do_handshake() or b"")


@pytest.mark.loopback
async def test_unread_data_does_not_turn_a_graceful_close_into_a_reset() -> None:
    async with connected(close_politely) as (reader, writer):
        writer.write(b"x" * 200_000)
        assert await reader.read() == b""
        writer.write_eof()


@pytest.mark.loopback
async def test_a_graceful_close_waits_only_for_a_limited_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tls_stream, "_CLOSING_S", 0.05)
    took_s: list[float] = []

    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began_s = time.monotonic()
        await close_politely(reader, writer)
        took_s.append(time.monotonic() - began_s)

    async with connected(end) as (reader, _writer):  # the client stays open
        assert await reader.read() == b""
    assert 0.05 <= took_s[0] < slowdown()


@pytest.mark.loopback
async def test_a_reset_closes_with_a_tcp_reset() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        reset(writer)

    async with connected(serve) as (reader, writer):
        writer.write(b"x")
        with pytest.raises(ConnectionResetError):
            await reader.read()
