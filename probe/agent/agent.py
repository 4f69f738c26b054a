"""The agent process: one TaskGroup for pings, checks and reports. Only wires the parts together."""

import asyncio
from collections.abc import Sequence

from probe.agent import refresh
from probe.agent import round as rounds
from probe.agent.echoes import Echoes
from probe.agent.history import History, renamed
from probe.agent.pacing import collect_in_slices
from probe.agent.refresh import Sources
from probe.agent.runner import Runner
from probe.agent.state import Measured, State, StoreFacts
from probe.model.account import Account
from probe.model.facts import DomainFacts
from probe.model.measurements import EchoBatch, Measurement, Phase
from probe.model.ports import Observer, Sink
from probe.model.settings import Settings
from probe.model.survey import Survey
from probe.model.targets import Check, Target
from probe.model.verdicts import Report
from probe.network import Network
from probe.network.clock import SYSTEM_CLOCK, Deadline
from probe.probes import Prober
from probe.probes.large_client_hello import try_all
from probe.signing.client import ProxyAccess
from probe.survey import rank
from probe.verdicts.judge import judge

READY_AFTER_S = 30.0  # contracts: ready after the first round, or 30 s
FIRST_REPORTS_S = 1.0  # report often at first, because users are waiting for results

Reports = tuple[tuple[Report, ...], Survey]


