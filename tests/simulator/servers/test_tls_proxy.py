"""One proxy on 127.0.0.1, tested with clients that use Python's `ssl`."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from support.network.xks_requests import HEALTH, signed

from simulator.faults import Fault
from simulator.servers import http_answers, tls_proxy
from simulator.servers.certificates import CertificateMaker
from simulator.servers.tls_proxy import Faults, ProxyAnswers, TlsProxy
from simulator.servers.xks_answers import XksProxy

pytestmark = pytest.mark.loopback

NAME = "xks.example.com"
PATH = "/a/kms/xks/v1/health"
ANSWERS = ProxyAnswers(
    certificates=CertificateMaker(NAME, datetime.now(UTC)),
    proxy=XksProxy(prefix="/a", key_managers=("hsm-1",)),
)
CLIENT_HELLO = bytes.fromhex("16 0301 0005 01 000001 00")  # too short to be valid
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def a_proxy(reach: Fault = Fault.ALIVE) -> TlsProxy:
    return TlsProxy(ANSWERS, Faults(reachability=reach))


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ANSWERS.certificates.root_pem().decode())


@asynccontextmanager
async def listening(proxy: TlsProxy) -> AsyncIterator[int]:
    """The proxy's port; all its tasks must end with the test."""
    before = asyncio.all_tasks()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        async with asyncio.timeout(100):
            yield server.sockets[0].getsockname()[1]
            await asyncio.gather(*(asyncio.all_tasks() - before))
    finally:
        server.close()


@asynccontextmanager
async def connected(port: int, context: ssl.SSLContext | None) -> AsyncIterator[Streams]:
    name = NAME if context else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    try:
        yield reader, writer
    finally:
        with suppress(AttributeError):  # Python 3.11.2: the transport of a lost connection has no protocol
            writer.transport.abort()


def post(body: bytes, *, length: int | None = None, more: str = "") -> bytes:
    content_length = len(body) if length is None else length
    of = signed(PATH, body, host=NAME, at_s=time.time())
    headers = "".join(f"{name}: {value}\r\n" for name, value in of.headers)
    return f"POST {PATH} HTTP/1.1\r\nContent-Length: {content_length}\r\n{headers}{more}\r\n".encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status of the next response, and whether another may follow."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    _, _, rest = head.partition("Content-Length: ")
    await reader.readexactly(int(rest.split()[0]))
    return int(head.split()[1]), "Connection: keep-alive" in head


async def test_one_connection_carries_many_requests_however_they_are_split() -> None:
    async with listening(a_proxy()) as port, connected(port, trusting()) as (reader, writer):
        for _ in range(3):
            request = post(HEALTH)
            for part in (request[:10], request[10:-5], request[-5:]):
                writer.write(part)
                await writer.drain()
            assert await answer(reader) == (200, True)
        writer.write(post(HEALTH, more="Connection: close\r\n"))
        assert await answer(reader) == (200, False)
        assert await reader.read() == b""


HEAD = b"GET / HTTP/1.1\r\nX: "


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        # A signature is valid for five minutes, so requests are signed when the test runs.
        # A body at the limit is read completely, but it is not a valid health request.
        (lambda: post(b"x" * http_answers.MAX_BODY_BYTES), (400, True)),
        (lambda: post(b"", length=http_answers.MAX_BODY_BYTES + 1), (400, False)),
        (lambda: HEAD.ljust(http_answers.MAX_HEADER_BYTES - 4, b"x") + b"\r\n\r\n", (404, True)),
        (lambda: HEAD.ljust(http_answers.MAX_HEADER_BYTES + 1, b"x"), (400, False)),
        (lambda: b"not HTTP\r\n\r\n", (400, False)),
    ],
    ids=[
        "body at the limit",
        "body above the limit",
        "header at the limit",
        "header above the limit",
        "not HTTP",
    ],
)
async def test_an_invalid_or_too_long_request_is_rejected_and_the_connection_closed(
    request_: Callable[[], bytes], status: tuple[int, bool]
) -> None:
    async with listening(a_proxy()) as port, connected(port, trusting()) as (reader, writer):
        writer.write(request_())
        assert await answer(reader) == status
        if not status[1]:
            assert await reader.read() == b""


def agreed(streams: Streams) -> tuple[str, str]:
    """The common name of the certificate, and the cipher."""
    secured = streams[1].get_extra_info("ssl_object")
    subject = dict(pair for names in secured.getpeercert()["subject"] for pair in names)
    return subject["commonName"], secured.cipher()[0]


