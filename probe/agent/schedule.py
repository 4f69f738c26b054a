"""Computes when each check is due (pure). All times are of one monotonic clock.

The times at which a check is due are its *slots*, one per interval: slot n is at

    epoch + offset + n * interval

The epoch is when the check was added. The offset, between 0 and one interval, is a hash of target and check,
so it is the same on every machine and after every restart, and the checks are spread over the interval. It is
a multiple of 0.1 s, so that many targets are probed a few at a time: a process that wakes up for each of them
uses a fifth more CPU time. Slots do not depend on how long earlier probes took (no coordinated omission), and
missed slots are not made up.

Pings are more frequent than other checks, so they are not scheduled one by one. All pings with the same
interval form a *cycle* that repeats every interval, and in which each target has an offset:

    |a    b    c    d    |a    b    c    d    |a   ...
    cycle 0              cycle 1              cycle 2

Each cycle is also shifted by a slowly changing *jitter*, so that pings do not stay in step with a periodic
load at the other end.
"""

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappush, heapreplace
from itertools import pairwise
from math import ceil

from probe.model.targets import Check, Identity, PlannedCheck, Target

# The first slots are close together, so that the first round takes only seconds, but with a limited rate.
FIRST_ROUND_S = 5.0
FIRST_ROUND_CHECKS_PER_S = 100.0
SLOTS_PER_S = 10
# The maximum jitter of a cycle of pings, as a fraction of its interval.
JITTER = 0.1

Key = tuple[Identity, Check]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledCheck:
    """One check of one target, run periodically. ``key`` identifies it across changes of targets."""

    target: Target
    plan: PlannedCheck

    @property
    def key(self) -> Key:
        return self.target.identity, self.plan.check


def scheduled(
    targets: Iterable[Target], *, without: frozenset[Check] = frozenset()
) -> tuple[ScheduledCheck, ...]:
    """All planned checks of all targets, except those in ``without`` (pings, which run in batches)."""
    return tuple(
        ScheduledCheck(target=target, plan=plan)
        for target in targets
        for plan in target.plans
        if plan.check not in without
    )


def offset_s(what: str, check: Check, interval_s: float) -> float:
    """The offset of a check within its interval: a hash, so the same on every machine and after a restart.

    >>> round(offset_s("proxy-1", Check.TCP, 15.0), 3)
    10.846
    """
    return interval_s * _fraction(f"{what}\0{check}")


def offset_of(check: ScheduledCheck) -> float:
    """The offset of a check, which depends on the target's identity and not on its name."""
    what = "\0".join(map(str, check.target.identity))
    number = int(offset_s(what, check.plan.check, check.plan.interval_s) * SLOTS_PER_S)
    return number / SLOTS_PER_S


def first_offset_s(check: ScheduledCheck, among: int) -> float:
    """The time from adding a check to its first slot, if ``among`` checks are added at once."""
    span_s = max(FIRST_ROUND_S, among / FIRST_ROUND_CHECKS_PER_S)
    return offset_of(check) * min(1.0, span_s / check.plan.interval_s)


def first_number(check: ScheduledCheck, among: int) -> int:
    """The number of the first slot, which `first_offset_s` brings forward: -1 or 0.

    It is -1 if the regular slot 0 is at least half an interval later: then slot 0 follows as usual. Otherwise
    it replaces slot 0. So the second run comes half an interval to one and a half intervals after the first.
    """
    is_far = offset_of(check) - first_offset_s(check, among) >= check.plan.interval_s / 2
    return -1 if is_far else 0


def next_slot(now_s: float, epoch_s: float, offset_s: float, interval_s: float) -> int:
    """The number of the first slot that is not before ``now_s``."""
    number = max(0, ceil((now_s - epoch_s - offset_s) / interval_s))
    # Due to rounding, the quotient may be off by one for a slot exactly at ``now_s``.
    while number > 0 and slot_time(number - 1, epoch_s, offset_s, interval_s) >= now_s:
        number -= 1
    while slot_time(number, epoch_s, offset_s, interval_s) < now_s:
        number += 1
    return number