class Agent:
    """Measures the targets of ``settings`` and passes all results to ``sinks``.

    ``run`` continues until cancelled and then publishes a last report; ``once`` does one round. No step of
    ``run`` blocks the event loop for more than a few milliseconds, however many targets there are.
    ``accesses`` are the access to the proxy of each of ``settings.stores``, None if no health requests are
    sent. Implements ``probe.model.ports.Control``.
    """

    def __init__(
        self,
        settings: Settings,
        sinks: Sequence[Sink],
        observer: Observer,
        *,
        history: History | None = None,
        accesses: Sequence[ProxyAccess | None] = (),
        sources: Sources | None = None,
        vantage: str = "",
    ) -> None:
        self._history = history or History()
        self.state = State(settings, self._history, accesses)
        self._vantage = vantage
        self._sinks: tuple[Sink, ...] = (self._history, *sinks)
        self._observer, self._sources = observer, sources or Sources()
        self._network = Network(resolvers=settings.resolvers, source=settings.source_address)
        self._prober = Prober(self._network)
        self._runner = Runner(self._prober.measure, self._publish, observer, without=frozenset({Check.ICMP}))
        self._echoes = Echoes(self._network, self._publish_echoes, self._publish, observer.delay)
        self._started_at_ns = SYSTEM_CLOCK.monotonic_ns()
        self._is_round_done = False
        self.windows = self.state.measured().windows  # of the last report
        self._sync()

    def ready(self) -> bool:
        age_ns = SYSTEM_CLOCK.monotonic_ns() - self._started_at_ns
        return self._had_first_round() or age_ns > READY_AFTER_S * 1e9

    def update(self, store: StoreFacts, **facts: Account | DomainFacts | None) -> None:
        """Set the newest ``account=…`` or ``domain=…`` of ``store``, and switch to changed targets."""
        before = self.state.targets
        if self.state.update(store.declared, **facts):
            self.windows = renamed(self.windows, before, self.state.targets)
            self._sync()

    def reconfigure(self, settings: Settings, accesses: Sequence[ProxyAccess | None]) -> None:
        """Use new settings from now on: unchanged targets keep their schedule, history and counters."""
        before = self.state.targets
        self.state.reconfigure(settings, accesses)
        self.windows = renamed(self.windows, before, self.state.targets)
        self._sync()

    async def run(self) -> None:
        """Measure until cancelled. The last report includes everything measured by then."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._echoes.forever(), name="echoes")
                group.create_task(self._runner.run(), name="checks")
                group.create_task(self._report(), name="reports")
        finally:
            self._network.close()
            self.publish_report()

    async def once(self, progress: rounds.Progress, *, large_client_hello_s: float | None = None) -> Reports:
        """One round: account and DNS facts, every check of every target, and reports of all stores.

        With ``large_client_hello_s``, the timeout of the round, TLS servers also get a large ClientHello.
        """
        try:
            for store in self.state.stores:
                account = await refresh.account_of(store, self._sources)
                if account is not None:
                    self.update(store, account=account)
            async with asyncio.TaskGroup() as group:
                for store in self.state.stores:
                    group.create_task(self._look_up_domain(store), name="domain")
                measured = group.create_task(self._round(progress), name="round")
                if large_client_hello_s is not None:
                    group.create_task(self._try_large_client_hellos(measured, large_client_hello_s))
        finally:
            self._network.close()
        return self.publish_report()

    def publish_report(self) -> Reports:
        """Evaluate the current evidence and pass the reports to every sink."""
        return self.publish(*self._judged(self.state.measured()))

    def _judged(self, measured: Measured) -> Reports:
        """Evaluate the requirements; runs in a thread, so it must not change shared state."""
        reports = tuple(judge(self.state.snapshot(store, measured)) for store in self.state.stores)
        threshold_s = self.state.settings.threshold_s
        regions = rank.from_windows(
            self.state.snapshot(None, measured), threshold_s=threshold_s, vantage=self._vantage
        )
        self.windows = measured.windows
        return reports, regions

    def publish(self, reports: tuple[Report, ...], regions: Survey) -> Reports:
        """Pass them to every sink, without reports of key stores that a reload removed meanwhile."""
        configured = {store.spec.id for store in self.state.stores}
        for sink in self._sinks:
            for report in reports:
                if report.key_store in configured:
                    sink.on_report(report)
            sink.on_survey(regions)
        return reports, regions

    async def _look_up_domain(self, store: StoreFacts) -> None:
        domain = await refresh.domain_of(store, self._sources)
        if domain is not None:
            self.update(store, domain=domain)

    async def _round(self, progress: rounds.Progress) -> None:
        await rounds.take(
            self.state.targets, self._echoes, self._prober.measure, self._publish, progress, self._observer
        )
        self._is_round_done = True

    async def _try_large_client_hellos(self, measured: "asyncio.Task[None]", timeout_s: float) -> None:
        """After the measured handshakes, so as not to disturb them; but half of the time is kept for it.

        So a host that does not answer, for which the round waits, leaves enough time for the others. A target
        to which no connection was made gets none: it would only make the round longer.
        """
        deadline = Deadline(SYSTEM_CLOCK, timeout_s)
        await asyncio.wait((measured,), timeout=timeout_s / 2)
        addresses = {
            each.target.identity: each.address
            for each in self._history.latest()
            if each.check is Check.TLS and each.address is not None and _was_connected(each)
        }
        targets = (target for target in self.state.targets if target.identity in addresses)
        self.state.large_client_hellos = await try_all(
            targets, self._network, deadline.remaining_s(), addresses
        )

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(self._until_next_report_s())
            now_s = SYSTEM_CLOCK.now_s()
            measured = Measured(
                at_s=now_s,
                windows=await collect_in_slices(self._history.each_window(now_s)),
                latest=await collect_in_slices(self._history.each_latest()),
                recent=await collect_in_slices(self._history.each_recent()),
            )
            self.publish(*await asyncio.to_thread(self._judged, measured))

    def _until_next_report_s(self) -> float:
        """Shorter at the start, when results change every second."""
        interval_s = self.state.settings.report_interval_s
        is_starting = SYSTEM_CLOCK.monotonic_ns() - self._started_at_ns < interval_s * 1e9
        return min(FIRST_REPORTS_S, interval_s) if is_starting or not self._had_first_round() else interval_s

    def _had_first_round(self) -> bool:
        return self._is_round_done or self._runner.first_round.is_set()

    def _sync(self) -> None:
        """Pass the current targets to all parts."""
        targets = self.state.targets
        for sink in self._sinks:
            sink.on_targets(targets)
        self._prober.sync(targets, self.state.clients)
        self._runner.sync(targets)
        self._echoes.sync(targets)

    def _publish(self, measurement: Measurement) -> None:
        for sink in self._sinks:
            sink.on_measurement(measurement)

    def _publish_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        for sink in self._sinks:
            sink.on_echoes(targets, batch)


def _was_connected(measurement: Measurement) -> bool:
    failure = measurement.failure
    return failure is None or failure.phase is Phase.HANDSHAKE
