"""When each target is probed: offsets from the name, no catching up, no coordinated omission.

Above, pure: `offset_s`, `next_turn`, `EchoSchedule`. Below, the shell: `run` for ever, `once` for one round.
Times are those of one monotonic clock; in the shell it is the loop's.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import ceil
from typing import Protocol

from probe.model.measurements import Measurement
from probe.model.targets import Check, Plan, Target

DEFAULT_LIMIT = 64
# A probe keeps its own deadline; one that is still running so long after it is a bug of ours.
GRACE_S = 5.0
# The first turns are drawn together, so that the first round takes seconds, yet are no flood.
FIRST_ROUND_S = 5.0
FIRST_ROUND_TURNS_PER_S = 100.0
# Each cycle of echoes is shifted by up to this part of its interval, so that no periodic load at the
# other end always meets the same phase of it.
JITTER = 0.1

Measure = Callable[[Target, Check, float], Awaitable[Measurement]]
Publish = Callable[[Measurement], None]


class Observer(Protocol):
    """Who hears how the schedule itself is doing."""

    def skipped(self, target: Target, check: Check) -> None:
        """A turn was dropped, because the probe before it was still running or the loop came too late."""

    def delay(self, seconds: float) -> None:
        """How long after its time a turn began."""

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        """A probe raised: our mistake, not the network's."""


class SilentObserver:
    """An `Observer` for a single round, where nobody asks how the schedule did; bugs are raised."""

    def skipped(self, target: Target, check: Check) -> None:
        del target, check

    def delay(self, seconds: float) -> None:
        del seconds

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        del target, check
        raise error


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One check of one target, again and again."""

    target: Target
    plan: Plan


def turns(targets: Iterable[Target], *, without: frozenset[Check] = frozenset()) -> tuple[Turn, ...]:
    """All plans of all targets, but for checks that something else schedules (echoes, in batches)."""
    return tuple(
        Turn(target=target, plan=plan)
        for target in targets
        for plan in target.plans
        if plan.check not in without
    )


def offset_s(name: str, check: Check, interval_s: float) -> float:
    """Where in its interval a check has its turn: the same on every machine, after every restart.

    >>> round(offset_s("proxy-1", Check.TCP, 15.0), 3)
    10.846
    """
    return interval_s * _fraction(f"{name}\0{check}")


def next_turn(now_s: float, epoch_s: float, offset_s: float, interval_s: float) -> int:
    """The number of the first turn not before ``now_s``; turn n is at epoch + offset + n intervals."""
    number = max(0, ceil((now_s - epoch_s - offset_s) / interval_s))
    # The quotient is rounded: it may come out one short of, or one past, a turn at this very moment.
    while number > 0 and turn_time(number - 1, epoch_s, offset_s, interval_s) >= now_s:
        number -= 1
    while turn_time(number, epoch_s, offset_s, interval_s) < now_s:
        number += 1
    return number


def turn_time(number: int, epoch_s: float, offset_s: float, interval_s: float) -> float:
    return epoch_s + offset_s + number * interval_s


def _fraction(text: str) -> float:
    """0 ≤ x < 1, evenly spread. Not hash(), which differs from process to process."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / (1 << 48)


class EchoSchedule:
    """Which echoes are due: indexes into ``plans``, spread evenly over each interval.

    Plans of one interval form a cycle: its members have their turns in the order of their indexes, evenly
    apart. ``skipped`` counts turns that were dropped because `due` was asked too late.
    """

    def __init__(self, plans: Sequence[Plan], epoch_ns: int) -> None:
        members: dict[int, list[int]] = {}
        for index, plan in enumerate(plans):
            members.setdefault(round(plan.interval_s * 1e9), []).append(index)
        self._cycles = [_Cycle(interval, group, epoch_ns) for interval, group in members.items()]

    @property
    def skipped(self) -> int:
        return sum(cycle.skipped for cycle in self._cycles)

    @property
    def next_due_ns(self) -> int | None:
        """When the next echo is due; None if there is none to send."""
        return min((cycle.next_due_ns for cycle in self._cycles), default=None)

    def due(self, now_ns: int) -> list[int]:
        """Indexes whose turn has come since the last call, each once, however late the call is."""
        return [index for cycle in self._cycles for index in cycle.due(now_ns)]


class _Cycle:
    """Turn k is member k mod n's, at epoch + k·interval/n and a little shift that changes slowly.

    The shift runs in straight lines between one hashed value a cycle, in ±JITTER of the interval: its
    slope is at most 0.2, so the order of turns holds.
    """

    def __init__(self, interval_ns: int, members: Sequence[int], epoch_ns: int) -> None:
        self._interval_ns = interval_ns
        self._members = members
        # Turn 0 is not before the epoch, whatever its shift.
        self._start_ns = epoch_ns + int(interval_ns * JITTER)
        self._turn = 0
        self._shifts = (0, 0.0, 0.0)
        self.skipped = 0
        self.next_due_ns = self._time(0)

    def due(self, now_ns: int) -> list[int]:
        if now_ns < self.next_due_ns:
            return []
        members, count = self._members, len(self._members)
        self._leap(now_ns)
        found: list[int] = []
        while self.next_due_ns <= now_ns:
            found.append(members[self._turn % count])
            self._turn += 1
            self.next_due_ns = self._time(self._turn)
        surplus = max(0, len(found) - count)
        self.skipped += surplus
        return found[surplus:]

    def _leap(self, now_ns: int) -> None:
        """Far behind (the machine slept): drop whole intervals at once."""
        count = len(self._members)
        intervals = (now_ns - self._start_ns) // self._interval_ns - 1
        target = intervals * count
        if target > self._turn:
            self.skipped += target - self._turn
            self._turn = target
            self.next_due_ns = self._time(target)

    def _time(self, turn: int) -> int:
        cycle, position = divmod(turn, len(self._members))
        if cycle != self._shifts[0] or turn == 0:
            self._shifts = (cycle, self._shift(cycle), self._shift(cycle + 1))
        _, start, end = self._shifts
        share = position / len(self._members)
        nominal = self._start_ns + turn * self._interval_ns // len(self._members)
        return nominal + int(start + (end - start) * share)

    def _shift(self, cycle: int) -> float:
        return self._interval_ns * JITTER * (2 * _fraction(f"{self._interval_ns}\0{cycle}") - 1)


