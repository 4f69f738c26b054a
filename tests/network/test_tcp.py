"""TCP connects on loopback, and lost packets in TCP_INFO."""

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.network.fakes import no_more_files

from probe.model.measurements import Phase, Reason, Timestamps
from probe.network import ExchangeFailed, Network
from probe.network.kernel import TcpInfo
from probe.network.tcp import failure_of


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


@pytest.mark.loopback
async def test_a_connect_has_the_kernels_round_trip(network: Any, tcp_server: Any) -> None:
    port = tcp_server(lambda connection: connection.recv(1))
    connection = await network.connect("127.0.0.1", port)

    assert 0 < connection.rtt_s < 0.1
    assert connection.timestamps is Timestamps.KERNEL
    assert (connection.retransmits, connection.failure) == (0, None)
    assert connection.local_port == connection.sock.getsockname()[1]
    connection.close()


@pytest.mark.loopback
async def test_a_busy_loop_does_not_lengthen_a_connect(
    network: Any, tcp_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = tcp_server(lambda connection: connection.recv(1))
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def connect_and_wait_for_a_turn(sock: Any, address: Any) -> None:
        await connect(sock, address)  # immediate on loopback
        time.sleep(0.02)  # noqa: ASYNC251 (blocking the loop is intended)
        await asyncio.sleep(0)

    monkeypatch.setattr(loop, "sock_connect", connect_and_wait_for_a_turn)
    started = time.monotonic()
    connection = await network.connect("127.0.0.1", port)
    took_s = time.monotonic() - started
    connection.close()

    assert took_s > 0.02  # would be included with user-space timestamps
    assert connection.rtt_s < 0.010


@pytest.mark.loopback
async def test_a_closed_port_is_a_refused_connection(network: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ExchangeFailed) as caught:
        await network.connect("127.0.0.1", port)
    assert (caught.value.failure.phase, caught.value.failure.reason) == (Phase.CONNECT, Reason.REFUSED)


@pytest.mark.loopback
async def test_a_full_backlog_times_out(network: Any) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        with socket.create_connection(address), pytest.raises(ExchangeFailed) as caught:
            await network.connect(*address, timeout_s=0.05)
    assert caught.value.failure.reason is Reason.TIMED_OUT


@pytest.mark.loopback
async def test_an_invalid_source_address_is_not_permitted() -> None:
    network = Network(source="192.0.2.77")
    with pytest.raises(ExchangeFailed) as caught:
        await network.connect("127.0.0.1", 9)
    network.close()
    assert caught.value.failure.reason is Reason.NOT_PERMITTED


@pytest.mark.parametrize(
    ("rtt_us", "retransmits", "reason"),
    [(1, 0, None), (0, 0, Reason.PACKET_LOST), (1000, 1, Reason.PACKET_LOST)],
    ids=["a sample", "no round trip", "retransmitted"],
)
def test_a_lost_syn_is_a_failure_and_not_a_sample(rtt_us: int, retransmits: int, reason: Any) -> None:
    failure = failure_of(TcpInfo(rtt_us=rtt_us, total_retransmits=retransmits, data_segments_in=0))
    assert (failure.reason if failure else None) == reason


async def test_at_the_limit_of_open_files_the_failure_is_over_limit(network: Any) -> None:
    with no_more_files(), pytest.raises(ExchangeFailed) as caught:
        await network.connect("127.0.0.1", 9)
    assert (caught.value.failure.phase, caught.value.failure.reason) == (Phase.CONNECT, Reason.OVER_LIMIT)
