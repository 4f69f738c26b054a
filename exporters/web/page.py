"""The sink behind the page: the newest of everything, and no more than that."""

import time
from collections.abc import Callable, Sequence

from exporters.web.instrument import Instrument
from exporters.web.snapshot import Attempt, Snapshot, TargetState
from probe.model.measurements import EchoBatch, EchoOutcome, Failure, Measurement, Phase
from probe.model.statistics import Window
from probe.model.survey import Survey
from probe.model.targets import Check, Method, Target
from probe.model.verdicts import Report

Windows = Callable[[], Sequence[Window]]
Series = Callable[[str, Method], Sequence[float | None]]

SHOWN_ROUND_TRIPS = 60
_NS_PER_S = 1e9
_CHECKS = {Method.ICMP: Check.ICMP, Method.TCP: Check.TCP}


def _no_windows() -> tuple[Window, ...]:
    return ()


def _no_series(_target: str, _method: Method) -> tuple[float | None, ...]:
    return ()


class _Memory:
    """What is kept of one target: one attempt and one failure a check, one TLS measurement."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.attempts: dict[Check, Attempt] = {}
        self.failures: dict[Check, Attempt] = {}
        self.tls: Measurement | None = None

    def ended(self, attempt: Attempt) -> None:
        newest = self.attempts.get(attempt.check)
        if newest is None or attempt.at_s >= newest.at_s:  # echoes end out of order: a lost one ends late
            self.attempts[attempt.check] = attempt
        failed = self.failures.get(attempt.check)
        if attempt.failure is not None and (failed is None or attempt.at_s >= failed.at_s):
            self.failures[attempt.check] = attempt


class PageSink:
    """Implements ``probe.model.ports.Sink``. ``windows`` and ``series`` ask the history for round trips.

    ``series`` gives the last round trips of a target's name by a method in seconds, oldest first.
    """

    def __init__(
        self,
        windows: Windows = _no_windows,
        series: Series = _no_series,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._windows, self._series, self._now = windows, series, now
        self.instrument = Instrument(now)
        self._memories: dict[str, _Memory] = {}
        self._report: Report | None = None
        self._survey: Survey | None = None

    def on_targets(self, targets: Sequence[Target]) -> None:
        self._memories = {target.name: self._memory(target) for target in targets}

    def on_measurement(self, measurement: Measurement) -> None:
        memory = self._memories.get(measurement.target.name)
        if memory is None:
            return
        self.instrument.sampled(measurement.timestamps)
        if measurement.check is Check.TLS:
            memory.tls = measurement
        memory.ended(
            Attempt(
                check=measurement.check,
                at_s=measurement.started_at_s,
                address=measurement.address,
                rtt_s=measurement.rtt_s,
                wait_s=measurement.phases_s.get(Phase.WAIT),
                timestamps=measurement.timestamps,
                failure=measurement.failure,
            )
        )

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        self.instrument.echoed(batch)
        for row, (index, outcome) in enumerate(zip(batch.indexes, batch.outcomes, strict=True)):
            memory = self._memories.get(targets[index].name)
            if memory is not None and outcome not in (EchoOutcome.DUPLICATE, EchoOutcome.LATE):
                memory.ended(_attempt(batch, row))
                self.instrument.sampled(batch.stamps[row])

    def on_report(self, report: Report) -> None:
        self._report = report

    def on_survey(self, survey: Survey) -> None:
        self._survey = survey

    def snapshot(self) -> Snapshot:
        """Everything as it is now."""
        windows = {(window.target, window.method): window for window in self._windows()}
        return Snapshot(
            now_s=self._now(),
            targets=tuple(self._state(memory, windows) for memory in self._memories.values()),
            report=self._report,
            survey=self._survey,
            health=self.instrument.health(),
        )

    def _memory(self, target: Target) -> _Memory:
        known = self._memories.get(target.name)
        if known is None or (known.target.host, known.target.port) != (target.host, target.port):
            return _Memory(target)
        known.target = target
        return known

    def _state(self, memory: _Memory, windows: dict[tuple[str, str], Window]) -> TargetState:
        target = memory.target
        methods = [method for method in Method if target.plan(_CHECKS[method]) is not None]
        return TargetState(
            target=target,
            attempts=dict(memory.attempts),
            failures=dict(memory.failures),
            tls=memory.tls,
            windows={m: windows[target.name, m] for m in methods if (target.name, m) in windows},
            series={m: tuple(self._series(target.name, m))[-SHOWN_ROUND_TRIPS:] for m in methods},
        )


def _attempt(batch: EchoBatch, row: int) -> Attempt:
    reason = batch.reasons[row]
    return Attempt(
        check=Check.ICMP,
        at_s=batch.sent_ns[row] / _NS_PER_S,
        rtt_s=batch.rtt_ns[row] / _NS_PER_S if batch.rtt_ns[row] >= 0 else None,
        timestamps=batch.stamps[row],
        failure=None if reason is None else Failure(phase=Phase.ECHO, reason=reason),
    )
