"""A ClientHello of two TCP segments: its size, its segments, and the kinds of answers of real servers."""

import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any

import pytest
from support.network.fakes import SteppedClock
from support.tls.certificates import Pki
from support.tls.tls_servers import Serve, closes, resets, says, stays_silent, with_groups

from probe.model.large_client_hello import HelloAnswer
from probe.model.measurements import ClientHelloProfile, Phase, Reason, Timestamps
from probe.network import Network, tls_offer
from probe.network.clock import SYSTEM_CLOCK
from probe.network.large_client_hello import LargeHandshake, _parts
from probe.network.tcp import TcpConnection
from probe.network.tls_session import TlsSession

NAME = "xks.example.com"
CLASSICAL, HYBRID = b"X25519:P-256", b"X25519MLKEM768:X25519"
WITHOUT_HYBRID = (b"no-such-group:X25519", *tls_offer._LARGE_GROUPS[1:])
_DATA_SEGMENTS_IN = 152  # tcpi_data_segs_in of struct tcp_info, linux/tcp.h
TcpServer = Callable[[Serve], int]

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


async def shake(
    port: int, *, name: str | None = NAME, timeout_s: float = 20.0, clock: Any = SYSTEM_CLOCK
) -> LargeHandshake:
    network = Network(clock=clock)
    connection = await network.connect("127.0.0.1", port)
    try:
        return await network.large_handshake(connection, name, timeout_s=timeout_s)
    finally:
        connection.close()
        network.close()


async def test_a_server_with_a_post_quantum_group_answers_at_once(pki: Pki, tcp_server: TcpServer) -> None:
    got = await shake(tcp_server(with_groups(HYBRID, pki.chain())))

    assert (got.answer, got.failure, got.group) == (HelloAnswer.SERVER_HELLO, None, "X25519MLKEM768")
    assert got.sent_bytes > 1400
    assert got.timestamps is Timestamps.KERNEL
    assert got.wait_s is not None
    assert 0 < got.wait_s < 20


async def test_a_server_with_classical_groups_only_asks_for_another_key_share(
    pki: Pki, tcp_server: TcpServer
) -> None:
    got = await shake(tcp_server(with_groups(CLASSICAL, pki.chain())))

    assert (got.answer, got.failure) == (HelloAnswer.HELLO_RETRY_REQUEST, None)
    assert got.group is not None
    assert got.group.lower() == "x25519"


async def test_a_server_of_tls_1_2_answers_at_once(authority: Any, tls_server: Any) -> None:
    def configure(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    got = await shake(tls_server(authority.issue(NAME), configure))

    assert (got.answer, got.failure) == (HelloAnswer.SERVER_HELLO, None)


async def test_without_a_post_quantum_group_in_openssl_another_key_share_is_large(
    pki: Pki, tcp_server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_offer, "_LARGE_GROUPS", WITHOUT_HYBRID)

    got = await shake(tcp_server(with_groups(CLASSICAL, pki.chain())))

    assert (got.answer, got.failure) == (HelloAnswer.HELLO_RETRY_REQUEST, None)
    assert got.sent_bytes > 1200


ALERT = bytes.fromhex("15030300020250")
WARNING = bytes.fromhex("15030300020170")
CLOSED = (HelloAnswer.OTHER, Reason.CLOSED, None)


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        (says(ALERT), (HelloAnswer.ALERT, Reason.PROTOCOL_ERROR, 80)),
        (says(WARNING + ALERT), (HelloAnswer.ALERT, Reason.PROTOCOL_ERROR, 80)),
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), (HelloAnswer.OTHER, Reason.PROTOCOL_ERROR, None)),
        (resets, (HelloAnswer.RESET, Reason.RESET, None)),
        (closes, CLOSED),
        (stays_silent, (HelloAnswer.TIMED_OUT, Reason.TIMED_OUT, None)),
        (says(b"\x16\x03\x03"), (HelloAnswer.OTHER, Reason.TIMED_OUT, None)),
    ],
    ids=["alert", "alert after a warning", "HTTP", "reset", "close", "silence", "half a header"],
)
async def test_each_kind_of_failure_has_its_own_answer(
    serve: Serve, expected: tuple[HelloAnswer, Reason, int | None], tcp_server: TcpServer
) -> None:
    timeout_s = 0.3 if expected[1] is Reason.TIMED_OUT else 20.0

    got = await shake(tcp_server(serve), timeout_s=timeout_s)

    assert got.failure is not None
    assert got.failure.phase is Phase.HANDSHAKE
    assert (got.answer, got.failure.reason, got.alert) == expected
    assert (got.wait_s, got.group) == (None, None)


