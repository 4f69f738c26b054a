"""The only clocks. Kernel stamps are wall clock; what brackets them is monotonic, so a step is seen."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from probe.model.measurements import Timestamps

# Wall clock minus monotonic is constant but for steps (slewing moves both); one reading of it is exact to
# 1.3 µs, so more than 50 µs of change is a step.
STEP_LIMIT_NS = 50_000
# A reading during which this program lost the processor is taken again.
_READING_LIMIT_NS = 10_000
_READINGS = 5


class Clock(Protocol):
    def now_s(self) -> float:
        """Unix time."""

    def monotonic_ns(self) -> int: ...

    def offset_ns(self) -> int:
        """Wall clock minus monotonic clock."""


class SystemClock:
    def now_s(self) -> float:
        return time.time()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def offset_ns(self) -> int:
        best_width = best = 0
        for attempt in range(_READINGS):
            before = time.monotonic_ns()
            wall = time.time_ns()
            after = time.monotonic_ns()
            if attempt == 0 or after - before < best_width:
                best_width, best = after - before, wall - (before + after) // 2
            if best_width < _READING_LIMIT_NS:
                break
        return best


SYSTEM_CLOCK: Final = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Both clocks at once."""

    monotonic_ns: int
    offset_ns: int

    @classmethod
    def now(cls, clock: Clock) -> "Moment":
        return cls(monotonic_ns=clock.monotonic_ns(), offset_ns=clock.offset_ns())

    @property
    def wall_ns(self) -> int:
        return self.monotonic_ns + self.offset_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """A duration and who stamped it; both None where a step of the wall clock spoilt the stamps."""

    duration_ns: int | None
    timestamps: Timestamps | None

    @property
    def duration_s(self) -> float | None:
        return None if self.duration_ns is None else self.duration_ns / 1e9

    def minus(self, earlier: "Timing") -> "Timing":
        """What came after ``earlier``, which began at the same moment."""
        if self.duration_ns is None or earlier.duration_ns is None or self.duration_ns < earlier.duration_ns:
            return INVALID_SAMPLE
        stamps = worst((self.timestamps, earlier.timestamps))
        return Timing(duration_ns=self.duration_ns - earlier.duration_ns, timestamps=stamps)


INVALID_SAMPLE: Final = Timing(duration_ns=None, timestamps=None)


_TRUST = (Timestamps.KERNEL, Timestamps.KERNEL_RX, Timestamps.USER)


def worst(stamps: Iterable[Timestamps | None]) -> Timestamps | None:
    """What a sum of durations is worth: no more than its worst part. None where nothing was stamped."""
    known = [each for each in stamps if each is not None]
    return max(known, key=_TRUST.index, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """The moments right before the sending and right after the receiving system call."""

    opened: Moment
    closed: Moment

    @property
    def user_ns(self) -> int:
        return max(0, self.closed.monotonic_ns - self.opened.monotonic_ns)

    def timing(self, sent_ns: int | None, received_ns: int | None) -> Timing:
        """From the kernel's stamps (Unix time, None where missing) to a duration that can be trusted.

        Without a transmit stamp the duration starts before the system call (``kernel-rx``). Stamps that a
        step of the wall clock may lie between are discarded, and nothing stands in for them.
        """
        if received_ns is None:
            return Timing(duration_ns=self.user_ns, timestamps=Timestamps.USER)
        start_ns = self.opened.wall_ns if sent_ns is None else sent_ns
        if not self._holds(start_ns, received_ns):
            return INVALID_SAMPLE
        source = Timestamps.KERNEL_RX if sent_ns is None else Timestamps.KERNEL
        return Timing(duration_ns=received_ns - start_ns, timestamps=source)

    def _holds(self, sent_ns: int, received_ns: int) -> bool:
        if abs(self.closed.offset_ns - self.opened.offset_ns) > STEP_LIMIT_NS:
            return False
        if not 0 <= received_ns - sent_ns <= self.user_ns:
            return False
        return sent_ns >= self.opened.wall_ns - STEP_LIMIT_NS


class Deadline:
    """A moment by which an exchange of several waits has to end."""

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self._clock = clock
        self._at_ns = clock.monotonic_ns() + round(timeout_s * 1e9)

    def remaining_s(self) -> float:
        return max(0.0, (self._at_ns - self._clock.monotonic_ns()) / 1e9)
