"""A sink that keeps windows of round trips, the latest measurements and recent failures, in bounded memory.

For each (target, method), a ring buffer holds the round trips of the last 600 s. If there are more than fit,
the oldest are dropped; the window then covers less time, as its ``span_s`` shows. A ring buffer has 1,024
slots, or fewer if all buffers together would exceed a million slots (16 bytes each).

A reply whose RTT was discarded because the wall clock was stepped counts neither as a sample nor as a loss.

Times are Unix seconds. Only targets of the last `on_targets` are kept: a late result for a removed target is
dropped. If a target's `Target.identity` changes, its history starts again; if only its name changes, its
history continues under the new name.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan

from probe.agent.ring import Ring
from probe.model.measurements import (
    EchoBatch,
    EchoDetails,
    EchoOutcome,
    Failure,
    Measurement,
    Phase,
    Reason,
    Timestamps,
)
from probe.model.refreshed import Refreshed
from probe.model.statistics import Window
from probe.model.survey import Survey
from probe.model.targets import Check, Identity, Method, Target
from probe.model.verdicts import Report
from probe.statistics import summarize
from probe.wire.hostport import is_ipv4

SPAN_S = 600.0
RING_SLOTS = 1024
MIN_RING_SLOTS = 64
MAX_TOTAL_SLOTS = 1_000_000
RECENT = 8
FAILURES = 16
# Duplicate and late replies belong to a request that already has its outcome, so they are not counted again.
_ENDED = frozenset({EchoOutcome.ANSWERED, EchoOutcome.FAILED, EchoOutcome.TIMED_OUT})
# Sends refused by this machine never reached the network: they count as failures, not as lost round trips.
_LOCAL_FAILURES = frozenset({Reason.NOT_PERMITTED, Reason.OVER_LIMIT})
# Measurements are kept separately by check and, for health, by purpose of the request.
_Kind = tuple[Check, str]
_ECHO: _Kind = (Check.ICMP, "")


@dataclass(frozen=True, slots=True)
class _Echo:
    """One row of a batch, in a compact form; it is converted to a Measurement on demand."""

    sent_ns: int
    rtt_ns: int
    answered: bool
    stamp: Timestamps | None
    reason: Reason | None
    sequence: int
    identifier: int | None


@dataclass(slots=True)
class _TargetHistory:
    """Everything that is kept for one target."""

    target: Target
    rings: dict[Method, Ring] = field(default_factory=dict)
    recent: dict[_Kind, deque[Measurement]] = field(default_factory=dict)
    failures: deque[Measurement | _Echo] = field(default_factory=lambda: deque(maxlen=FAILURES))
    echo: _Echo | None = None

    def latest(self) -> list[Measurement]:
        newest = {kind: measurements[-1] for kind, measurements in self.recent.items()}
        if self.echo is not None:
            measured = newest.get(_ECHO)
            if measured is None or measured.started_at_s <= self.echo.sent_ns / 1e9:
                newest[_ECHO] = _as_measurement(self.target, self.echo)
        return list(newest.values())

    def rename(self, target: Target) -> None:
        """Continue as ``target``, which has the same identity; kept measurements refer to it from now on."""
        if target == self.target:
            return
        self.target = target
        self.recent = {
            kind: deque((replace(each, target=target) for each in measurements), maxlen=RECENT)
            for kind, measurements in self.recent.items()
        }
        self.failures = deque(
            (
                replace(each, target=target) if isinstance(each, Measurement) else each
                for each in self.failures
            ),
            maxlen=FAILURES,
        )


def renamed(
    windows: Sequence[Window], before: Sequence[Target], targets: Sequence[Target]
) -> tuple[Window, ...]:
    """Windows of the targets ``before``, under their names in ``targets``; without removed targets."""
    identities = {target.name: target.identity for target in before}
    names = {target.identity: target.name for target in targets}
    named = (
        (window, names.get(identities[window.target])) for window in windows if window.target in identities
    )
    return tuple(replace(window, target=name) for window, name in named if name is not None)


class History:
    """A `Sink` that can be queried. The module's docstring states what is kept for how long."""

    def __init__(self, span_s: float = SPAN_S, ring_slots: int = RING_SLOTS) -> None:
        self._span_s = span_s
        self._max_slots = ring_slots
        self._slots = ring_slots
        self._histories: dict[Identity, _TargetHistory] = {}
        self._by_name: dict[str, _TargetHistory] = {}

    def on_targets(self, targets: Sequence[Target]) -> None:
        before = self._histories
        self._slots = _slots_for(targets, self._max_slots)
        self._histories = {target.identity: _carried_over(before, target) for target in targets}
        self._by_name = {history.target.name: history for history in self._histories.values()}

    def on_measurement(self, measurement: Measurement) -> None:
        history = self._histories.get(measurement.target.identity)
        if history is None:
            return
        if measurement.target is not history.target:
            measurement = replace(measurement, target=history.target)
        history.recent.setdefault((measurement.check, measurement.purpose), deque(maxlen=RECENT)).append(
            measurement
        )
        if measurement.failure is not None:
            history.failures.append(measurement)
        rtt_s = measurement.rtt_s
        untimed = rtt_s is None and measurement.failure is None
        if (method := measurement.method) and not untimed and not _never_sent(measurement.failure):
            self._ring(history, method).append(measurement.started_at_s, nan if rtt_s is None else rtt_s)

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        rows = zip(
            batch.indexes, batch.outcomes, batch.sent_ns, batch.rtt_ns,
            batch.stamps, batch.reasons, batch.sequences, strict=True,
        )  # fmt: skip
        for index, outcome, sent_ns, rtt_ns, stamp, reason, sequence in rows:
            history = self._histories.get(targets[index].identity)
            if history is None or outcome not in _ENDED:
                continue
            answered = outcome is EchoOutcome.ANSWERED
            echo = _Echo(sent_ns, rtt_ns, answered, stamp, reason, sequence, batch.identifier)
            if history.echo is None or history.echo.sent_ns <= sent_ns:
                history.echo = echo
            if not answered:
                history.failures.append(echo)
            if reason in _LOCAL_FAILURES or (answered and rtt_ns < 0):
                continue
            self._ring(history, Method.ICMP).append(sent_ns / 1e9, rtt_ns / 1e9 if answered else nan)

    def on_report(self, report: Report) -> None:
        """Ignored: reports are made from this history."""

    def on_survey(self, survey: Survey) -> None:
        """Ignored: surveys are made from this history."""

    def on_facts(self, facts: Sequence[Refreshed]) -> None:
        """Ignored: `state` owns the facts."""

    def windows(self, now_s: float) -> tuple[Window, ...]:
        """One window per (target, method) with a sample in the last 600 s, in the order of the targets."""
        return tuple(self.each_window(now_s))

    def each_window(self, now_s: float) -> Iterator[Window]:
        """Like `windows`, but lazily, so that the caller can pause in between: a thousand windows take long.

        Samples that arrive in the meantime are included in later windows.
        """
        for history in tuple(self._histories.values()):
            for method, ring in tuple(history.rings.items()):
                if samples := ring.since(now_s - self._span_s):
                    yield Window(
                        target=history.target.name,
                        method=method.value,
                        span_s=max(0.0, now_s - samples[0][0]),
                        summary=summarize([rtt for _, rtt in samples]),
                    )

    def latest(self) -> tuple[Measurement, ...]:
        """The newest measurement of each (target, check, purpose), including the last ping of each target."""
        return tuple(self.each_latest())

    def each_latest(self) -> Iterator[Measurement]:
        """Like `latest`, but lazily."""
        for history in tuple(self._histories.values()):
            yield from history.latest()

    def recent(self) -> tuple[Measurement, ...]:
        """The last 8 measurements of each (target, check, purpose), oldest first, without batched pings."""
        return tuple(self.each_recent())

    def each_recent(self) -> Iterator[Measurement]:
        """Like `recent`, but lazily."""
        for history in tuple(self._histories.values()):
            for measurements in tuple(history.recent.values()):
                yield from tuple(measurements)

    def series(self, target: str, method: Method, n: int = 60) -> tuple[float | None, ...]:
        """The last ``n`` round trips in seconds, oldest first, None if lost; for a sparkline."""
        history = self._by_name.get(target)
        if history is None or method not in history.rings or n <= 0:
            return ()
        return tuple(rtt for _, rtt in history.rings[method].last(n))

    def failures(self, target: str) -> tuple[Measurement, ...]:
        """The last 16 failed measurements of ``target``, oldest first."""
        history = self._by_name.get(target)
        if history is None:
            return ()
        return tuple(
            _as_measurement(history.target, each) if isinstance(each, _Echo) else each
            for each in history.failures
        )

    def _ring(self, history: _TargetHistory, method: Method) -> Ring:
        """The ring buffer with the current number of slots; it is resized on use, because all take long."""
        ring = history.rings.get(method)
        if ring is None:
            ring = history.rings[method] = Ring(self._slots)
        elif ring.slots != self._slots:
            ring = history.rings[method] = ring.resized(self._slots)
        return ring


