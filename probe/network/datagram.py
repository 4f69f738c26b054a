"""Sends one UDP datagram and waits for the matching response, with kernel timestamps."""

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
    """The server's address and port, and optionally the local address to send from."""

    address: str
    port: int
    source: str | None = None


async def exchange(
    peer: Peer, packet: bytes, read: Callable[[bytes], _Answer | None], *, clock: Clock, deadline: Deadline
) -> tuple[_Answer, Timing]:
    """The first datagram that ``read`` accepts as the response. Raises `ExchangeFailed` (send, wait)."""
    with contextlib.ExitStack() as opened:
        async with failing(Phase.SEND, deadline.remaining_s()):
            sock = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.setblocking(False)
            if peer.source is not None:
                sock.bind((peer.source, 0))
            sock.connect((peer.address, peer.port))  # from now on, other senders are ignored
            stamped = StampedSocket(sock, clock)
            await stamped.send(packet)
        async with failing(Phase.WAIT, deadline.remaining_s()):
            while (answer := read(await stamped.receive())) is None:
                pass  # a forged or late response; the wait continues until the deadline
        return answer, stamped.timing()
