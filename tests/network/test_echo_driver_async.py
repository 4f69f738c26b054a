"""The echo engine in an event loop: every ping is published, and waiting does not keep the loop busy."""

import asyncio
import socket

import pytest
from support.network.fakes import PromptEngine

from probe.network import echo_driver_async
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo_driver import Rounds

MS = 1_000_000


@pytest.mark.loopback
async def test_the_async_driver_publishes_every_ping_and_ends() -> None:
    published: list[int] = []
    rounds = Rounds(size=3, count=4, interval_ns=MS, epoch_ns=0)
    await echo_driver_async.run(PromptEngine(), rounds, lambda batch: published.extend(batch.indexes))  # type: ignore[arg-type]
    assert sorted(published) == sorted([0, 1, 2] * 4)


class _Unread(PromptEngine):
    """An engine whose socket is always readable."""

    def __init__(self) -> None:
        super().__init__()
        self.mine, self.other = socket.socketpair()
        self.other.send(b"x")

    def sockets(self) -> tuple[socket.socket, ...]:  # type: ignore[override]
        return (self.mine,)


@pytest.mark.loopback
async def test_unread_packets_do_not_keep_the_loop_busy_between_ticks() -> None:
    engine = _Unread()
    rounds = Rounds(size=100, count=1, interval_ns=100 * MS, epoch_ns=SYSTEM_CLOCK.monotonic_ns())
    iterations = 0

    async def count() -> None:
        nonlocal iterations
        while True:
            iterations += 1
            await asyncio.sleep(0.001)

    counting = asyncio.create_task(count())
    await echo_driver_async.run(engine, rounds, lambda _batch: None)  # type: ignore[arg-type]
    counting.cancel()
    engine.mine.close()
    engine.other.close()

    assert iterations < 400  # 100 ms of ticks; a loop that spins makes thousands
