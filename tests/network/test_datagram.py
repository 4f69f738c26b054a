"""One datagram and its response, on loopback."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from support.network.fakes import no_more_files

from probe.model.measurements import Phase, Reason, Timestamps
from probe.network import ExchangeFailed
from probe.network.clock import SYSTEM_CLOCK, Deadline, Timing
from probe.network.datagram import Peer, exchange

pytestmark = pytest.mark.loopback


@contextlib.contextmanager
def server(*answers: bytes) -> Iterator[Peer]:
    """Sends ``answers`` in response to the first datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)

        def serve() -> None:
            _, client = sock.recvfrom(4096)
            for answer in answers:
                sock.sendto(answer, client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Peer(address="127.0.0.1", port=sock.getsockname()[1], source="127.0.0.1")
        thread.join()


def even(data: bytes) -> str | None:
    return data.decode() if len(data) % 2 == 0 else None


async def ask(peer: Peer, timeout_s: float = 3.0) -> tuple[str, Timing]:
    return await exchange(peer, b"?", even, clock=SYSTEM_CLOCK, deadline=Deadline(SYSTEM_CLOCK, timeout_s))


async def test_the_first_accepted_datagram_is_the_response() -> None:
    with server(b"odd", b"even", b"late!!") as peer:
        answer, timing = await ask(peer)
    assert answer == "even"
    assert timing.timestamps is Timestamps.KERNEL
    assert 0 < (timing.duration_s or 0) < 3.0


async def test_other_datagrams_do_not_end_the_wait() -> None:
    with server(b"odd") as peer, pytest.raises(ExchangeFailed) as raised:
        await ask(peer, timeout_s=0.2)
    assert (raised.value.failure.phase, raised.value.failure.reason) == (Phase.WAIT, Reason.TIMED_OUT)


async def test_a_closed_port_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        peer = Peer(address="127.0.0.1", port=taken.getsockname()[1])
    with pytest.raises(ExchangeFailed) as raised:
        await ask(peer)
    assert raised.value.failure.reason is Reason.REFUSED


async def test_running_out_of_file_descriptors_is_a_failure_and_not_an_exception() -> None:
    with no_more_files(), pytest.raises(ExchangeFailed) as raised:
        await ask(Peer(address="127.0.0.1", port=9))
    assert raised.value.failure.phase is Phase.SEND
