"""The agent process: one TaskGroup for pings, checks and reports. Only wires the parts together."""

import asyncio
from collections.abc import Sequence

from probe.agent import refresh
from probe.agent import round as rounds
from probe.agent.echoes import Echoes
from probe.agent.history import History, renamed
from probe.agent.large_hellos import LargeHellos, connected
from probe.agent.openings import Openings
from probe.agent.pacing import collect_in_slices
from probe.agent.refresh import Sources
from probe.agent.refresher import Refresher
from probe.agent.refreshers import Refreshers
from probe.agent.runner import Runner
from probe.agent.state import Fact, Measured, State, StoreFacts
from probe.model.account import Account
from probe.model.large_client_hello import LargeClientHello
from probe.model.measurements import EchoBatch, Measurement
from probe.model.ports import Observer, Sink
from probe.model.settings import Settings
from probe.model.store import KeyStoreSpec
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
STARTING_S = 30.0  # how long, at most

Reports = tuple[tuple[Report, ...], Survey]


class Agent:
    """Measures the targets of ``settings`` and passes all results to ``sinks``.

    ``run`` continues until cancelled and then publishes a last report; ``once`` does one round. No step of
    ``run`` blocks the event loop for more than a few milliseconds, however many targets there are.
    ``accesses`` are the access to the proxy of each of ``settings.stores``, None if no health requests are
    sent; ``sources`` are where the facts of each are read. Both may be shorter. Implements
    ``probe.model.ports.Control``.
    """

    def __init__(
        self,
        settings: Settings,
        sinks: Sequence[Sink],
        observer: Observer,
        *,
        history: History | None = None,
        accesses: Sequence[ProxyAccess | None] = (),
        sources: Sequence[Sources] = (),
        vantage: str = "",
    ) -> None:
        self._history = history or History()
        self.state = State(settings, self._history, accesses)
        self._vantage = vantage
        self._sinks: tuple[Sink, ...] = (self._history, *sinks)
        self._observer = observer
        self._sources = dict(zip(settings.stores, sources, strict=False))
        self._network = Network(resolvers=settings.resolvers, source=settings.source_address)
        self._prober = Prober(self._network)
        self._runner = Runner(self._prober.measure, self._publish, observer, without=frozenset({Check.ICMP}))
        self._echoes = Echoes(
            self._network, self._publish_echoes, self._publish, observer.delay, self._pings_skipped
        )
        self._openings = Openings(self._prober.measure, self._publish, observer)
        self._large_hellos = LargeHellos(self._network)
        self._refreshers = Refreshers(self._refresher)
        self._refreshers.sync(self._sources)
        self._started_at_ns = SYSTEM_CLOCK.monotonic_ns()
        self._is_round_done = False
        self.windows = self.state.measured().windows  # of the last report
        self._sync()

    def ready(self) -> bool:
        age_ns = SYSTEM_CLOCK.monotonic_ns() - self._started_at_ns
        return self._had_first_round() or age_ns > READY_AFTER_S * 1e9

    def update(self, store: KeyStoreSpec, **facts: Fact) -> None:
        """Set the newest facts of the store declared as ``store``, and switch to changed targets.

        ``account=…``, ``listed=…``, ``domain=…`` or ``access=…``: see `State.update`.
        """
        before = self.state.targets
        if self.state.update(store, **facts):
            self.windows = renamed(self.windows, before, self.state.targets)
            self._note_changes(before)
            self._sync()
        else:  # the URI path, or the credential, may be new
            self._prober.sync(self.state.targets, self.state.clients)

    def reconfigure(
        self, settings: Settings, accesses: Sequence[ProxyAccess | None], sources: Sequence[Sources] = ()
    ) -> None:
        """Use new settings from now on: unchanged targets keep their schedule, history and counters.

        ``sources`` that are the same objects as before go on; the account is not read again.
        """
        before = self.state.targets
        self.state.reconfigure(settings, accesses)
        self._sources = dict(zip(settings.stores, sources, strict=False))
        self._refreshers.sync(self._sources)
        self.windows = renamed(self.windows, before, self.state.targets)
        self._note_changes(before)
        self._sync()
        self._publish_facts()

    async def run(self) -> None:
        """Measure until cancelled. The last report includes everything measured by then."""
        self._publish_facts()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._echoes.forever(), name="echoes")
                group.create_task(self._runner.run(), name="checks")
                group.create_task(self._openings.run(), name="openings")
                group.create_task(self._follow_large_hellos(), name="large ClientHellos")
                group.create_task(self._refreshers.run(), name="facts")
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
                account = await refresh.account_of(store, self._sources_of(store))
                if account is not None:
                    self.update(store.declared, account=account)
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
        settings = self.state.settings
        regions = rank.from_windows(
            self.state.snapshot(None, measured),
            threshold_s=settings.threshold_s,
            vantage=settings.vantage or self._vantage,
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
        domain = await refresh.domain_of(store, self._sources_of(store))
        if domain is not None:
            self.update(store.declared, domain=domain)

    def _sources_of(self, store: StoreFacts) -> Sources:
        return self._sources.get(store.declared, Sources())

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
        addresses = connected(self._history.latest())
        targets = (target for target in self.state.targets if target.identity in addresses)
        self.state.large_client_hellos = await try_all(
            targets, self._network, deadline.remaining_s(), addresses
        )

    async def _follow_large_hellos(self) -> None:
        def publish(found: tuple[LargeClientHello, ...]) -> None:
            self.state.large_client_hellos = found

        await self._large_hellos.run(lambda: self.state.targets, self._history.latest, publish)

    async def _report(self) -> None:
        while True:
            await self._wait_for_next_report()
            now_s = SYSTEM_CLOCK.now_s()
            measured = Measured(
                at_s=now_s,
                windows=await collect_in_slices(self._history.each_window(now_s)),
                latest=await collect_in_slices(self._history.each_latest()),
                recent=await collect_in_slices(self._history.each_recent()),
            )
            self.publish(*await asyncio.to_thread(self._judged, measured))

    async def _wait_for_next_report(self) -> None:
        """In steps, so that an interval that a reload makes shorter is used at once."""
        clock = asyncio.get_running_loop().time
        began_s, wait_s = clock(), self._until_next_report_s()
        while (left_s := began_s + wait_s - clock()) > 0:
            await asyncio.sleep(min(left_s, FIRST_REPORTS_S))
            wait_s = min(wait_s, self._until_next_report_s())

    def _until_next_report_s(self) -> float:
        """Shorter at the start, when results change every second."""
        interval_s = self.state.settings.report_interval_s
        age_s = (SYSTEM_CLOCK.monotonic_ns() - self._started_at_ns) / 1e9
        is_starting = age_s < min(interval_s, STARTING_S)
        return min(FIRST_REPORTS_S, interval_s) if is_starting or not self._had_first_round() else interval_s

    def _had_first_round(self) -> bool:
        is_audited = all(refresher.is_audited.is_set() for refresher in self._refreshers.all)
        return self._is_round_done or (is_audited and self._runner.has_probed_all)

    def _note_changes(self, before: Sequence[Target]) -> None:
        old, new = ({each.identity: each.name for each in of} for of in (before, self.state.targets))
        added = [name for identity, name in new.items() if identity not in old]
        removed = [name for identity, name in old.items() if identity not in new]
        if added or removed:  # otherwise only names, zones or intervals are new
            self._observer.targets(added, removed)

    def _sync(self) -> None:
        """Pass the current targets to all parts."""
        targets = self.state.targets
        for sink in self._sinks:
            sink.on_targets(targets)
        self._prober.sync(targets, self.state.clients)
        self._runner.sync(targets)
        self._openings.sync(targets)
        self._echoes.sync(targets)

    def _publish(self, measurement: Measurement) -> None:
        if measurement.was_stalled:
            self._observer.discarded(measurement)
            return
        for sink in self._sinks:
            sink.on_measurement(measurement)

    def _publish_facts(self, store: KeyStoreSpec | None = None, audit: Account | None = None) -> None:
        """``audit`` of ``store`` has just ended; None if another fact was read."""
        refreshers = self._refreshers.all
        found = [each.refreshed(audit if each.declared == store else None) for each in refreshers]
        for sink in self._sinks:
            sink.on_facts([each for each in found if each is not None])

    def _refresher(self, declared: KeyStoreSpec, sources: Sources) -> Refresher:
        return Refresher(declared, self.state, sources, self.update, self._publish_facts, self._observer)

    def _pings_skipped(self, target: Target, runs: int) -> None:
        self._observer.skipped(target, Check.ICMP, runs)

    def _publish_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        for sink in self._sinks:
            sink.on_echoes(targets, batch)
