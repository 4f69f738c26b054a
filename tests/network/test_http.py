"""HTTP exchanges on loopback: durations, kinds of failures, and hostile servers."""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.network.fakes import SteppedClock

from probe.model.measurements import Failure, Phase, Reason, Timestamps
from probe.network import Network, kernel
from probe.network.clock import INVALID_SAMPLE, SYSTEM_CLOCK
from probe.network.http import (
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES,
    Chunk,
    HttpConnection,
    HttpRequest,
    HttpResponse,
)
from probe.network.stamped import StampedSocket
from probe.network.tls_session import TlsRefused

pytestmark = pytest.mark.loopback
NAME = "xks.example.com"
SIGNED = "AWS4-HMAC-SHA256 Credential=marker"
POST = HttpRequest(
    method="POST",
    target="/kms/xks/v1/health",
    headers=(("Host", NAME), ("Content-Length", "2"), ("Authorization", SIGNED)),
    body=b"{}",
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
Serve = Callable[[socket.socket], None]


def sends(*parts: bytes, pause_s: float = 0.0) -> Serve:
    """A server that reads a request and sends ``parts``, each after a pause, then closes."""

    def serve(connection: socket.socket) -> None:
        if connection.recv(65536):
            for part in parts:
                time.sleep(pause_s)
                connection.sendall(part)

    return serve


async def ask(
    port: int, *, timeout_s: float = 2.0, clock: Any = SYSTEM_CLOCK, times: int = 1
) -> HttpResponse:
    """The last of ``times`` responses over one plain connection."""
    network = Network(clock=clock)
    connection = await network.connect("127.0.0.1", port)
    try:
        channel = network.plain_channel(connection)
        for _ in range(times):
            answer = await channel.exchange(POST, timeout_s=timeout_s)
        return answer
    finally:
        connection.close()
        network.close()


async def ask_over_tls(port: int, *, timeout_s: float = 2.0) -> HttpResponse:
    network = Network()
    connection = await network.connect("127.0.0.1", port)
    try:
        shaken, channel = await network.tls_channel(connection, NAME)
        assert channel is not None, shaken
        answer = await channel.exchange(POST, timeout_s=timeout_s)
        await channel.close()
        return answer
    finally:
        connection.close()
        network.close()


async def test_a_response_is_read_completely_with_kernel_timestamps(tcp_server: Any) -> None:
    answer = await ask(tcp_server(sends(OK, pause_s=0.05)))

    assert (answer.status, answer.body, answer.failure) == (200, b"hi", None)
    assert answer.headers == (("content-length", "2"),)
    assert answer.timestamps is Timestamps.KERNEL
    assert answer.phases_s[Phase.WAIT] >= 0.05
    assert answer.phases_s[Phase.RECEIVE] == 0.0
    assert not answer.wait_is_upper_bound
    assert answer.is_reusable


async def test_wait_ends_with_the_first_byte_and_receive_with_the_last(tcp_server: Any) -> None:
    answer = await ask(tcp_server(sends(OK[:20], OK[20:], pause_s=0.1)))

    assert answer.phases_s[Phase.WAIT] >= 0.1
    assert answer.phases_s[Phase.RECEIVE] >= 0.1  # so the wait did not last until the last byte
    assert not answer.wait_is_upper_bound


BLOCKED_S = 0.6  # far longer than a busy machine delays the server


async def while_blocked(answering: Awaitable[HttpResponse], blocked_s: float) -> HttpResponse:
    """The response, while another task repeatedly blocks the event loop for ``blocked_s``."""

    async def load() -> None:
        while True:
            time.sleep(blocked_s)  # noqa: ASYNC251 (blocking the loop is intended)
            await asyncio.sleep(0)

    busy = asyncio.create_task(load())
    try:
        return await answering
    finally:
        busy.cancel()


async def test_a_busy_loop_does_not_lengthen_an_exchange(tcp_server: Any) -> None:
    answer = await while_blocked(ask(tcp_server(sends(OK, pause_s=0.02)), timeout_s=100), BLOCKED_S)

    assert answer.timestamps is Timestamps.KERNEL
    assert answer.phases_s[Phase.WAIT] < BLOCKED_S / 2
    assert not answer.wait_is_upper_bound


async def test_user_space_timestamps_would_be_lengthened_by_a_busy_loop(
    tcp_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "read_stamp", lambda _data: None)
    answer = await while_blocked(ask(tcp_server(sends(OK, pause_s=0.02)), timeout_s=100), BLOCKED_S)

    assert answer.timestamps is Timestamps.USER
    # So the test above would fail with timestamps taken in Python.
    assert answer.phases_s[Phase.WAIT] > BLOCKED_S / 2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_busy_loop_does_not_lengthen_an_exchange_over_tls(
    authority: Any, tcp_server: Any, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue(NAME).write(tmp_path))
    context.minimum_version = context.maximum_version = version
    context.num_tickets = 0

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            if secured.recv(4096):
                time.sleep(0.02)
                secured.sendall(OK)

    answer = await while_blocked(ask_over_tls(tcp_server(serve), timeout_s=100), BLOCKED_S)

    assert answer.timestamps is Timestamps.KERNEL
    assert answer.phases_s[Phase.WAIT] < BLOCKED_S / 2
    assert not answer.wait_is_upper_bound


async def test_merged_segments_make_the_wait_an_upper_bound(tcp_server: Any) -> None:
    port = tcp_server(sends(OK[:20], OK[20:30], OK[30:], pause_s=0.03))
    answer = await while_blocked(ask(port, timeout_s=10), 0.3)

    assert answer.body == b"hi"
    assert answer.wait_is_upper_bound


@pytest.mark.parametrize("tickets", [0, 2])
async def test_session_tickets_before_a_response_are_not_part_of_it(
    authority: Any, tls_server: Any, tickets: int
) -> None:
    def configure(context: ssl.SSLContext) -> None:
        context.num_tickets = tickets

    answer = await ask_over_tls(tls_server(authority.issue(NAME), configure, OK))

    assert (answer.status, answer.body) == (200, b"hi")
    assert answer.phases_s[Phase.WAIT] > 0


async def test_a_second_exchange_is_warm(tcp_server: Any) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(OK)

    answer = await ask(tcp_server(serve), times=3)

    assert (answer.status, answer.failure, answer.is_reusable) == (200, None, True)


@pytest.mark.parametrize("step_ns", [20_000_000, -20_000_000], ids=["forward", "backward"])
async def test_a_clock_step_leaves_a_response_without_durations(tcp_server: Any, step_ns: int) -> None:
    answer = await ask(tcp_server(sends(OK)), clock=SteppedClock(step_ns))

    assert (answer.status, answer.failure) == (200, None)
    assert (answer.phases_s, answer.timestamps) == ({}, None)


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("parts", "phase", "reason", "status"),
    [
        ((), Phase.WAIT, Reason.CLOSED, None),
        ((HEAD,), Phase.RECEIVE, Reason.CLOSED, None),
        ((HEAD + b"Content-Length: 5\r\n\r\nhi",), Phase.RECEIVE, Reason.CLOSED, 200),
        ((b"SSH-2.0-OpenSSH\r\n\r\n",), Phase.RECEIVE, Reason.PROTOCOL_ERROR, None),
        ((HEAD + b"Content-Length: x\r\n\r\n",), Phase.RECEIVE, Reason.PROTOCOL_ERROR, None),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",), Phase.RECEIVE, Reason.PROTOCOL_ERROR, 200),
        ((HEAD + b"A: " + b"x" * 2 * MAX_HEADER_BYTES,), Phase.RECEIVE, Reason.OVER_LIMIT, None),
        ((HEAD + b"\r\n" + b"x" * (MAX_BODY_BYTES + 1),), Phase.RECEIVE, Reason.OVER_LIMIT, 200),
    ],
    ids=[
        "nothing", "half a header", "half a body", "another protocol", "bad length", "bad chunk", "long header",
        "long body",
    ],
)  # fmt: skip
async def test_an_invalid_response_has_a_phase_and_a_reason(
    tcp_server: Any, parts: tuple[bytes, ...], phase: Phase, reason: Reason, status: int | None
) -> None:
    answer = await ask(tcp_server(sends(*parts)))

    assert answer.failure is not None
    assert (answer.failure.phase, answer.failure.reason) == (phase, reason)
    assert answer.status == status
    assert len(answer.body) <= MAX_BODY_BYTES
    assert not answer.is_reusable