def _never_sent(failure: Failure | None) -> bool:
    return failure is not None and failure.reason in _LOCAL_FAILURES


def _slots_for(targets: Sequence[Target], max_slots: int) -> int:
    rings = sum(plan.check in (Check.ICMP, Check.TCP) for target in targets for plan in target.plans)
    return min(max_slots, max(MIN_RING_SLOTS, MAX_TOTAL_SLOTS // max(1, rings)))


def _carried_over(before: Mapping[Identity, _TargetHistory], target: Target) -> _TargetHistory:
    history = before.get(target.identity)
    if history is None:
        return _TargetHistory(target)
    history.rename(target)
    return history


def _as_measurement(target: Target, echo: _Echo) -> Measurement:
    reason = echo.reason or Reason.TIMED_OUT
    return Measurement(
        target=target,
        check=Check.ICMP,
        started_at_s=echo.sent_ns / 1e9,
        address=target.host if is_ipv4(target.host) else None,
        phases_s={Phase.ECHO: echo.rtt_ns / 1e9} if echo.rtt_ns >= 0 else {},
        timestamps=echo.stamp,
        failure=None if echo.answered else Failure(phase=Phase.ECHO, reason=reason),
        details=EchoDetails(identifier=echo.identifier, sequence=echo.sequence),
    )
