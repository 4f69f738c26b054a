"""Sums up measurements per minute, target and check for the history. No I/O and no clock.

A probe belongs to the minute in which it started. A late result, or a clock that was stepped, makes a second
summary of a minute that was already taken. The history file adds the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from probe.model.history import MINUTE_S, CheckState, FailedProbe, MinuteSummary
from probe.model.kinds import CHECKS
from probe.model.measurements import (
    HEALTH_PURPOSE,
    EchoBatch,
    EchoOutcome,
    Failure,
    HealthDetails,
    Measurement,
    Phase,
)
from probe.model.targets import Check, Identity, Target
from probe.model.text import clean

Series = tuple[Identity, Check]
MAX_MINUTES = 10  # not yet taken; while the file cannot be written, older ones are dropped
MAX_FAILURES = 5_000  # likewise; about a second of a failing network of 1,000 targets
_ENDED = frozenset({EchoOutcome.ANSWERED, EchoOutcome.FAILED, EchoOutcome.TIMED_OUT})
# The phase that is kept of a check; of a health request, the sum of all phases except name resolution.
_TIMED = {Check.ICMP: Phase.ECHO, Check.TCP: Phase.CONNECT, Check.TLS: Phase.HANDSHAKE, Check.DNS: Phase.WAIT}
_MAY_LACK = frozenset({Phase.RESOLVE, Phase.SEND})


@dataclass(slots=True, kw_only=True)
class Taken:
    """What was measured since the last time: summaries per start of a minute, failures, current states."""

    minutes: dict[int, dict[Series, MinuteSummary]] = field(default_factory=dict)
    failures: list[tuple[Identity, FailedProbe]] = field(default_factory=list)
    states: dict[Series, CheckState] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.minutes.values())) + len(self.failures)


class Minutes:
    """The summaries that are not yet taken. ``dropped`` counts the summaries and failures without room."""

    def __init__(self) -> None:
        self.dropped = 0
        self._targets: frozenset[Identity] = frozenset()
        self._taken = Taken()
        self._states: dict[Series, CheckState] = {}
        self._newest_s: dict[Series, float] = {}

    def on_targets(self, targets: Sequence[Target]) -> None:
        """Results of other targets are ignored from now on."""
        self._targets = frozenset(target.identity for target in targets)
        for series in [each for each in self._states if each[0] not in self._targets]:
            del self._states[series], self._newest_s[series]

    def on_measurement(self, measurement: Measurement) -> None:
        if measurement.target.identity in self._targets and _counts(measurement):
            series = (measurement.target.identity, measurement.check)
            self._add(series, measurement.started_at_s, _duration_s(measurement), measurement.failure)

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        rows = zip(batch.indexes, batch.outcomes, batch.sent_ns, batch.rtt_ns, batch.reasons, strict=True)
        for index, outcome, sent_ns, rtt_ns, reason in rows:
            identity = targets[index].identity
            if outcome in _ENDED and identity in self._targets:
                failure = Failure(phase=Phase.ECHO, reason=reason) if reason else None
                rtt_s = rtt_ns / 1e9 if rtt_ns >= 0 else None
                self._add((identity, Check.ICMP), sent_ns / 1e9, rtt_s, failure)

    def take(self, but_minute_of_s: float | None) -> Taken:
        """Everything that is ready, which is removed here; without the summaries of the running minute.

        None takes that minute, too.
        """
        taken, self._taken = self._taken, Taken()
        if but_minute_of_s is not None and (running := _minute(but_minute_of_s)) in taken.minutes:
            self._taken.minutes[running] = taken.minutes.pop(running)
        if taken.minutes:
            taken.states = dict(self._states)
        return taken

    def _add(self, series: Series, at_s: float, duration_s: float | None, failure: Failure | None) -> None:
        summaries = self._minute(at_s)
        summary = summaries.get(series)
        if summary is None:
            summary = summaries[series] = MinuteSummary()
        summary.add(duration_s, failure.reason if failure else None)
        self._update_state(series, at_s, is_failing=failure is not None)
        if failure is not None:
            self._failed(series, at_s, failure)

    def _minute(self, at_s: float) -> dict[Series, MinuteSummary]:
        minutes, minute = self._taken.minutes, _minute(at_s)
        if minute not in minutes and len(minutes) >= MAX_MINUTES:
            self.dropped += len(minutes.pop(min(minutes)))
        return minutes.setdefault(minute, {})

    def _update_state(self, series: Series, at_s: float, *, is_failing: bool) -> None:
        if at_s < self._newest_s.get(series, at_s):
            return  # pings complete out of order: a lost one completes late
        self._newest_s[series] = at_s
        state = self._states.get(series)
        if state is None or state.is_failing != is_failing:
            self._states[series] = CheckState(is_failing=is_failing, since_s=at_s, is_first=state is None)

    def _failed(self, series: Series, at_s: float, failure: Failure) -> None:
        if len(self._taken.failures) >= MAX_FAILURES:
            self.dropped += 1
            return
        identity, check = series
        phase, reason, detail = failure.phase, failure.reason, clean(failure.detail)
        failed = FailedProbe(at_s=at_s, check=check, phase=phase, reason=reason, detail=detail)
        self._taken.failures.append((identity, failed))


def _minute(at_s: float) -> int:
    return int(at_s // MINUTE_S) * MINUTE_S


def _counts(measurement: Measurement) -> bool:
    """Not a withheld request, nor one that KMS never sends (unsigned, GET, a large body)."""
    details = measurement.details
    if not isinstance(details, HealthDetails):
        return True
    return details.purpose == HEALTH_PURPOSE and details.withheld is None


def _duration_s(measurement: Measurement) -> float | None:
    phases_s = measurement.phases_s
    if measurement.failure is not None:
        return None
    if (phase := _TIMED.get(measurement.check)) is not None:
        return phases_s.get(phase)
    if not set(CHECKS[measurement.check].phases) - _MAY_LACK <= phases_s.keys():
        return None
    return sum(duration_s for phase, duration_s in phases_s.items() if phase is not Phase.RESOLVE)