async def test_a_fault_replaces_only_its_group_and_open_connections_keep_their_tls() -> None:
    proxy, without_name_check = a_proxy(), trusting()
    without_name_check.check_hostname = False
    async with listening(proxy) as port, connected(port, without_name_check) as before:
        proxy.set_fault(Fault.AES_128_ONLY)
        proxy.set_fault(Fault.WRONG_COMMON_NAME)
        async with connected(port, without_name_check) as after:
            assert agreed(after) == ("other.example.net", "TLS_AES_128_GCM_SHA256")
        proxy.set_fault(Fault.TLS_GOOD)
        async with connected(port, without_name_check) as repaired:
            assert agreed(repaired) == ("other.example.net", "TLS_AES_256_GCM_SHA384")
        before[1].write(post(HEALTH))
        assert await answer(before[0]) == (200, True)
        assert agreed(before) == (NAME, "TLS_AES_256_GCM_SHA384")


async def test_a_reset_follows_the_hello_until_the_fault_is_removed() -> None:
    proxy = a_proxy(Fault.RESET)
    async with listening(proxy) as port:
        with pytest.raises(ConnectionResetError):
            async with connected(port, trusting()):
                pass
        proxy.set_fault(Fault.ALIVE)
        async with connected(port, trusting()) as (reader, writer):
            writer.write(post(HEALTH))
            assert await answer(reader) == (200, True)


async def test_clients_over_the_limit_are_reset_until_one_disconnects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tls_proxy, "_MAX_CONNECTIONS", 2)
    ours = asyncio.all_tasks()
    async with listening(a_proxy()) as port, AsyncExitStack() as held:
        first = await held.enter_async_context(connected(port, trusting()))
        await held.enter_async_context(connected(port, trusting()))
        serving = asyncio.all_tasks() - ours
        with pytest.raises(ConnectionResetError):
            async with connected(port, trusting()):
                pass
        first[1].write(post(HEALTH, more="Connection: close\r\n"))
        assert await answer(first[0]) == (200, False)
        first[1].close()
        await first[1].wait_closed()
        await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
        async with connected(port, trusting()) as (reader, writer):
            writer.write(post(HEALTH))
            assert await answer(reader) == (200, True)


@pytest.mark.parametrize("first_bytes", [b"", b"GET / HTTP/1.1\r\n\r\n"], ids=["nothing", "plain HTTP"])
async def test_a_client_without_a_handshake_is_disconnected_and_the_next_is_served(
    monkeypatch: pytest.MonkeyPatch, first_bytes: bytes
) -> None:
    monkeypatch.setattr(tls_proxy, "_HANDSHAKE_S", 1.0 if first_bytes else 0.05)
    proxy = a_proxy()
    async with listening(proxy) as port:
        async with connected(port, None) as (reader, writer):
            writer.write(first_bytes)
            assert await reader.read() == b""
        monkeypatch.setattr(tls_proxy, "_HANDSHAKE_S", 60.0)  # a busy machine takes long for one
        async with connected(port, trusting()) as (reader, writer):
            writer.write(post(HEALTH))
            assert await answer(reader) == (200, True)


async def test_a_client_that_is_idle_between_requests_is_disconnected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening(a_proxy()) as port, connected(port, trusting()) as (reader, writer):
        monkeypatch.setattr(tls_proxy, "_IDLE_S", 0.05)
        writer.write(post(HEALTH))
        assert await answer(reader) == (200, True)
        assert await reader.read() == b""


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with listening(a_proxy()) as port, connected(port, trusting()) as (reader, writer):
        writer.write(post(HEALTH) + post(b"{}") + post(HEALTH, more="Connection: close\r\n"))
        assert [await answer(reader) for _ in range(3)] == [(200, True), (400, True), (200, False)]
        assert await reader.read() == b""


async def test_a_new_fault_applies_from_the_next_request() -> None:
    proxy = a_proxy()
    async with listening(proxy) as port, connected(port, trusting()) as (reader, writer):
        for fault, status in ((Fault.THROTTLING, 429), (Fault.INTERNAL, 500), (Fault.HEALTHY, 200)):
            proxy.set_fault(fault)
            writer.write(post(HEALTH))
            assert await answer(reader) == (status, True)


