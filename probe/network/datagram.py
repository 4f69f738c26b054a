"""One datagram to one server, and the answer to it, stamped by the kernel: what every question by UDP is."""

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from probe.model.measurements import Phase
from probe.network.clock import Clock, Deadline, Timing
from probe.network.failures import failing
from probe.network.stamped import StampedSocket

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is asked, and from which own address, if that matters."""

    address: str
    port: int
    source: str | None = None


async def exchange(
    peer: Peer, packet: bytes, read: Callable[[bytes], _Answer | None], *, clock: Clock, deadline: Deadline
) -> tuple[_Answer, Timing]:
    """The first datagram of which ``read`` makes an answer. Raises `ExchangeFailed` (send, wait)."""
    with contextlib.ExitStack() as opened:
        async with failing(Phase.SEND, deadline.remaining_s()):
            sock = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.setblocking(False)
            if peer.source is not None:
                sock.bind((peer.source, 0))
            sock.connect((peer.address, peer.port))  # from now on only that server is heard
            stamped = StampedSocket(sock, clock)
            await stamped.send(packet)
        async with failing(Phase.WAIT, deadline.remaining_s()):
            while (answer := read(await stamped.receive())) is None:
                pass  # somebody guessing, or an old answer: the deadline is what ends the wait
        return answer, stamped.timing()
