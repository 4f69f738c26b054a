"""A connected socket on loopback: which bytes the kernel's stamps belong to."""

import asyncio
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from fakes import SteppedClock

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
    """A stamped end and a plain one."""
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
async def test_each_exchange_of_a_connection_is_stamped_at_both_ends(
    ends: str, request: pytest.FixtureRequest
) -> None:
    stamped, far = request.getfixturevalue(ends)
    for length in (5, 1, 300):  # a stream's stamps are named by bytes, a datagram's by number
        await stamped.send(bytes(length))
        far.send(far.recv(1024))
        assert await stamped.receive() == bytes(length)

        timing = stamped.timing()
        assert timing.timestamps is Timestamps.KERNEL
        assert timing.duration_ns > 0


async def test_a_reader_who_is_late_does_not_lengthen_an_exchange(
    tcp: tuple[StampedSocket, socket.socket],
) -> None:
    stamped, far = tcp
    await stamped.send(b"hello")
    far.send(far.recv(1024))
    time.sleep(0.02)  # noqa: ASYNC251 (being late is the point)
    await stamped.receive()
    assert stamped.timing().duration_ns < 10_000_000


async def test_a_send_forgets_the_stamps_of_the_exchange_before(
    tcp: tuple[StampedSocket, socket.socket],
) -> None:
    stamped, far = tcp
    await stamped.send(b"hello")
    far.send(far.recv(1024))
    await stamped.receive()

    await stamped.send(b"again")

    assert stamped.timing().timestamps is Timestamps.USER  # nothing came yet


async def test_the_end_of_a_stream_is_no_answer(tcp: tuple[StampedSocket, socket.socket]) -> None:
    stamped, far = tcp
    await stamped.send(b"hello")
    far.send(far.recv(1024))
    await stamped.receive()
    timed = stamped.timing()
    far.shutdown(socket.SHUT_WR)

    assert await stamped.receive() == b""
    assert stamped.timing() == timed


async def test_an_empty_datagram_is_an_answer(udp: tuple[StampedSocket, socket.socket]) -> None:
    stamped, far = udp
    await stamped.send(b"hello")
    far.recv(1024)
    far.send(b"")

    assert await stamped.receive() == b""
    assert stamped.timing().timestamps is Timestamps.KERNEL


async def test_a_port_that_nobody_listens_at_refuses(udp: tuple[StampedSocket, socket.socket]) -> None:
    stamped, far = udp
    far.close()
    await stamped.send(b"hello")
    with pytest.raises(ConnectionRefusedError):
        await stamped.receive()


async def test_a_wait_that_is_given_up_leaves_nothing_in_the_loop(
    tcp: tuple[StampedSocket, socket.socket],
) -> None:
    stamped, _silent = tcp
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await stamped.receive()
    assert not asyncio.get_running_loop().remove_reader(stamped._sock)


@pytest.mark.parametrize("reported", [False, True], ids=["reset", "reset that was told already"])
async def test_a_connection_that_was_reset_before_it_is_taken_over_says_so(reported: bool) -> None:
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
async def test_a_step_of_the_wall_clock_leaves_no_time(step_ns: int) -> None:
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
