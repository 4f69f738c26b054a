"""When each check is due: offsets from what is checked, no catching up, no coordinated omission (pure).

A slot is a moment at which a check is due. Times are those of one monotonic clock.
"""

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappush, heapreplace
from itertools import pairwise
from math import ceil

from probe.model.targets import Check, Identity, PlannedCheck, Target

# The first slots are drawn together, so that the first round takes seconds, yet is no flood.
FIRST_ROUND_S = 5.0
FIRST_ROUND_CHECKS_PER_S = 100.0
# Each cycle of echoes is shifted by up to this part of its interval, so that no periodic load at the
# other end always meets the same phase of it.
JITTER = 0.1

Key = tuple[Identity, Check]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledCheck:
    """One check of one target, again and again. ``key`` stays the same while that is the same thing."""

    target: Target
    plan: PlannedCheck

    @property
    def key(self) -> Key:
        return self.target.identity, self.plan.check


def scheduled(
    targets: Iterable[Target], *, without: frozenset[Check] = frozenset()
) -> tuple[ScheduledCheck, ...]:
    """All plans of all targets, but for checks that something else schedules (echoes, in batches)."""
    return tuple(
        ScheduledCheck(target=target, plan=plan)
        for target in targets
        for plan in target.plans
        if plan.check not in without
    )


def offset_s(what: str, check: Check, interval_s: float) -> float:
    """Where in its interval a check has its slot: the same on every machine, after every restart.

    >>> round(offset_s("proxy-1", Check.TCP, 15.0), 3)
    10.846
    """
    return interval_s * _fraction(f"{what}\0{check}")


def offset_of(check: ScheduledCheck) -> float:
    """`offset_s` of what is checked, whatever it is called."""
    what = "\0".join(map(str, check.target.identity))
    return offset_s(what, check.plan.check, check.plan.interval_s)


def first_offset_s(check: ScheduledCheck, among: int) -> float:
    """How long after it joins a check has its first slot, if ``among`` checks join at once."""
    span_s = max(FIRST_ROUND_S, among / FIRST_ROUND_CHECKS_PER_S)
    return offset_of(check) * min(1.0, span_s / check.plan.interval_s)


def first_number(check: ScheduledCheck, among: int) -> int:
    """The number of that first slot: the next one is 0 if it is half an interval later or more, else 1.

    Without it a check with a late offset would wait nearly two intervals after its first slot.
    """
    is_far = offset_of(check) - first_offset_s(check, among) >= check.plan.interval_s / 2
    return -1 if is_far else 0


def next_slot(now_s: float, epoch_s: float, offset_s: float, interval_s: float) -> int:
    """The number of the first slot not before ``now_s``; slot n is at epoch + offset + n intervals."""
    number = max(0, ceil((now_s - epoch_s - offset_s) / interval_s))
    # The quotient is rounded: it may come out one short of, or one past, a slot at this very moment.
    while number > 0 and slot_time(number - 1, epoch_s, offset_s, interval_s) >= now_s:
        number -= 1
    while slot_time(number, epoch_s, offset_s, interval_s) < now_s:
        number += 1
    return number


def slot_time(number: int, epoch_s: float, offset_s: float, interval_s: float) -> float:
    return epoch_s + offset_s + number * interval_s


