"""The only clocks, and the check of kernel timestamps against them.

Kernel timestamps use the wall clock. They are compared with readings of the monotonic clock before and after
the exchange, so that a step of the wall clock is detected.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from probe.model.measurements import Timestamps

# Wall clock minus monotonic clock changes only by steps (slewing moves both). One reading of it is accurate
# to 1.3 µs, so a change of more than 50 µs is a step.
STEP_LIMIT_NS = 50_000
# If this program was preempted during a reading, the reading is repeated.
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
    """A reading of both clocks at the same time."""

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
    """A duration and the source of its timestamps; both None if discarded because of a clock step."""

    duration_ns: int | None
    timestamps: Timestamps | None

    @property
    def duration_s(self) -> float | None:
        return None if self.duration_ns is None else self.duration_ns / 1e9

    def minus(self, earlier: "Timing") -> "Timing":
        """The rest of this duration after ``earlier``, which started at the same moment."""
        if self.duration_ns is None or earlier.duration_ns is None or self.duration_ns < earlier.duration_ns:
            return INVALID_SAMPLE
        stamps = worst((self.timestamps, earlier.timestamps))
        return Timing(duration_ns=self.duration_ns - earlier.duration_ns, timestamps=stamps)


INVALID_SAMPLE: Final = Timing(duration_ns=None, timestamps=None)


_TRUST = (Timestamps.KERNEL, Timestamps.KERNEL_RX, Timestamps.USER)


def worst(stamps: Iterable[Timestamps | None]) -> Timestamps | None:
    """The least accurate source: a sum of durations is only as accurate as its worst part. None if empty."""
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
        """The duration between the kernel's timestamps (Unix time, None if missing).

        Without a transmit timestamp, the duration starts before the system call (``kernel-rx``). If the wall
        clock may have been stepped in between, the timestamps are discarded and not replaced.
        """
        if received_ns is None:
            return Timing(duration_ns=self.user_ns, timestamps=Timestamps.USER)
        start_ns = self.opened.wall_ns if sent_ns is None else sent_ns
        if not self._is_plausible(start_ns, received_ns):
            return INVALID_SAMPLE
        source = Timestamps.KERNEL_RX if sent_ns is None else Timestamps.KERNEL
        return Timing(duration_ns=received_ns - start_ns, timestamps=source)

    def _is_plausible(self, sent_ns: int, received_ns: int) -> bool:
        if abs(self.closed.offset_ns - self.opened.offset_ns) > STEP_LIMIT_NS:
            return False
        if not 0 <= received_ns - sent_ns <= self.user_ns:
            return False
        return sent_ns >= self.opened.wall_ns - STEP_LIMIT_NS


# An event loop notices a deadline within some milliseconds. If it takes longer, the loop was stalled.
STALL_S = 0.05


class Deadline:
    """The time by which all steps of an exchange must end."""

    def __init__(self, clock: Clock, timeout_s: float) -> None:
        self._clock = clock
        self._at_ns = clock.monotonic_ns() + round(timeout_s * 1e9)

    def remaining_s(self) -> float:
        return max(0.0, (self._at_ns - self._clock.monotonic_ns()) / 1e9)

    def passed_unnoticed(self) -> bool:
        """Whether it passed more than `STALL_S` ago: then this program did not read the network in time."""
        return self._clock.monotonic_ns() - self._at_ns > round(STALL_S * 1e9)