def slot_time(number: int, epoch_s: float, offset_s: float, interval_s: float) -> float:
    return epoch_s + offset_s + number * interval_s


def _fraction(text: str) -> float:
    """A hash of ``text`` as 0 ≤ x < 1. Not Python's hash(), which differs between processes."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / (1 << 48)


class EchoSchedule:
    """Computes which pings are due: indexes into ``plans``, spread evenly over each interval.

    Plans with the same interval form a cycle. Initially, their offsets are evenly spaced, in the order of
    ``plans``. ``keys`` identify the plans: `following` keeps the offset of every key that is still present.
    ``skipped`` counts pings that were not sent because `due` was called too late.
    """

    def __init__(
        self, plans: Sequence[PlannedCheck], epoch_ns: int, keys: Sequence[Hashable] | None = None
    ) -> None:
        self._epoch_ns = epoch_ns
        self._last_call_ns = epoch_ns - 1
        self._cycles = self._cycles_of(plans, range(len(plans)) if keys is None else keys, {})

    def following(self, plans: Sequence[PlannedCheck], keys: Sequence[Hashable]) -> "EchoSchedule":
        """The schedule after a change of targets; it continues after the last call of `due`.

        A key that is still present keeps its offset; a new one gets the middle of the widest gap.
        """
        after = EchoSchedule((), self._epoch_ns)
        after._last_call_ns = self._last_call_ns
        after._cycles = after._cycles_of(plans, keys, self._cycles)
        return after

    def _cycles_of(
        self, plans: Sequence[PlannedCheck], keys: Sequence[Hashable], before: "Mapping[int, _Cycle]"
    ) -> "dict[int, _Cycle]":
        by_interval: dict[int, dict[Hashable, int]] = {}
        for index, (plan, key) in enumerate(zip(plans, keys, strict=True)):
            by_interval.setdefault(round(plan.interval_s * 1e9), {})[key] = index
        return {
            interval_ns: _Cycle(
                interval_ns, indexes, self._epoch_ns, self._last_call_ns,
                before[interval_ns].offsets if interval_ns in before else {},
            )
            for interval_ns, indexes in by_interval.items()
        }  # fmt: skip

    @property
    def skipped(self) -> int:
        return sum(cycle.skipped for cycle in self._cycles.values())

    @property
    def next_due_ns(self) -> int | None:
        """When the next ping is due; None without plans."""
        return min((cycle.next_due_ns for cycle in self._cycles.values()), default=None)

    def take_skipped(self) -> Mapping[int, int]:
        """How many pings of each plan were skipped since the last call of this method."""
        taken: dict[int, int] = {}
        for cycle in self._cycles.values():
            if cycle.not_taken:  # an index is in one cycle only
                taken |= cycle.not_taken
                cycle.not_taken = Counter()
        return taken

    def due(self, now_ns: int) -> list[int]:
        """Indexes of the pings that became due since the last call; each index at most once."""
        self._last_call_ns = max(self._last_call_ns, now_ns)
        return [index for cycle in self._cycles.values() for index in cycle.due(now_ns)]


class _Cycle:
    """The pings of one interval: n targets, each with an offset from the cycle's start.

    Slots are numbered across cycles: slot s is in cycle s // n, and is that of the target at position s % n
    in the order of offsets. The jitter is a hash of the cycle's number at the start of each cycle, within
    ±JITTER of the interval, and linear in between. So within a cycle it changes by at most 0.2 of the
    interval, and the order of slots is kept.
    """

    def __init__(
        self,
        interval_ns: int,
        indexes: Mapping[Hashable, int],
        epoch_ns: int,
        after_ns: int,
        offsets_before: Mapping[Hashable, int],
    ) -> None:
        self._interval_ns = interval_ns
        # Slot 0 never starts before the epoch, regardless of its jitter.
        self._start_ns = epoch_ns + int(interval_ns * JITTER)
        self.offsets = _offsets(indexes, offsets_before, interval_ns)
        ordered = sorted(indexes, key=self.offsets.__getitem__)
        self._offsets_ns = [self.offsets[key] for key in ordered]
        self._indexes = [indexes[key] for key in ordered]
        self._jitters_ns = (-1, 0.0, 0.0)  # cycle, jitter at its start, jitter at its end
        self.skipped = 0
        self.not_taken: Counter[int] = Counter()  # skipped pings by index, until they are reported
        self._slot = self._first_after(after_ns)
        self.next_due_ns = self._time(self._slot)

    def due(self, now_ns: int) -> list[int]:
        if now_ns < self.next_due_ns:
            return []
        indexes, count = self._indexes, len(self._indexes)
        self._skip_missed_cycles(now_ns)
        found: list[int] = []
        while self.next_due_ns <= now_ns:
            found.append(indexes[self._slot % count])
            self._slot += 1
            self.next_due_ns = self._time(self._slot)
        surplus = max(0, len(found) - count)
        if surplus:
            self.skipped += surplus
            self.not_taken.update(found[:surplus])
        return found[surplus:]

    def _first_after(self, after_ns: int) -> int:
        cycle = (after_ns - self._start_ns) // self._interval_ns - 1
        slot = max(0, cycle * len(self._indexes))
        while self._time(slot) <= after_ns:
            slot += 1
        return slot

    def _skip_missed_cycles(self, now_ns: int) -> None:
        """If far behind (after the machine slept), skip complete cycles at once."""
        cycle = (now_ns - self._start_ns) // self._interval_ns - 1
        slot = cycle * len(self._indexes)
        if slot > self._slot:
            self._skip(slot - self._slot)
            self._slot = slot
            self.next_due_ns = self._time(slot)

    def _skip(self, slots: int) -> None:
        """Count the next ``slots`` slots as skipped; may be millions, after a night of sleep."""
        cycles, rest = divmod(slots, len(self._indexes))
        self.skipped += slots
        if cycles:
            self.not_taken.update(dict.fromkeys(self._indexes, cycles))
        self.not_taken.update(self._indexes[(self._slot + n) % len(self._indexes)] for n in range(rest))

    def _time(self, slot: int) -> int:
        cycle, position = divmod(slot, len(self._indexes))
        if cycle != self._jitters_ns[0]:
            self._jitters_ns = (cycle, self._jitter_ns(cycle), self._jitter_ns(cycle + 1))
        _, start_ns, end_ns = self._jitters_ns
        offset_ns = self._offsets_ns[position]
        jitter_ns = start_ns + (end_ns - start_ns) * (offset_ns / self._interval_ns)
        return self._start_ns + cycle * self._interval_ns + offset_ns + int(jitter_ns)

    def _jitter_ns(self, cycle: int) -> float:
        return self._interval_ns * JITTER * (2 * _fraction(f"{self._interval_ns}\0{cycle}") - 1)


def _offsets(
    keys: Iterable[Hashable], before: Mapping[Hashable, int], interval_ns: int
) -> dict[Hashable, int]:
    """The offset of each key from the cycle's start, in ns."""
    ordered = tuple(keys)
    offsets = {key: before[key] for key in ordered if key in before}
    if not offsets:
        return {key: number * interval_ns // len(ordered) for number, key in enumerate(ordered)}
    taken = sorted(offsets.values())
    gaps = [(begin - end, begin) for begin, end in pairwise((*taken, taken[0] + interval_ns))]
    heapify(gaps)  # the widest first: lengths are negative
    for key in ordered:
        if key not in offsets:
            length, begin = gaps[0]
            middle = begin - length // 2
            offsets[key] = middle % interval_ns
            heapreplace(gaps, (begin - middle, begin))
            heappush(gaps, (length + middle - begin, middle))
    return offsets
