"""Runs the echo engine by a schedule, without an event loop.

`echo_driver_async` does the same in an event loop. The `ping` command needs none and starts faster without
it.
"""

import math
import select
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from probe.model.measurements import EchoBatch
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo import EchoEngine

# Pings are sent in ticks, because each wake-up costs as much CPU as several pings. A ping that is sent a tick
# late does not get a longer RTT, because timestamps are the kernel's. An event loop wakes up to a millisecond
# late (epoll rounds up), so its tick is shorter.
TICK_S = 0.0015
TICK_ALONE_S = 0.004
IDLE_S = 0.05

Publish = Callable[[EchoBatch], None]
OnDelay = Callable[[float], None]


class Schedule(Protocol):
    """Computes which pings are due (pure: the time is passed in)."""

    def due(self, now_ns: int) -> Sequence[int]:
        """Indexes of the targets to ping now; each scheduled ping is returned once."""

    @property
    def next_due_ns(self) -> int | None:
        """When the next ping is due, on the clock of ``due``; None if there are no more."""


class Rounds:
    """``count`` pings to each of ``size`` targets, ``interval_ns`` apart, spread over the interval."""

    def __init__(self, *, size: int, count: int, interval_ns: int, epoch_ns: int) -> None:
        self._size, self._count, self._interval_ns, self._epoch_ns = size, count, interval_ns, epoch_ns
        self._sent = 0

    def due(self, now_ns: int) -> Sequence[int]:
        first = self._sent
        if self._size and now_ns >= self._epoch_ns:
            # Ping k is due at k * interval / size after the epoch, rounded down. ``due`` pings are due by
            # now.
            due = ((now_ns - self._epoch_ns + 1) * self._size - 1) // self._interval_ns + 1
            self._sent = max(first, min(due, self._size * self._count))
        return [number % self._size for number in range(first, self._sent)]

    def end(self) -> None:
        """Schedule no more pings."""
        self._sent = self._size * self._count

    @property
    def next_due_ns(self) -> int | None:
        if self._size == 0 or self._sent >= self._size * self._count:
            return None
        round_number, index = divmod(self._sent, self._size)
        return self._epoch_ns + round_number * self._interval_ns + index * self._interval_ns // self._size


class Pause(NamedTuple):
    """The pause until the next step. ``wakes`` is whether a reply ends it.

    If a ping is due within a tick anyway, replies are read then: a wake-up per reply would cost the most CPU.
    """

    seconds: float
    wakes: bool


def step(
    engine: EchoEngine,
    schedule: Schedule,
    publish: Publish,
    on_delay_s: OnDelay | None = None,
    *,
    tick_s: float = TICK_S,
) -> Pause | None:
    """Send due pings and publish completed ones; returns how long to wait, None when all are done.

    ``on_delay_s`` is called with the delay of the oldest ping that was sent.
    """
    oldest_ns = schedule.next_due_ns
    due = schedule.due(SYSTEM_CLOCK.monotonic_ns())
    if due:
        engine.send(due)
        if oldest_ns is not None and on_delay_s is not None:
            on_delay_s((SYSTEM_CLOCK.monotonic_ns() - oldest_ns) / 1e9)
    publish_ended(engine, publish)
    due_ns, deadline_ns = schedule.next_due_ns, engine.next_deadline_ns
    if due_ns is None and deadline_ns is None:
        return None
    now_ns = SYSTEM_CLOCK.monotonic_ns()
    due_s = math.inf if due_ns is None else (due_ns - now_ns) / 1e9
    deadline_s = math.inf if deadline_ns is None else (deadline_ns - now_ns) / 1e9
    return Pause(min(max(min(due_s, deadline_s), tick_s), IDLE_S), wakes=due_s > tick_s)


def publish_ended(engine: EchoEngine, publish: Publish) -> None:
    batch = engine.drain()
    if len(batch):
        publish(batch)


def run(engine: EchoEngine, schedule: Schedule, publish: Publish) -> None:
    """Run until the schedule has no more pings and every ping has completed.

    If interrupted, replies received so far are still published.
    """
    poll = select.poll()
    for sock in engine.sockets():
        poll.register(sock, select.POLLIN)
    try:
        while pause := step(engine, schedule, publish, tick_s=TICK_ALONE_S):
            if pause.wakes:
                poll.poll(math.ceil(pause.seconds * 1000))
            else:
                time.sleep(pause.seconds)
    finally:
        publish_ended(engine, publish)
