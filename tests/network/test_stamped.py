"""A connected socket on loopback: which bytes the kernel's timestamps belong to."""

import asyncio
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from support.network.fakes import SteppedClock

from probe.model.measurements import Timestamps
from probe.network.clock import INVALID_SAMPLE, SYSTEM_CLOCK
from probe.network.stamped import StampedSocket
from probe.network.stamping import StampsKept

pytestmark = pytest.mark.loopback


@pytest.fixture(autouse=True)
def _stamps() -> Iterator[None]:
    kept = StampsKept()
    yield
    kept.close()


@pytest.fixture
def tcp() -> Iterator[tuple[StampedSocket, socket.socket]]:
    """A socket with timestamps, and a plain one at the other end."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as near:
        near.connect(listener.getsockname())
        near.setblocking(False)
        far, _address = listener.accept()
        with far:
            yield StampedSocket(near, SYSTEM_CLOCK), far


@pytest.fixture
def udp() -> Iterator[tuple[StampedSocket, socket.socket]]:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as near,
        socket.socket(type=socket.SOCK_DGRAM) as far,
    ):
        far.bind(("127.0.0.1", 0))
        near.connect(far.getsockname())
        near.setblocking(False)
        far.connect(near.getsockname())
        yield StampedSocket(near, SYSTEM_CLOCK), far


@pytest.mark.parametrize("ends", ["tcp", "udp"])
async def test_each_exchange_of_a_connection_has_both_kernel_timestamps(
    ends: str, request: pytest.FixtureRequest
) -> None:
    stamped, far = request.getfixturevalue(ends)
    for length in (5, 1, 300):  # timestamps are identified by byte offset (TCP) or datagram number
        await stamped.send(bytes(length))
        far.send(far.recv(1024))
        assert await stamped.receive() == bytes(length)

        timing = stamped.timing()
        assert timing.timestamps is Timestamps.KERNEL
        assert timing.duration_ns > 0


async def test_a_late_read_does_not_lengthen_an_exchange(
    tcp: tuple[StampedSocket, socket.socket],
) -> None:
    stamped, far = tcp
    await stamped.send(b"hello")
    far.send(far.recv(1024))
    time.sleep(0.02)  # noqa: ASYNC251 (being late is intended)
    await stamped.receive()
    assert stamped.timing().duration_ns < 10_000_000


async def test_a_send_discards_the_timestamps_of_the_previous_exchange(
    tcp: tuple[StampedSocket, socket.socket],
) -> None:
    stamped, far = tcp
    await stamped.send(b"hello")
    far.send(far.recv(1024))
    await stamped.receive()

    await stamped.send(b"again")

    assert stamped.timing().timestamps is Timestamps.USER  # nothing received yet


async def test_the_end_of_a_stream_is_not_a_response(tcp: tuple[StampedSocket, socket.socket]) -> None:
    stamped, far = tcp
    await stamped.send(b"hello")
    far.send(far.recv(1024))
    await stamped.receive()
    timed = stamped.timing()
    far.shutdown(socket.SHUT_WR)

    assert await stamped.receive() == b""
    assert stamped.timing() == timed


async def test_an_empty_datagram_is_a_response(udp: tuple[StampedSocket, socket.socket]) -> None:
    stamped, far = udp
    await stamped.send(b"hello")
    far.recv(1024)
    far.send(b"")

    assert await stamped.receive() == b""
    assert stamped.timing().timestamps is Timestamps.KERNEL


async def test_a_closed_udp_port_is_a_refused_connection(udp: tuple[StampedSocket, socket.socket]) -> None:
    stamped, far = udp
    far.close()
    await stamped.send(b"hello")
    with pytest.raises(ConnectionRefusedError):
        await stamped.receive()


async def test_a_cancelled_wait_leaves_no_reader_in_the_loop(
    tcp: tuple[StampedSocket, socket.socket],
) -> None:
    stamped, _silent = tcp
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await stamped.receive()
    assert not asyncio.get_running_loop().remove_reader(stamped._sock)


@pytest.mark.parametrize("reported", [False, True], ids=["reset", "already reported reset"])
async def test_a_connection_that_was_already_reset_raises_its_error(reported: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as near:
        near.connect(listener.getsockname())
        far, _address = listener.accept()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        if reported:
            assert near.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        with pytest.raises(BrokenPipeError if reported else ConnectionResetError):
            StampedSocket(near, SYSTEM_CLOCK)


@pytest.mark.parametrize("step_ns", [20_000_000, -20_000_000], ids=["forward", "backward"])
async def test_a_step_of_the_wall_clock_discards_the_duration(step_ns: int) -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as near,
        socket.socket(type=socket.SOCK_DGRAM) as far,
    ):
        far.bind(("127.0.0.1", 0))
        near.connect(far.getsockname())
        near.setblocking(False)
        far.connect(near.getsockname())
        stamped = StampedSocket(near, SteppedClock(step_ns))
        await stamped.send(b"hello")
        far.send(far.recv(1024))

        assert await stamped.receive() == b"hello"
        assert stamped.timing() == INVALID_SAMPLE


async def test_sending_at_once_neither_waits_nor_fails(tcp: tuple[StampedSocket, socket.socket]) -> None:
    stamped, far = tcp
    stamped.send_at_once(b"goodbye")
    assert far.recv(1024) == b"goodbye"
    stamped.send_at_once(bytes(1 << 24))  # more than the kernel takes
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    for _ in range(2):
        stamped.send_at_once(b"goodbye")


async def test_an_unread_timestamp_is_not_that_of_the_next_send(
    tcp: tuple[StampedSocket, socket.socket],
) -> None:
    stamped, far = tcp
    await stamped.send(b"hello")
    time.sleep(0.02)  # noqa: ASYNC251 (the timestamps must differ)
    await stamped.send(b"again")
    far.send(far.recv(1024))
    await stamped.receive()
    timing = stamped.timing()
    assert timing.timestamps is Timestamps.KERNEL
    assert timing.duration_ns is not None
    assert timing.duration_ns < 10_000_000
