"""The running whole: one TaskGroup for echoes, turns and reports. Composes only; computes nothing itself."""

import asyncio
from collections.abc import Callable, Sequence

from probe.agent import runner
from probe.agent.echoes import Echoes
from probe.agent.history import History
from probe.agent.pacing import collected
from probe.model.evidence import Evidence
from probe.model.measurements import EchoBatch, Measurement
from probe.model.ports import Sink
from probe.model.settings import Settings
from probe.model.statistics import Window
from probe.model.survey import Survey
from probe.model.targets import Check, Target
from probe.model.verdicts import Report
from probe.network import Network
from probe.network.clock import SYSTEM_CLOCK
from probe.probes import measure
from probe.survey import rank
from probe.verdicts.judge import judge

READY_AFTER_S = 30.0  # contracts: ready after the first round, or 30 s
FIRST_REPORTS_S = 1.0  # at first people wait before the page: report often
ROUND_TRIPS = 20  # fewer than 20 samples decide nothing about 35 ms (contracts, rules of judgement)
ROUND_TRIP_SPACING_S = 0.1


class Agent:
    """Measures what ``settings`` name and hands all results to ``sinks``.

    ``run`` goes on until cancelled and then publishes a last report; ``once`` does one round. While it runs,
    nothing holds the loop for more than some milliseconds, however many targets there are.
    Implements ``probe.model.ports.Control``.
    """

    def __init__(
        self,
        settings: Settings,
        sinks: Sequence[Sink],
        observer: runner.Observer,
        history: History,
        vantage: str = "",
    ) -> None:
        self.settings = settings
        self.history = history
        self._vantage = vantage
        self._sinks: tuple[Sink, ...] = (history, *sinks)
        self._observer = observer
        self._network = Network(resolvers=settings.resolvers, source=settings.source_address)
        self._turns = runner.turns(settings.targets, without=frozenset({Check.ICMP}))
        self._echoes = Echoes(
            settings.targets, self._network, self._publish_echoes, self._publish, observer.delay
        )
        self._started_at_ns = SYSTEM_CLOCK.monotonic_ns()
        self._first_round = asyncio.Event()
        self.windows: tuple[Window, ...] = ()  # of the last report
        for sink in self._sinks:
            sink.on_targets(settings.targets)

    def ready(self) -> bool:
        return (
            self._first_round.is_set()
            or SYSTEM_CLOCK.monotonic_ns() - self._started_at_ns > READY_AFTER_S * 1e9
        )

    async def run(self) -> None:
        """Measure until cancelled. Whatever was measured by then is in the last report."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._echoes.forever(), name="echoes")
                group.create_task(self._take_turns(), name="turns")
                group.create_task(self._report(), name="reports")
        finally:
            self._network.close()
            self.publish_report()

    async def once(self, progress: Callable[[int, int], None]) -> tuple[Report, Survey]:
        """One round: every check of every target, with enough round trips for a verdict on 35 ms."""
        rounds = self._rounds()
        total, done = sum(map(len, rounds)), 0

        def publish(measurement: Measurement) -> None:
            nonlocal done
            done += 1
            progress(done, total)
            self._publish(measurement)

        async def later(delay_s: float, turns: Sequence[runner.Turn]) -> None:
            await asyncio.sleep(delay_s)
            await runner.once(turns, self._measure, publish, observer=self._observer)

        async with asyncio.TaskGroup() as group:
            group.create_task(self._echoes.round(ROUND_TRIPS, ROUND_TRIP_SPACING_S), name="echoes")
            for number, turns in enumerate(rounds):
                group.create_task(later(number * ROUND_TRIP_SPACING_S, turns), name=f"round trips {number}")
        self._first_round.set()
        return self.publish_report()

    def publish_report(self) -> tuple[Report, Survey]:
        """Judge what is known now and hand it to every sink."""
        return self._publish_judged(*self._judged(self.evidence()))

    def evidence(self) -> Evidence:
        """A snapshot of what has been seen so far."""
        now_s = SYSTEM_CLOCK.now_s()
        return self._evidence(now_s, self.history.latest(), self.history.windows(now_s))

    def _evidence(
        self, now_s: float, latest: tuple[Measurement, ...], windows: tuple[Window, ...]
    ) -> Evidence:
        self.windows = windows
        return Evidence(
            taken_at_s=now_s,
            targets=self.settings.targets,
            latest=latest,
            recent=self.history.recent(),
            windows=windows,
            extra_authorities=self.settings.extra_authorities,
            spec=self.settings.stores[0] if self.settings.stores else None,
        )

    def _judged(self, evidence: Evidence) -> tuple[Report, Survey]:
        """Pure, so that a thread can do it."""
        report = judge(evidence)
        regions = rank.from_windows(evidence, threshold_s=self.settings.threshold_s, vantage=self._vantage)
        return report, regions

    def _publish_judged(self, report: Report, regions: Survey) -> tuple[Report, Survey]:
        for sink in self._sinks:
            sink.on_report(report)
            sink.on_survey(regions)
        return report, regions

    def _rounds(self) -> list[tuple[runner.Turn, ...]]:
        """One round as data: everything once, then round trips by TCP until there are enough."""
        round_trips = tuple(turn for turn in self._turns if turn.plan.check is Check.TCP)
        return [self._turns, *([round_trips] * (ROUND_TRIPS - 1))]

    async def _measure(self, target: Target, check: Check, timeout_s: float) -> Measurement:
        return await measure(target, check, self._network, timeout_s)

    async def _take_turns(self) -> None:
        await runner.run(
            self._turns,
            self._measure,
            self._publish,
            self._observer,
            first_round=self._first_round,
        )

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(self._until_next_report_s())
            now_s = SYSTEM_CLOCK.now_s()
            windows = await collected(self.history.each_window(now_s))
            latest = await collected(self.history.each_latest())
            judged = await asyncio.to_thread(self._judged, self._evidence(now_s, latest, windows))
            self._publish_judged(*judged)

    def _until_next_report_s(self) -> float:
        """Short at the start, when every second there is more to be said."""
        full_s = self.settings.report_interval_s
        is_young = SYSTEM_CLOCK.monotonic_ns() - self._started_at_ns < full_s * 1e9
        return min(FIRST_REPORTS_S, full_s) if is_young or not self._first_round.is_set() else full_s

    def _publish(self, measurement: Measurement) -> None:
        for sink in self._sinks:
            sink.on_measurement(measurement)

    def _publish_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        for sink in self._sinks:
            sink.on_echoes(targets, batch)