NOT_HTTP = {
    "a banner without an empty line": b"SSH-2.0-OpenSSH_9.2\r\n",
    "frames of HTTP/2": bytes.fromhex("000006 04 00 00000000 000300000080"),
    "HTTP/2 in words": b"HTTP/2 200 OK\r\n\r\n",
    "almost HTTP": b"HTTQ/1.1 200 OK\r\n\r\n",
    "a TLS record": bytes.fromhex("1603010200"),
}


@pytest.mark.parametrize("wire", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_a_response_that_is_not_http_is_recognised_before_its_server_closes(
    tcp_server: Any, wire: bytes
) -> None:
    def serve(connection: socket.socket) -> None:
        sends(wire)(connection)
        connection.recv(1)  # until the client closes

    answer = await ask(tcp_server(serve), timeout_s=60)

    detail = "the response is not HTTP/1.1"
    assert answer.failure == Failure(phase=Phase.RECEIVE, reason=Reason.PROTOCOL_ERROR, detail=detail)
    assert answer.not_http == wire[:64]


@pytest.mark.parametrize(
    "wire",
    [b"", b"H", b"HTTP/1.", HEAD[:-2], HEAD, b"http/1.1 200 OK\r\n\r\n", b"\r\n" + OK],
    ids=[
        "nothing",
        "a byte",
        "half a version",
        "no line end",
        "half a header",
        "lower case",
        "an empty line first",
    ],
)
async def test_a_response_that_begins_as_http_is_not_taken_for_another_protocol(
    tcp_server: Any, wire: bytes
) -> None:
    answer = await ask(tcp_server(sends(wire)))

    assert answer.failure is not None
    assert answer.not_http == b""


@pytest.mark.parametrize(("more", "is_over"), [(0, False), (1, True)], ids=["at the limit", "above"])
@pytest.mark.parametrize("part_bytes", [1000, 100_000], ids=["in parts", "at once"])
async def test_the_size_of_a_header_is_limited_however_it_arrives(
    part_bytes: int, more: int, *, is_over: bool
) -> None:
    end = b"\r\nContent-Length: 0\r\n\r\n"
    wire = HEAD + b"X: ".ljust(MAX_HEADER_BYTES + more - len(HEAD) - len(end), b"y") + end
    parts = [Chunk(wire[i : i + part_bytes], ended=False) for i in range(0, len(wire), part_bytes)]

    answer = await exchange(HttpConnection(Scripted(*parts), SYSTEM_CLOCK))

    assert (answer.status, answer.failure is not None) == ((None, True) if is_over else (200, False))
    if answer.failure is not None:
        assert answer.failure.reason is Reason.OVER_LIMIT
        assert answer.failure.detail == "the header is larger than 16384 bytes"


@pytest.mark.parametrize(
    ("wire", "is_malformed", "detail"),
    [
        (HEAD + b"X Y: a\r\n\r\n", True, "not valid HTTP/1.1: illegal header line: 'X Y: a'"),
        (HEAD + b"Content-Length: +2\r\n\r\nhi", True, "not valid HTTP/1.1: bad Content-Length"),
        (
            HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
            True,
            "not valid HTTP/1.1: bad Content-Length",
        ),
        (HEAD + b"X: " + b"y" * MAX_HEADER_BYTES, False, "the header is larger than 16384 bytes"),
        (b"SSH-2.0-x\r\n", False, "the response is not HTTP/1.1"),
    ],
)
async def test_malformed_http_is_told_from_other_failures(
    tcp_server: Any, wire: bytes, detail: str, *, is_malformed: bool
) -> None:
    answer = await ask(tcp_server(sends(wire)))

    assert answer.failure is not None
    assert (answer.is_malformed, answer.failure.detail) == (is_malformed, detail)


async def test_a_trailer_that_is_too_large_is_not_called_a_header(tcp_server: Any) -> None:
    trailer = b"0\r\nT: " + b"x" * 2 * MAX_HEADER_BYTES
    answer = await ask(tcp_server(sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + trailer)))

    assert answer.failure is not None
    assert answer.failure.detail == "the header of a chunk, or the trailer, is larger than 16384 bytes"


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"hi"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi"),
        (HEAD + b"\r\nuntil the end", b"until the end"),
        (HEAD + b"\r\n" + b"x" * MAX_BODY_BYTES, b"x" * MAX_BODY_BYTES),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
    ids=["interim", "chunked", "until the end", "at the limit", "without a body"],
)
async def test_every_form_of_a_complete_response_is_read(tcp_server: Any, wire: bytes, body: bytes) -> None:
    answer = await ask(tcp_server(sends(wire)))
    assert (answer.failure, answer.body) == (None, body)


