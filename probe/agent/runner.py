"""Runs checks at the times that `schedule` computes, continuously or each once.

`Runner.sync` may be called at any time with the complete new set of targets: unchanged checks keep their
times, and running probes continue. All times are the event loop's clock.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from probe.agent.schedule import (
    Key,
    ScheduledCheck,
    first_number,
    first_offset_s,
    next_slot,
    offset_of,
    scheduled,
    slot_time,
)
from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.ports import Observer
from probe.model.targets import GRACE_S, Check, Target
from probe.network.clock import STALL_S, SYSTEM_CLOCK

DEFAULT_LIMIT = 64
# More checks at the same slot start in groups, because the event loop sends no ping while it processes what
# arrived for all of them at once: about a millisecond each.
AT_ONCE = 4
PAUSE_S = 0.005

Publish = Callable[[Measurement], None]
Measure = Callable[[Target, Check, float, Publish], Awaitable[None]]


class SilentObserver:
    """An `Observer` for a single round, which needs no self-monitoring; bugs are raised."""

    def skipped(self, target: Target, check: Check, runs: int = 1) -> None:
        del target, check, runs

    def discarded(self, measurement: Measurement) -> None:
        del measurement

    def delay(self, seconds: float) -> None:
        del seconds

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        del target, check
        raise error

    def activity_bug(self, activity: str, key_store: str, error: Exception) -> None:
        del activity, key_store
        raise error

    def credential(self, key_store: str, fault: str | None) -> None:
        del key_store, fault

    def targets(self, added: Sequence[str], removed: Sequence[str]) -> None:
        del added, removed


async def run_once(
    checks: Iterable[ScheduledCheck],
    measure: Measure,
    publish: Publish,
    limit: int = DEFAULT_LIMIT,
    *,
    observer: Observer | None = None,
) -> None:
    """Run each check exactly once, at most ``limit`` at a time.

    An exception in a probe is a bug and is reported to ``observer``; without an observer, all are raised as
    an ExceptionGroup after the round.
    """
    limiter = asyncio.Semaphore(limit)
    bugs: list[Exception] = []

    async def probe(check: ScheduledCheck) -> None:
        async with limiter:
            error = await attempt(check, measure, publish)
        if error is not None and observer is not None:
            observer.bug(check.target, check.plan.check, error)
        elif error is not None:
            bugs.append(error)

    async with asyncio.TaskGroup() as group:
        for check in checks:
            group.create_task(probe(check), name=f"{check.plan.check}-{check.target.name}")
    if bugs:
        raise ExceptionGroup("probes raised", bugs)


async def attempt(check: ScheduledCheck, measure: Measure, publish: Publish) -> Exception | None:
    """Run the probe, which publishes each exchange at once, so that none is lost; returns its exception.

    A probe that exceeds its timeout is a bug, unless the event loop was stalled and could not end it.
    """
    plan, started_at_s = check.plan, SYSTEM_CLOCK.now_s()
    try:
        async with asyncio.timeout(plan.timeout_s + GRACE_S) as limit:
            await measure(check.target, plan.check, plan.timeout_s, publish)
    except TimeoutError as error:
        if not _was_stalled(limit):
            return error
        publish(_stalled(check, started_at_s))
    except Exception as error:  # noqa: BLE001 - network failures are results, so this is a bug; it must not stop other probes
        return error
    return None


def _was_stalled(limit: asyncio.Timeout) -> bool:
    end_s = limit.when()
    return limit.expired() and end_s is not None and asyncio.get_running_loop().time() - end_s > STALL_S


def _stalled(check: ScheduledCheck, started_at_s: float) -> Measurement:
    """The phase is not known, and not read: the measurement is discarded."""
    failure = Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT, detail="xks-probe was stalled")
    return Measurement(
        target=check.target,
        check=check.plan.check,
        started_at_s=started_at_s,
        failure=failure,
        was_stalled=True,
    )


@dataclass(slots=True, eq=False)
class _Entry:
    """A scheduled check, whose slots are at ``epoch_s`` + ``offset_s`` + n intervals.

    ``version`` changes whenever the slots do: queued slots of an older version are ignored.
    """

    check: ScheduledCheck
    epoch_s: float = 0.0
    offset_s: float = 0.0
    number: int = 0  # of the queued slot
    version: int = 0
    is_running: bool = False  # or waits for a worker
    is_removed: bool = False  # a running probe still completes


@dataclass(slots=True)
class _SlotQueue:
    """A priority queue of the next slot of each entry. Slots of an older version are skipped."""

    entries: dict[Key, _Entry] = field(default_factory=dict)
    _heap: list[tuple[float, int, int, _Entry]] = field(default_factory=list)
    _ties: "count[int]" = field(default_factory=count)

    def join(self, entry: _Entry, now_s: float, among: int) -> None:
        """Add or reschedule an entry, one of ``among`` that are added at the same time."""
        entry.epoch_s, entry.offset_s = now_s, offset_of(entry.check)
        entry.number = first_number(entry.check, among)
        entry.version += 1
        self.entries[entry.check.key] = entry
        self.push(entry, now_s + first_offset_s(entry.check, among))

    def leave(self, key: Key) -> None:
        entry = self.entries.pop(key)
        entry.version += 1
        entry.is_removed = True

    def push(self, entry: _Entry, slot_s: float) -> None:
        heappush(self._heap, (slot_s, next(self._ties), entry.version, entry))

    def pop(self) -> _Entry:
        return heappop(self._heap)[-1]

    def next_s(self) -> float | None:
        while self._heap and self._heap[0][2] != self._heap[0][3].version:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None


class Runner:
    """Runs checks continuously: each at its slots, at most ``limit`` probes at a time.

    If the previous run of a check has not finished, its run is skipped and reported to ``observer``.
    ``first_round`` is set when every check has been run once.
    """

    def __init__(
        self,
        measure: Measure,
        publish: Publish,
        observer: Observer,
        limit: int = DEFAULT_LIMIT,
        *,
        without: frozenset[Check] = frozenset(),
    ) -> None:
        self._measure, self._publish, self._observer = measure, publish, observer
        self._limit, self._without = limit, without
        self._targets: tuple[Target, ...] = ()
        self._slots = _SlotQueue()
        self._unprobed: set[Key] = set()
        self._changed = asyncio.Event()
        self._queue: asyncio.Queue[tuple[float, _Entry]] = asyncio.Queue()  # an entry is in it at most once
        self.first_round = asyncio.Event()

    @property
    def has_probed_all(self) -> bool:
        """Whether every check of the current targets has been run once."""
        return self.first_round.is_set() and not self._unprobed and not self._changed.is_set()

    def sync(self, targets: Iterable[Target]) -> None:
        """Set the targets. Unchanged checks keep their slots; a check with a new interval gets new ones."""
        self._targets = tuple(targets)
        self._changed.set()

    async def run(self) -> None:
        """Run until cancelled; that also cancels the running probes."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._limit):
                group.create_task(self._work(), name=f"probe-{number}")
            group.create_task(self._dispatch(), name="probe-dispatch")

    async def _dispatch(self) -> None:
        loop = asyncio.get_running_loop()
        started = 0
        while True:
            if self._changed.is_set():
                self._changed.clear()
                self._apply(loop.time())
            next_s = self._slots.next_s()
            if next_s is None or next_s > loop.time():
                await self._wait(next_s)
                started = 0
            else:
                entry = self._slots.pop()
                self._start(next_s, entry)
                self._slots.push(entry, self._following(entry, loop.time()))
                started += 1
                await asyncio.sleep(0 if started % AT_ONCE else PAUSE_S)

    async def _wait(self, until_s: float | None) -> None:
        """Wait until then, or until the targets change."""
        try:
            async with asyncio.timeout_at(until_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _apply(self, now_s: float) -> None:
        """Compare the targets with the scheduled entries, and add, remove or reschedule what differs."""
        wanted = {check.key: check for check in scheduled(self._targets, without=self._without)}
        known = self._slots.entries
        for key in known.keys() - wanted.keys():
            self._slots.leave(key)
            self._unprobed.discard(key)
        joining = [_Entry(check) for key, check in wanted.items() if key not in known]
        self._unprobed |= {entry.check.key for entry in joining}
        for key, entry in known.items():
            if entry.check.plan.interval_s != wanted[key].plan.interval_s:
                joining.append(entry)
            entry.check = wanted[key]
        for entry in joining:
            self._slots.join(entry, now_s, among=len(joining))
        self._note_first_round()

    def _following(self, entry: _Entry, now_s: float) -> float:
        """The time of the next slot; runs missed while the loop was blocked are dropped and reported."""
        interval_s = entry.check.plan.interval_s
        following = max(entry.number + 1, next_slot(now_s, entry.epoch_s, entry.offset_s, interval_s))
        if following > entry.number + 1:
            self._skip(entry, following - entry.number - 1)
        entry.number = following
        return slot_time(following, entry.epoch_s, entry.offset_s, interval_s)

    def _start(self, slot_s: float, entry: _Entry) -> None:
        if entry.is_running:
            self._skip(entry)
            return
        entry.is_running = True
        self._queue.put_nowait((slot_s, entry))

    def _skip(self, entry: _Entry, runs: int = 1) -> None:
        self._observer.skipped(entry.check.target, entry.check.plan.check, runs)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            slot_s, entry = await self._queue.get()
            if not entry.is_removed:
                self._observer.delay(max(0.0, loop.time() - slot_s))
                await self._probe(entry)

    async def _probe(self, entry: _Entry) -> None:
        check = entry.check
        error = await attempt(check, self._measure, self._publish)
        if error is not None:
            self._observer.bug(check.target, check.plan.check, error)
        entry.is_running = False
        self._unprobed.discard(check.key)
        self._note_first_round()

    def _note_first_round(self) -> None:
        if not self._unprobed:
            self.first_round.set()
