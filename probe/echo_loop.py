"""Drives the echo engine in an event loop: the schedule says when, the engine sends and matches."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Protocol

from probe.model.measurements import EchoBatch
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo import EchoEngine

# Sleeping is late by up to a millisecond (epoll rounds up), so echoes are sent in ticks of this length. The
# stamps are the kernel's: an echo sent a tick late is not a round trip that is longer.
TICK_S = 0.002
IDLE_S = 0.05


class Schedule(Protocol):
    """Who is due. Pure: it is told the time."""

    def due(self, now_ns: int) -> Sequence[int]:
        """Indexes of the targets to be sent an echo now; each turn is named once."""

    @property
    def next_due_ns(self) -> int | None:
        """When somebody is due next, on the clock of ``due``; None when nobody is any more."""


class Rounds:
    """``count`` echoes to each of ``size`` targets, ``interval_ns`` apart, spread over the interval."""

    def __init__(self, *, size: int, count: int, interval_ns: int, epoch_ns: int) -> None:
        self._size, self._count, self._interval_ns, self._epoch_ns = size, count, interval_ns, epoch_ns
        self._sent = 0

    def due(self, now_ns: int) -> Sequence[int]:
        first = self._sent
        if self._size and now_ns >= self._epoch_ns:
            # Turn k is due at k·interval/size after the epoch, rounded down: so many are due by now.
            due = ((now_ns - self._epoch_ns + 1) * self._size - 1) // self._interval_ns + 1
            self._sent = max(first, min(due, self._size * self._count))
        return [turn % self._size for turn in range(first, self._sent)]

    def end(self) -> None:
        """No more turns."""
        self._sent = self._size * self._count

    @property
    def next_due_ns(self) -> int | None:
        if self._size == 0 or self._sent >= self._size * self._count:
            return None
        turn, index = divmod(self._sent, self._size)
        return self._epoch_ns + turn * self._interval_ns + index * self._interval_ns // self._size


async def run(
    engine: EchoEngine,
    schedule: Schedule,
    publish: Callable[[EchoBatch], None],
    tell_delay_s: Callable[[float], None] | None = None,
) -> None:
    """Send and drain until the schedule has no more turns and every echo has ended.

    ``tell_delay_s`` hears, once for each batch, how long after its turn the oldest of it had gone out.
    On cancellation what was answered so far is still published.
    """
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        for sock in engine.sockets():
            loop.add_reader(sock, readable.set)
            stack.callback(loop.remove_reader, sock)
        try:
            while True:
                oldest_ns = schedule.next_due_ns
                due = schedule.due(SYSTEM_CLOCK.monotonic_ns())
                engine.send(due)
                if due and oldest_ns is not None and tell_delay_s is not None:
                    tell_delay_s((SYSTEM_CLOCK.monotonic_ns() - oldest_ns) / 1e9)
                _publish(engine, publish)
                if schedule.next_due_ns is None and engine.next_deadline_ns is None:
                    return
                await _wait(readable, _pause_s(schedule, engine))
                readable.clear()
        finally:
            _publish(engine, publish)


def _publish(engine: EchoEngine, publish: Callable[[EchoBatch], None]) -> None:
    batch = engine.drain()
    if len(batch):
        publish(batch)


def _pause_s(schedule: Schedule, engine: EchoEngine) -> float:
    times = [t for t in (schedule.next_due_ns, engine.next_deadline_ns) if t is not None]
    wait_s = (min(times) - SYSTEM_CLOCK.monotonic_ns()) / 1e9 if times else IDLE_S
    return min(max(wait_s, TICK_S), IDLE_S)


async def _wait(readable: asyncio.Event, pause_s: float) -> None:
    try:
        async with asyncio.timeout(pause_s):
            await readable.wait()
    except TimeoutError:
        pass