async def test_head_gets_no_body_and_the_connection_stays_open() -> None:
    async with listening(a_proxy()) as port, connected(port, trusting()) as (reader, writer):
        writer.write(b"HEAD / HTTP/1.1\r\n\r\n" + post(HEALTH))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert await answer(reader) == (200, True)


async def test_a_silent_proxy_reads_until_the_client_closes() -> None:
    proxy = a_proxy()
    proxy.set_fault(Fault.SILENT_HTTP)
    async with listening(proxy) as port, connected(port, trusting()) as (reader, writer):
        writer.write(post(HEALTH))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)


async def test_a_proxy_can_close_without_a_response() -> None:
    proxy = a_proxy()
    proxy.set_fault(Fault.CLOSES)
    async with listening(proxy) as port, connected(port, trusting()) as (reader, writer):
        writer.write(post(HEALTH))
        assert await reader.read() == b""


async def test_a_slow_proxy_responds_late_but_correctly() -> None:
    proxy = a_proxy()
    proxy.set_fault(Fault.SLOW_220_MS)
    async with listening(proxy) as port, connected(port, trusting()) as (reader, writer):
        writer.write(post(HEALTH))
        before_s = time.monotonic()
        assert await answer(reader) == (200, True)
        assert time.monotonic() - before_s >= 0.2


async def test_without_tls_it_answers_http_and_refuses_a_hello() -> None:
    proxy = a_proxy()
    proxy.set_fault(Fault.PLAIN_HTTP)
    async with listening(proxy) as port:
        async with connected(port, None) as (reader, writer):
            writer.write(post(HEALTH))
            assert await answer(reader) == (200, True)
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version.number"):
            async with connected(port, trusting()):
                pass


async def test_the_date_and_the_signature_check_use_the_proxys_clock() -> None:
    proxy = a_proxy()
    proxy.set_fault(Fault.CLOCK_WRONG)
    async with listening(proxy) as port, connected(port, trusting()) as (reader, writer):
        writer.write(post(HEALTH))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        date = next(line[6:] for line in head.split("\r\n") if line.startswith("Date: "))
        assert head.startswith("HTTP/1.1 401 ")
        assert 590 < parsedate_to_datetime(date).timestamp() - time.time() < 610


async def hello_answered(port: int, first: bytes, size: int = 64) -> bytes:
    """What a proxy sends after these first bytes; empty if it closes."""
    async with connected(port, None) as (reader, writer):
        writer.write(first)
        return await reader.read(size)


async def test_a_proxy_can_expect_a_proxy_protocol_header_before_tls() -> None:
    proxy = a_proxy()
    proxy.set_fault(Fault.EXPECTS_PROXY_HEADER)
    async with listening(proxy) as port:
        assert await hello_answered(port, CLIENT_HELLO) == b""
        answer = await hello_answered(port, b"PROXY TCP4 10.0.0.1 10.0.0.2 1 443\r\n" + CLIENT_HELLO)
        assert answer[:1] == b"\x15"  # an alert: the header was read, and this ClientHello is not valid


async def test_a_proxy_can_refuse_every_server_name() -> None:
    proxy = a_proxy()
    proxy.set_fault(Fault.OTHER_NAMES_ONLY)
    async with listening(proxy) as port:
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
            async with connected(port, trusting()):
                pass


async def test_a_proxy_can_be_silent_in_the_handshake() -> None:
    proxy = a_proxy()
    proxy.set_fault(Fault.SILENT_TLS)
    async with listening(proxy) as port:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(hello_answered(port, CLIENT_HELLO), 0.1)


LARGE_HELLO = b"\x16\x03\x01\x05\xb9" + bytes(1465)


@pytest.mark.parametrize(
    ("fault", "received"),
    [(Fault.LARGE_HELLO_ALERT, b"\x15\x03\x03\x00\x02\x02\x50"), (Fault.LARGE_HELLO_DROPPED, b"")],
)
async def test_only_a_large_client_hello_is_refused(fault: Fault, received: bytes) -> None:
    proxy = a_proxy()
    proxy.set_fault(fault)
    async with listening(proxy) as port:
        async with connected(port, trusting()) as (reader, writer):  # Debian's OpenSSL sends a small one
            writer.write(post(HEALTH, more="Connection: close\r\n"))
            assert await answer(reader) == (200, False)
        async with connected(port, None) as (reader, writer):
            writer.write(LARGE_HELLO)
            writer.write_eof()
            assert await reader.read() == received
