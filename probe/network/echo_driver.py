"""Drives the echo engine: the schedule says when, the engine sends and matches. Here without an event loop.

`echo_loop` has the same for one. A command that only sends echoes needs none, and starts sooner without.
"""

import math
import select
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from probe.model.measurements import EchoBatch
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo import EchoEngine

# Echoes are sent in ticks: each wake-up costs as much as several echoes. The stamps are the kernel's, so an
# echo that is sent a tick late is not a round trip that is longer. In an event loop sleeping itself is late
# by up to a millisecond (epoll rounds up), so there the tick is shorter.
TICK_S = 0.0015
TICK_ALONE_S = 0.004
IDLE_S = 0.05

Publish = Callable[[EchoBatch], None]
TellDelay = Callable[[float], None]


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


class Pause(NamedTuple):
    """Until the next step. ``wakes`` is whether an answer ends it.

    Where somebody is due within a tick anyway, answers wait for that: a wake-up for each would cost the most.
    """

    seconds: float
    wakes: bool


def step(
    engine: EchoEngine,
    schedule: Schedule,
    publish: Publish,
    tell_delay_s: TellDelay | None = None,
    *,
    tick_s: float = TICK_S,
) -> Pause | None:
    """Send what is due, publish what has ended, say how long to wait; None when all is done.

    ``tell_delay_s`` hears how long after its turn the oldest of what was sent had gone out.
    """
    oldest_ns = schedule.next_due_ns
    due = schedule.due(SYSTEM_CLOCK.monotonic_ns())
    if due:
        engine.send(due)
        if oldest_ns is not None and tell_delay_s is not None:
            tell_delay_s((SYSTEM_CLOCK.monotonic_ns() - oldest_ns) / 1e9)
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
    """Step until the schedule has no more turns and every echo has ended.

    When it is interrupted, what was answered so far is still published.
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