async def run(
    turns: Sequence[Turn],
    measure: Measure,
    publish: Publish,
    observer: Observer,
    limit: int = DEFAULT_LIMIT,
    *,
    first_round: asyncio.Event | None = None,
) -> None:
    """Probe for ever: each turn at its time, one running probe a turn, ``limit`` running in all.

    A turn whose predecessor still runs or waits is skipped and told to ``observer``. ``first_round`` is set
    when everything was probed once. Ends only by cancellation, which cancels the running probes; with no
    turns it returns at once.
    """
    rounds = _Rounds(turns, measure, publish, observer, first_round or asyncio.Event())
    if not turns:
        rounds.first_round.set()
        return
    async with asyncio.TaskGroup() as group:
        for number in range(min(limit, len(turns))):
            group.create_task(rounds.work(), name=f"probe-{number}")
        group.create_task(rounds.dispatch(), name="probe-dispatch")


async def once(
    turns: Sequence[Turn],
    measure: Measure,
    publish: Publish,
    limit: int = DEFAULT_LIMIT,
    *,
    observer: Observer | None = None,
) -> None:
    """Probe everything exactly once, ``limit`` at a time.

    A bug of ours goes to ``observer``; without one, all bugs are raised as an ExceptionGroup after the round.
    """
    slots = asyncio.Semaphore(limit)
    bugs: list[Exception] = []

    async def probe(turn: Turn) -> None:
        async with slots:
            error = await _attempt(turn, measure, publish)
        if error is not None and observer is not None:
            observer.bug(turn.target, turn.plan.check, error)
        elif error is not None:
            bugs.append(error)

    async with asyncio.TaskGroup() as group:
        for turn in turns:
            group.create_task(probe(turn), name=f"{turn.plan.check}-{turn.target.name}")
    if bugs:
        raise ExceptionGroup("probes raised", bugs)


async def _attempt(turn: Turn, measure: Measure, publish: Publish) -> Exception | None:
    """Measure and publish; no await lies between the two, so what was measured is not lost."""
    plan = turn.plan
    try:
        async with asyncio.timeout(plan.timeout_s + GRACE_S):
            publish(await measure(turn.target, plan.check, plan.timeout_s))
    except Exception as error:  # noqa: BLE001 - the network's failures are results: this is our bug, and it must stop no other probe
        return error
    return None


class _Rounds:
    """Hands turns to workers. The queue is bounded: a turn is in it at most once."""

    def __init__(
        self,
        turns: Sequence[Turn],
        measure: Measure,
        publish: Publish,
        observer: Observer,
        first_round: asyncio.Event,
    ) -> None:
        self._turns = turns
        self._measure, self._publish, self._observer = measure, publish, observer
        self.first_round = first_round
        self._unprobed = set(range(len(turns)))
        self._busy: set[int] = set()
        self._queue: asyncio.Queue[tuple[float, int]] = asyncio.Queue(maxsize=len(turns))
        self._offsets = [offset_s(t.target.name, t.plan.check, t.plan.interval_s) for t in turns]

    async def dispatch(self) -> None:
        loop = asyncio.get_running_loop()
        epoch_s = loop.time()
        due = [(epoch_s + self._first_offset_s(index), index, 0) for index in range(len(self._turns))]
        heapify(due)
        while True:
            time_s, index, number = due[0]
            await asyncio.sleep(max(0.0, time_s - loop.time()))
            self._start(time_s, index)
            following, following_s = self._following(index, number, epoch_s, loop.time())
            heapreplace(due, (following_s, index, following))

    def _first_offset_s(self, index: int) -> float:
        interval_s = self._turns[index].plan.interval_s
        span_s = max(FIRST_ROUND_S, len(self._turns) / FIRST_ROUND_TURNS_PER_S)
        return self._offsets[index] * min(1.0, span_s / interval_s)

    def _following(self, index: int, number: int, epoch_s: float, now_s: float) -> tuple[int, float]:
        """The next turn and its time; those that passed while the loop was late are dropped and told."""
        turn, offset = self._turns[index], self._offsets[index]
        following = max(number + 1, next_turn(now_s, epoch_s, offset, turn.plan.interval_s))
        for _ in range(following - number - 1):
            self._observer.skipped(turn.target, turn.plan.check)
        return following, turn_time(following, epoch_s, offset, turn.plan.interval_s)

    def _start(self, time_s: float, index: int) -> None:
        if index in self._busy:
            self._observer.skipped(self._turns[index].target, self._turns[index].plan.check)
            return
        self._busy.add(index)
        self._queue.put_nowait((time_s, index))

    async def work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            time_s, index = await self._queue.get()
            turn = self._turns[index]
            self._observer.delay(max(0.0, loop.time() - time_s))
            error = await _attempt(turn, self._measure, self._publish)
            if error is not None:
                self._observer.bug(turn.target, turn.plan.check, error)
            self._busy.discard(index)
            self._unprobed.discard(index)
            if not self._unprobed:
                self.first_round.set()