@pytest.mark.parametrize(
    ("parts", "phase"), [((), Phase.WAIT), ((OK[:-1],), Phase.RECEIVE)], ids=["nothing", "a part"]
)
async def test_without_data_the_exchange_ends_at_the_deadline(
    tcp_server: Any, parts: tuple[bytes, ...], phase: Phase
) -> None:
    def serve(connection: socket.socket) -> None:
        sends(*parts)(connection)
        connection.recv(1)  # until the client closes

    answer = await ask(tcp_server(serve), timeout_s=0.2)

    assert answer.failure is not None
    assert (answer.failure.phase, answer.failure.reason) == (phase, Reason.TIMED_OUT)
    assert (Phase.WAIT in answer.phases_s) is (phase is Phase.RECEIVE)


LENGTH = HEAD + b"Content-Length: 999\r\n\r\nhi"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"
PROGRESS = [
    (HEAD, "the header is incomplete"),
    (LENGTH, "2 of 999 bytes of the body"),
    (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", "0 of 99999999999999999999 bytes of the body"),
    (CHUNKS, "2 bytes of the body, but not the last chunk"),
    (LENGTH.replace(b"HTTP/1.1 200", b"HTTP/1.1 102 X\r\n\r\nHTTP/1.1 200"), "2 of 999 bytes of the body"),
]


@pytest.mark.parametrize(("wire", "progress"), PROGRESS)
async def test_a_cut_response_says_how_much_of_it_came(tcp_server: Any, wire: bytes, progress: str) -> None:
    answer = await ask(tcp_server(sends(wire)))

    assert answer.failure is not None
    assert answer.failure.detail == f"the connection ended early: {progress}"
    assert len(answer.failure.detail) <= 100  # what a finding shows of it


@pytest.mark.parametrize(
    ("wire", "progress"),
    [*PROGRESS, (HEAD + b"\r\nhi", "2 bytes of a body without a length, and the connection was not closed")],
)
async def test_a_response_that_stops_says_how_much_of_it_came(
    tcp_server: Any, wire: bytes, progress: str
) -> None:
    def serve(connection: socket.socket) -> None:
        sends(wire)(connection)
        connection.recv(1)  # until the client closes

    answer = await ask(tcp_server(serve), timeout_s=0.3)

    assert answer.failure == Failure(phase=Phase.RECEIVE, reason=Reason.TIMED_OUT, detail=progress)


async def test_a_connection_reset_is_reported_as_reset(tcp_server: Any) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    answer = await ask(tcp_server(serve))
    assert answer.failure is not None
    assert (answer.failure.phase, answer.failure.reason) == (Phase.WAIT, Reason.RESET)


class Scripted:
    """A channel whose ``receive`` returns or raises the next item of ``script``."""

    at_record_boundary = True

    def __init__(self, *script: Chunk | Exception, sends: Exception | None = None) -> None:
        self._script, self._sends = iter(script), sends
        self.stamped: Any = SimpleNamespace(data_segments_in=lambda: None, timing=lambda: INVALID_SAMPLE)

    async def send(self, data: bytes) -> None:
        del data
        if self._sends is not None:
            raise self._sends

    async def receive(self) -> Chunk:
        match next(self._script):
            case Exception() as error:
                raise error
            case chunk:
                return chunk

    async def close_notify(self) -> None:
        """Nothing to do."""


ALERT = TlsRefused(Reason.PROTOCOL_ERROR, "alert 116 (certificate_required)")
WHOLE = Chunk(OK, ended=False)


async def exchange(connection: HttpConnection) -> HttpResponse:
    return await connection.exchange(POST, timeout_s=2.0)


async def test_an_alert_instead_of_the_first_response_is_a_handshake_failure() -> None:
    """In TLS 1.3, the server checks the client's certificate after the client's handshake is complete."""
    answer = await exchange(HttpConnection(Scripted(Chunk(b"", ended=False), ALERT), SYSTEM_CLOCK))
    assert answer.failure == Failure(phase=Phase.HANDSHAKE, reason=ALERT.reason, detail=ALERT.detail)


async def test_a_later_alert_is_a_failure_of_its_exchange() -> None:
    within = await exchange(HttpConnection(Scripted(Chunk(OK[:20], ended=False), ALERT), SYSTEM_CLOCK))
    twice = HttpConnection(Scripted(WHOLE, ALERT), SYSTEM_CLOCK)
    first, second = await exchange(twice), await exchange(twice)
    assert within.failure is not None
    assert within.failure.phase is Phase.RECEIVE
    assert (first.failure, second.failure and second.failure.phase) == (None, Phase.WAIT)


async def test_an_alert_received_before_the_connection_was_lost_is_reported() -> None:
    gone = BrokenPipeError(errno.EPIPE, "Broken pipe")
    response = await exchange(HttpConnection(Scripted(ALERT, sends=gone), SYSTEM_CLOCK))
    early = await exchange(HttpConnection(Scripted(WHOLE, sends=gone), SYSTEM_CLOCK))
    silent = await exchange(HttpConnection(Scripted(Chunk(b"", ended=True), sends=gone), SYSTEM_CLOCK))
    assert response.failure is not None
    assert response.failure.detail == ALERT.detail
    assert (early.status, early.failure) == (200, None)
    assert silent.failure == Failure(phase=Phase.SEND, reason=Reason.CLOSED, detail="Broken pipe")


async def test_an_invalid_request_is_a_bug_and_its_error_shows_no_header(tcp_server: Any) -> None:
    network = Network()
    connection = await network.connect("127.0.0.1", tcp_server(sends(OK)))
    channel = network.plain_channel(connection)
    bad = HttpRequest(method="GET", target="/", headers=(("Host", NAME), ("X", f"{SIGNED}\n")))
    with pytest.raises(ValueError, match=r"not a valid HTTP/1\.1 request") as raised:
        await channel.exchange(bad, timeout_s=1)
    connection.close()
    network.close()
    assert "marker" not in str(raised.value)
    assert "marker" not in repr(bad)


@pytest.fixture(scope="module")
def pair() -> Iterator[Callable[[], tuple[socket.socket, socket.socket]]]:
    """A factory of connected TCP sockets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def connected() -> tuple[socket.socket, socket.socket]:
            client = socket.create_connection(listener.getsockname())
            client.setblocking(False)
            return client, listener.accept()[0]

        yield connected


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda data: HEAD + data)))
def test_any_bytes_of_a_server_are_read_without_an_exception(pair: Any, data: bytes) -> None:
    from probe.network.http import HttpConnection, PlainChannel

    client, server = pair()
    with client, server:
        server.sendall(data)
        server.shutdown(socket.SHUT_WR)

        async def exchanged() -> HttpResponse:
            channel = PlainChannel(stamped=StampedSocket(client, SYSTEM_CLOCK))
            return await HttpConnection(channel, SYSTEM_CLOCK).exchange(POST, timeout_s=1)

        answer = asyncio.run(exchanged())
    assert answer.failure is not None or answer.status is not None