async def test_a_reset_before_the_client_hello_is_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        network = Network()
        connection = await network.connect("127.0.0.1", listener.getsockname()[1])
        accepted, _ = listener.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
        got = await network.large_handshake(connection, NAME)
        connection.close()

    assert got.answer is HelloAnswer.RESET


async def test_a_failure_after_the_first_answer_does_not_change_it(pki: Pki, tcp_server: TcpServer) -> None:
    hello = bytes.fromhex("160303004a 02000046 0303") + b"\x11" * 32 + b"\x20" + bytes(32) + b"\xc0\x30\x00"

    got = await shake(tcp_server(says(hello)), timeout_s=0.3)

    assert got.failure is not None
    assert got.answer is HelloAnswer.SERVER_HELLO


async def test_the_client_hello_arrives_in_two_segments_on_a_path_with_a_large_mss(
    tcp_server: TcpServer,
) -> None:
    segments: list[int] = []

    def serve(connection: socket.socket) -> None:
        received = connection.recv(4096)
        while len(received) < 5 + int.from_bytes(received[3:5], "big"):
            received += connection.recv(4096)
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        segments.extend(struct.unpack_from("=I", info, _DATA_SEGMENTS_IN))
        connection.sendall(ALERT)

    got = await shake(tcp_server(serve))

    assert got.answer is HelloAnswer.ALERT
    assert segments == [2]


@pytest.mark.parametrize(
    ("size", "mss", "sizes"),
    [
        (1470, 1448, [1470]),
        (1470, 1469, [1470]),
        (1470, 1470, [735, 735]),
        (1470, 8949, [735, 735]),
    ],
)
def test_only_a_client_hello_that_fits_a_segment_is_split(size: int, mss: int, sizes: list[int]) -> None:
    assert [len(part) for part in _parts(bytes(size), mss)] == sizes


def test_a_large_client_hello_has_the_parameters_of_kms_except_for_its_groups() -> None:
    def offered(offer: ClientHelloProfile) -> Any:
        session = TlsSession(offer, None)
        session.handshake()
        sent = session.output()
        return sent[44 + sent[43] :][:12]  # the cipher suites

    assert offered(ClientHelloProfile.LARGE) == offered(ClientHelloProfile.KMS)


async def test_a_clock_step_leaves_the_answer_without_a_duration(pki: Pki, tcp_server: TcpServer) -> None:
    port = tcp_server(with_groups(HYBRID, pki.chain()))

    got = await shake(port, clock=SteppedClock(20_000_000))

    assert (got.answer, got.wait_s, got.timestamps) == (HelloAnswer.SERVER_HELLO, None, None)


async def test_an_invalid_server_name_is_no_answer_and_nothing_is_sent(tcp_server: TcpServer) -> None:
    got = await shake(tcp_server(stays_silent), name="a" * 300)

    assert (got.answer, got.sent_bytes) == (HelloAnswer.OTHER, 0)
    assert got.failure is not None
    assert got.failure.reason is Reason.PROTOCOL_ERROR


async def test_a_connection_without_a_socket_is_a_bug() -> None:
    with pytest.raises(ValueError, match="socket"):
        await Network().large_handshake(TcpConnection(address="127.0.0.1", port=443), NAME)
