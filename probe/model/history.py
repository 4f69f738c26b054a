"""The history on disk: what is kept of each minute, and how it can be read."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from probe.model.measurements import Phase, Reason
from probe.model.statistics import BOUNDS_S
from probe.model.targets import Check, Identity
from probe.model.verdicts import Outcome

MINUTE_S = 60


class HistoryUnavailable(Exception):  # noqa: N818 - a state, not a bug
    """The history cannot be read now; the text is the reason."""


@dataclass(slots=True, kw_only=True)
class MinuteSummary:
    """The probes of one check of one target that started within some time; it is summed up in place.

    ``counts`` has the number of durations per index of `BOUNDS_S`; the index after the last bound is for
    longer ones. A probe without failure has no duration if it was discarded because the clock was stepped.
    """

    sent: int = 0
    failed: dict[Reason, int] = field(default_factory=dict)
    min_s: float | None = None
    max_s: float | None = None
    counts: dict[int, int] = field(default_factory=dict)

    def add(self, duration_s: float | None, reason: Reason | None) -> None:
        """Add one probe: its failure, or how long it took."""
        self.sent += 1
        if reason is not None:
            self.failed[reason] = self.failed.get(reason, 0) + 1
        elif duration_s is not None:
            index = bisect_left(BOUNDS_S, duration_s)
            self.counts[index] = self.counts.get(index, 0) + 1
            self._widen(duration_s, duration_s)

    def merge(self, other: "MinuteSummary") -> None:
        """Add all probes of ``other``."""
        self.sent += other.sent
        for reason, count in other.failed.items():
            self.failed[reason] = self.failed.get(reason, 0) + count
        for index, count in other.counts.items():
            self.counts[index] = self.counts.get(index, 0) + count
        if other.min_s is not None and other.max_s is not None:
            self._widen(other.min_s, other.max_s)

    def _widen(self, low_s: float, high_s: float) -> None:
        self.min_s = low_s if self.min_s is None else min(self.min_s, low_s)
        self.max_s = high_s if self.max_s is None else max(self.max_s, high_s)

    @property
    def failures(self) -> int:
        return sum(self.failed.values())

    @property
    def median_s(self) -> float | None:
        """An upper estimate of the median: the bound of its bucket, but not more than the maximum."""
        total = sum(self.counts.values())
        seen = 0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if 2 * seen >= total:
                bound_s = BOUNDS_S[index] if index < len(BOUNDS_S) else self.max_s
                return bound_s if self.max_s is None or bound_s is None else min(bound_s, self.max_s)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedProbe:
    """One failure. ``detail`` is cleaned and at most 256 characters long."""

    at_s: float
    check: Check
    phase: Phase
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHistory:
    """The history of one target: per check its summaries by start time, and the newest failures in order.

    Times without a probe have no summary. ``more_failures``: there are older ones in the range.
    """

    summaries: Mapping[Check, Mapping[int, MinuteSummary]] = field(default_factory=dict)
    failures: Sequence[FailedProbe] = ()
    more_failures: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """Whether the newest probe of a check failed, and since when all probes have had that outcome.

    ``is_first``: all of them since the start of the agent, so the state may be older.
    """

    is_failing: bool
    since_s: float
    is_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The states in the file, with the time since when: of checks when it was opened, of verdicts now.

    ``verdicts``: (key store, requirement, subject) -> its outcome, and since when it has been so in reports;
    a time in which it was unknown does not end it.
    """

    checks: Mapping[tuple[Identity, Check], CheckState] = field(default_factory=dict)
    verdicts: Mapping[tuple[str, str, str], tuple[Outcome, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStatus:
    """The state of the file. ``reason`` is why there is no history now, "" if there is one.

    ``oldest_s`` is None for an empty file. ``dropped_rows`` were measured, but could not be written.
    """

    reason: str = ""
    size_bytes: int = 0
    limit_bytes: int = 0
    oldest_s: float | None = None
    dropped_rows: int = 0


class HistoryReader(Protocol):
    """How the page reads the history; implemented by ``probe.storage``."""

    @property
    def status(self) -> HistoryStatus: ...

    @property
    def standing(self) -> Standing: ...

    def read(self, identity: Identity, from_s: int, to_s: int, step_s: int) -> TargetHistory:
        """The history from ``from_s`` until before ``to_s``. Blocks for at most a few seconds: use a thread.

        All three are multiples of a minute. Raises `HistoryUnavailable`.
        """
