"""The sink behind the page: it keeps only the latest results."""

import time
from collections.abc import Callable, Sequence

from exporters.checks import ROUND_TRIPS, counts
from exporters.stores import Reports
from exporters.web.memory import Memory
from exporters.web.self_metrics import SelfMetrics
from exporters.web.since import ViolatedSince
from exporters.web.snapshot import Attempt, Refused, Snapshot, TargetState
from probe.model.history import CheckState, Standing
from probe.model.measurements import EchoBatch, EchoOutcome, Failure, Measurement, Phase
from probe.model.refreshed import Refreshed
from probe.model.statistics import Window
from probe.model.survey import Survey
from probe.model.targets import Check, Identity, Method, Target
from probe.model.verdicts import Report

Windows = Callable[[], Sequence[Window]]
Series = Callable[[str, Method], Sequence[float | None]]

SHOWN_ROUND_TRIPS = 60
_NS_PER_S = 1e9


def _no_windows() -> tuple[Window, ...]:
    return ()


def _no_series(_target: str, _method: Method) -> tuple[float | None, ...]:
    return ()


class PageSink:
    """Implements ``probe.model.ports.Sink``. ``windows`` and ``series`` read round trips from the history.

    ``series`` returns the last round trips of a target (by name) and method in seconds, oldest first. State
    is kept as long as a target's identity is the same. Results of targets that are not in the last
    ``on_targets`` are dropped. ``standing`` is what the history on disk knows from before the start.
    """

    def __init__(
        self,
        windows: Windows = _no_windows,
        series: Series = _no_series,
        now: Callable[[], float] = time.time,
        standing: Callable[[], Standing] = Standing,
    ) -> None:
        self._windows, self._series, self.now_s, self._standing = windows, series, now, standing
        self.self_metrics = SelfMetrics(now)
        self._memories: dict[Identity, Memory] = {}
        self._reports = Reports()
        self._violated_since = ViolatedSince()
        self._survey: Survey | None = None
        self._refused: Refused | None = None
        self._facts: tuple[Refreshed, ...] = ()
        self.version = 0  # changes with every result that is more than one measurement

    def on_targets(self, targets: Sequence[Target]) -> None:
        self.version += 1
        self._memories = {target.identity: self._memory(target) for target in targets}
        self._reports.on_targets(targets)
        self._violated_since.on_key_stores(frozenset(report.key_store for report in self._reports.newest))

    def on_measurement(self, measurement: Measurement) -> None:
        memory = self._memories.get(measurement.target.identity)
        if memory is None:
            return
        memory.measured(measurement)
        if counts(measurement):
            self.self_metrics.sampled(measurement.timestamps)

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        self.self_metrics.echoed(batch)
        for row, (index, outcome) in enumerate(zip(batch.indexes, batch.outcomes, strict=True)):
            memory = self._memories.get(targets[index].identity)
            if memory is not None and outcome not in (EchoOutcome.DUPLICATE, EchoOutcome.LATE):
                memory.ended(_attempt(batch, row))
                self.self_metrics.sampled(batch.stamps[row])

    def on_report(self, report: Report) -> None:
        self.version += 1
        self._reports.on_report(report)
        self._violated_since.on_report(report)

    def on_reload(self, errors: Sequence[str], at_s: float) -> None:
        """The configuration was loaded again at ``at_s`` (Unix time); with ``errors`` it was not used."""
        self.version += 1
        self._refused = Refused(at_s=at_s, errors=tuple(errors)) if errors else None

    def on_survey(self, survey: Survey) -> None:
        self.version += 1
        self._survey = survey

    def on_facts(self, facts: Sequence[Refreshed]) -> None:
        self.version += 1
        self._facts = tuple(facts)

    def snapshot(self) -> Snapshot:
        """The current state."""
        windows = {(window.target, window.method): window for window in self._windows()}
        standing = self._standing()
        return Snapshot(
            now_s=self.now_s(),
            targets=tuple(self._state(memory, windows, standing) for memory in self._memories.values()),
            reports=self._reports.newest,
            survey=self._survey,
            health=self.self_metrics.health(),
            facts=self._facts,
            refused=self._refused,
            violated_since_s=self._violated_since.all(standing),
        )

    def target(self, name: str) -> Target | None:
        """The target with this name."""
        return next((m.target for m in self._memories.values() if m.target.name == name), None)

    def _memory(self, target: Target) -> Memory:
        known = self._memories.get(target.identity)
        if known is None:
            return Memory(target)
        known.become(target)
        return known

    def _state(
        self, memory: Memory, windows: dict[tuple[str, str], Window], standing: Standing
    ) -> TargetState:
        target = memory.target
        methods = [method for method in Method if target.plan(ROUND_TRIPS[method]) is not None]
        return TargetState(
            target=target,
            attempts=dict(memory.attempts),
            failures=dict(memory.failures),
            tls=memory.tls,
            health=memory.health,
            windows={m: windows[target.name, m] for m in methods if (target.name, m) in windows},
            series={m: tuple(self._series(target.name, m))[-SHOWN_ROUND_TRIPS:] for m in methods},
            states={
                check: _continued(state, standing.checks.get((target.identity, check)))
                for check, state in memory.states.items()
            },
        )


def _continued(state: CheckState, before: CheckState | None) -> CheckState:
    """A state that has lasted since the start of the agent may have begun before it."""
    is_same = before is not None and state.is_first and before.is_failing == state.is_failing
    return before if before is not None and is_same else state


def _attempt(batch: EchoBatch, row: int) -> Attempt:
    reason = batch.reasons[row]
    return Attempt(
        check=Check.ICMP,
        at_s=batch.sent_ns[row] / _NS_PER_S,
        rtt_s=batch.rtt_ns[row] / _NS_PER_S if batch.rtt_ns[row] >= 0 else None,
        timestamps=batch.stamps[row],
        failure=None if reason is None else Failure(phase=Phase.ECHO, reason=reason),
    )