def _fraction(text: str) -> float:
    """0 ≤ x < 1, evenly spread. Not hash(), which differs from process to process."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / (1 << 48)


class EchoSchedule:
    """Which echoes are due: indexes into ``plans``, spread evenly over each interval.

    Plans of one interval form a cycle, in which each has a place: at first evenly apart, in the order of
    their indexes. ``keys`` say which plan is which; `following` keeps the place of every key that stays.
    ``skipped`` counts slots that were dropped because `due` was asked too late.
    """

    def __init__(
        self, plans: Sequence[PlannedCheck], epoch_ns: int, keys: Sequence[Hashable] | None = None
    ) -> None:
        self._epoch_ns = epoch_ns
        self._asked_ns = epoch_ns - 1
        self._cycles = self._cycles_of(plans, range(len(plans)) if keys is None else keys, {})

    def following(self, plans: Sequence[PlannedCheck], keys: Sequence[Hashable]) -> "EchoSchedule":
        """The schedule after a change of targets: it goes on where this one was last asked.

        A key that stays keeps its place; a new one gets the middle of the widest gap.
        """
        after = EchoSchedule((), self._epoch_ns)
        after._asked_ns = self._asked_ns
        after._cycles = after._cycles_of(plans, keys, self._cycles)
        return after

    def _cycles_of(
        self, plans: Sequence[PlannedCheck], keys: Sequence[Hashable], before: "Mapping[int, _Cycle]"
    ) -> "dict[int, _Cycle]":
        members: dict[int, dict[Hashable, int]] = {}
        for index, (plan, key) in enumerate(zip(plans, keys, strict=True)):
            members.setdefault(round(plan.interval_s * 1e9), {})[key] = index
        return {
            interval_ns: _Cycle(
                interval_ns, group, self._epoch_ns, self._asked_ns,
                before[interval_ns].offsets if interval_ns in before else {},
            )
            for interval_ns, group in members.items()
        }  # fmt: skip

    @property
    def skipped(self) -> int:
        return sum(cycle.skipped for cycle in self._cycles.values())

    @property
    def next_due_ns(self) -> int | None:
        """When the next echo is due; None if there is none to send."""
        return min((cycle.next_due_ns for cycle in self._cycles.values()), default=None)

    def due(self, now_ns: int) -> list[int]:
        """Indexes whose slot has come since the last call, each once, however late the call is."""
        self._asked_ns = max(self._asked_ns, now_ns)
        return [index for cycle in self._cycles.values() for index in cycle.due(now_ns)]


class _Cycle:
    """Each member has a place: so long after the cycle's start, and a little shift that changes slowly.

    The shift runs in straight lines between one hashed value a cycle, in ±JITTER of the interval: its
    slope is at most 0.2, so the order of slots holds. Slot s is member s mod n's.
    """

    def __init__(
        self,
        interval_ns: int,
        members: Mapping[Hashable, int],
        epoch_ns: int,
        after_ns: int,
        kept: Mapping[Hashable, int],
    ) -> None:
        self._interval_ns = interval_ns
        # Slot 0 is not before the epoch, whatever its shift.
        self._start_ns = epoch_ns + int(interval_ns * JITTER)
        self.offsets = _offsets(members, kept, interval_ns)
        ordered = sorted(members, key=self.offsets.__getitem__)
        self._offsets_ns = [self.offsets[key] for key in ordered]
        self._members = [members[key] for key in ordered]
        self._shifts = (-1, 0.0, 0.0)
        self.skipped = 0
        self._slot = self._first_after(after_ns)
        self.next_due_ns = self._time(self._slot)

    def due(self, now_ns: int) -> list[int]:
        if now_ns < self.next_due_ns:
            return []
        members, count = self._members, len(self._members)
        self._leap(now_ns)
        found: list[int] = []
        while self.next_due_ns <= now_ns:
            found.append(members[self._slot % count])
            self._slot += 1
            self.next_due_ns = self._time(self._slot)
        surplus = max(0, len(found) - count)
        self.skipped += surplus
        return found[surplus:]

    def _first_after(self, after_ns: int) -> int:
        cycle = (after_ns - self._start_ns) // self._interval_ns - 1
        slot = max(0, cycle * len(self._members))
        while self._time(slot) <= after_ns:
            slot += 1
        return slot

    def _leap(self, now_ns: int) -> None:
        """Far behind (the machine slept): drop whole intervals at once."""
        intervals = (now_ns - self._start_ns) // self._interval_ns - 1
        target = intervals * len(self._members)
        if target > self._slot:
            self.skipped += target - self._slot
            self._slot = target
            self.next_due_ns = self._time(target)

    def _time(self, slot: int) -> int:
        cycle, position = divmod(slot, len(self._members))
        if cycle != self._shifts[0]:
            self._shifts = (cycle, self._shift(cycle), self._shift(cycle + 1))
        _, start, end = self._shifts
        offset_ns = self._offsets_ns[position]
        shift = start + (end - start) * (offset_ns / self._interval_ns)
        return self._start_ns + cycle * self._interval_ns + offset_ns + int(shift)

    def _shift(self, cycle: int) -> float:
        return self._interval_ns * JITTER * (2 * _fraction(f"{self._interval_ns}\0{cycle}") - 1)


def _offsets(
    keys: Iterable[Hashable], before: Mapping[Hashable, int], interval_ns: int
) -> dict[Hashable, int]:
    """How long after the cycle's start each key has its slot, in ns."""
    wanted = tuple(keys)
    offsets = {key: before[key] for key in wanted if key in before}
    if not offsets:
        return {key: number * interval_ns // len(wanted) for number, key in enumerate(wanted)}
    taken = sorted(offsets.values())
    gaps = [(begin - end, begin) for begin, end in pairwise((*taken, taken[0] + interval_ns))]
    heapify(gaps)  # the widest first: lengths are negative
    for key in wanted:
        if key not in offsets:
            length, begin = gaps[0]
            middle = begin - length // 2
            offsets[key] = middle % interval_ns
            heapreplace(gaps, (begin - middle, begin))
            heappush(gaps, (length + middle - begin, middle))
    return offsets
