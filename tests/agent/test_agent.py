"""The agent: all results reach every sink, and a last report is published when it is stopped."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest

from probe.agent import agent as agent_module
from probe.agent import round as rounds
from probe.agent.agent import Agent
from probe.agent.refresh import Sources
from probe.agent.round import ROUND_TRIPS
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import EchoBatch, Failure, Measurement, Phase, Reason, Timestamps
from probe.model.refreshed import Refreshed
from probe.model.settings import Settings
from probe.model.store import KeyStoreSpec
from probe.model.survey import Survey
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import Outcome, Report
from probe.network.clock import SYSTEM_CLOCK
from probe.probes import Prober

RELOADS = 200
LARGE = "large-client-hello-is-answered"
KEY_MANAGER = Target(
    name="hsm-1",
    role=Role.KEY_MANAGER,
    host="10.0.0.9",
    plans=(PlannedCheck(check=Check.TCP, interval_s=1.0, timeout_s=0.5),),
)
REGION = Target(
    name="region-eu-central-1",
    role=Role.REGION,
    host="10.0.0.8",
    region="eu-central-1",
    plans=(PlannedCheck(check=Check.TCP, interval_s=1.0, timeout_s=0.5),),
)


class RecordingSink:
    """A sink that records everything."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.measured: list[str] = []
        self.reports: list[Report] = []
        self.surveys: list[Survey] = []

    def on_targets(self, targets: Sequence[Target]) -> None:
        self.targets = [target.name for target in targets]

    def on_measurement(self, measurement: Measurement) -> None:
        self.measured.append(measurement.target.name)

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None: ...

    def on_report(self, report: Report) -> None:
        self.reports.append(report)

    def on_survey(self, survey: Survey) -> None:
        self.surveys.append(survey)

    def on_facts(self, facts: Sequence[Refreshed]) -> None: ...


class Silent:
    """An observer that raises bugs."""

    def discarded(self, measurement: Measurement) -> None: ...

    def delay(self, seconds: float) -> None: ...

    def skipped(self, target: Target, check: Check, runs: int = 1) -> None: ...

    def targets(self, added: Sequence[str], removed: Sequence[str]) -> None: ...

    def credential(self, key_store: str, fault: str | None) -> None: ...

    def activity_bug(self, activity: str, key_store: str, error: Exception) -> None:
        raise AssertionError(activity, key_store, error)

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        raise AssertionError(error)


@pytest.fixture(autouse=True)
def _every_rtt_is_ten_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(
        _prober: Prober, target: Target, check: Check, _timeout_s: float, publish: Callable[..., None]
    ) -> None:
        measurement = Measurement(
            target=target,
            check=check,
            started_at_s=SYSTEM_CLOCK.now_s(),
            address=target.host,
            phases_s={Phase.CONNECT: 0.010},
            timestamps=Timestamps.KERNEL,
        )
        publish(measurement)

    monkeypatch.setattr(Prober, "measure", measure)
    monkeypatch.setattr(rounds, "ROUND_TRIP_SPACING_S", 0.001)


def make(sink: RecordingSink) -> Agent:
    settings = Settings(
        targets=(KEY_MANAGER, REGION), stores=(KeyStoreSpec(id="cks-1"),), report_interval_s=0.05
    )
    return Agent(settings, (sink,), Silent())


class Noting(Silent):
    """An observer that notes changes of the targets."""

    def __init__(self) -> None:
        self.changes: list[tuple[list[str], list[str]]] = []

    def targets(self, added: Sequence[str], removed: Sequence[str]) -> None:
        self.changes.append((list(added), list(removed)))


@pytest.mark.loopback
async def test_only_a_reload_that_adds_or_removes_a_target_is_reported_as_a_change_of_targets() -> None:
    observer, both = Noting(), Settings(targets=(KEY_MANAGER, REGION))
    agent = Agent(both, (), observer)
    agent.reconfigure(replace(both, report_interval_s=3.0), ())
    agent.reconfigure(replace(both, targets=(replace(KEY_MANAGER, name="hsm-2"), REGION)), ())
    assert observer.changes == []
    agent.reconfigure(replace(both, targets=(KEY_MANAGER,)), ())
    agent.reconfigure(both, ())
    assert observer.changes == [([], ["region-eu-central-1"]), (["region-eu-central-1"], [])]


@pytest.mark.loopback
async def test_one_round_has_enough_round_trips_for_a_verdict_on_35_ms() -> None:
    sink, steps = RecordingSink(), []
    (report,), survey = await make(sink).once(lambda done, total: steps.append((done, total)))
    assert sink.measured.count("hsm-1") == ROUND_TRIPS
    assert steps[-1] == (2 * ROUND_TRIPS, 2 * ROUND_TRIPS)
    verdict = next(v for v in report.verdicts if v.requirement == "round-trip-within-35-ms")
    assert (verdict.subject, verdict.outcome) == ("hsm-1", Outcome.MET)
    assert [(r.region, r.within_threshold) for r in survey.regions] == [("eu-central-1", True)]
    assert report.key_store == "cks-1"
    assert sink.reports == [report]


@pytest.mark.loopback
@pytest.mark.parametrize(("configured", "shown"), [("", "agent-1"), ("Frankfurt", "Frankfurt")])
async def test_the_configured_vantage_replaces_the_host_name_in_a_survey(configured: str, shown: str) -> None:
    agent = Agent(Settings(targets=(REGION,), vantage=configured), (), Silent(), vantage="agent-1")
    _, survey = await agent.once(lambda _done, _total: None)
    assert survey.vantage == shown


@pytest.mark.loopback
async def test_what_timed_out_while_the_agent_was_stalled_is_counted_and_reaches_no_sink(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every connect to the key manager is such a timeout; those to the Region are as usual."""

    async def measure(
        _prober: Prober, target: Target, check: Check, _timeout_s: float, publish: Callable[..., None]
    ) -> None:
        timed_out = Failure(phase=Phase.CONNECT, reason=Reason.TIMED_OUT, detail="")
        is_stalled = target is KEY_MANAGER
        publish(
            Measurement(
                target=target,
                check=check,
                started_at_s=SYSTEM_CLOCK.now_s(),
                failure=timed_out,
                was_stalled=is_stalled,
            )
        )

    class Counting(Silent):
        discarded_of: ClassVar[list[str]] = []

        def discarded(self, measurement: Measurement) -> None:
            self.discarded_of.append(measurement.target.name)

    monkeypatch.setattr(Prober, "measure", measure)
    sink = RecordingSink()
    agent = Agent(Settings(targets=(KEY_MANAGER, REGION)), (sink,), Counting())
    await agent.once(lambda _done, _total: None)
    assert Counting.discarded_of == ["hsm-1"] * ROUND_TRIPS
    assert sink.measured == ["region-eu-central-1"] * ROUND_TRIPS


@pytest.mark.loopback
async def test_the_agent_is_ready_after_its_first_round_and_publishes_a_report_when_stopped() -> None:
    sink = RecordingSink()
    agent = make(sink)
    assert sink.targets == ["hsm-1", "region-eu-central-1"]
    assert not agent.ready()
    running = asyncio.create_task(agent.run())
    async with asyncio.timeout(100):
        while not (agent.ready() and sink.reports):  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.01)
    before = len(sink.reports)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert len(sink.reports) > before
    assert len(sink.surveys) == len(sink.reports)


@pytest.mark.loopback
async def test_a_report_that_was_being_made_while_its_key_store_was_removed_is_not_published() -> None:
    sink = RecordingSink()
    agent = make(sink)
    reports, survey = agent.publish_report()
    assert [report.key_store for report in sink.reports] == ["cks-1"]
    agent.reconfigure(Settings(targets=(REGION,), stores=(KeyStoreSpec(id="cks-2"),)), ())
    agent.publish(reports, survey)
    assert [report.key_store for report in sink.reports] == ["cks-1"]
    agent.publish_report()
    assert [report.key_store for report in sink.reports] == ["cks-1", "cks-2"]
    assert sink.targets == ["region-eu-central-1"]


@pytest.mark.loopback
async def test_200_reloads_leave_no_task_behind() -> None:
    """Each gives every key store new sources, and every second one other targets and another store."""
    agent = make(RecordingSink())
    first = agent.state.settings
    second = replace(first, targets=(REGION,), stores=(*first.stores, KeyStoreSpec(id="cks-2")))
    running = asyncio.create_task(agent.run())

    def reload(to: Settings) -> None:
        agent.reconfigure(to, (), [Sources(new_access=lambda: None) for _ in to.stores])

    def tasks() -> int:
        return len(asyncio.all_tasks())

    async with asyncio.timeout(100):
        reload(first)
        while not agent.ready():  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.01)
        before = tasks()
        for number in range(RELOADS):
            reload((second, first)[number % 2])
            await asyncio.sleep(0.001)
        while tasks() > before:  # noqa: ASYNC110 - probes that are under way end
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])


def node(name: str, host: str) -> Target:
    plans = (PlannedCheck(check=Check.TLS, interval_s=1.0, timeout_s=0.5),)
    return Target(name=name, role=Role.NODE, host=host, plans=plans, key_store="cks-1")


NODES = tuple(
    node(name, f"10.0.0.{last}") for last, name in enumerate(("answered", "refused", "shut", "late"), 1)
)
FAILED = {
    "answered": None,
    "refused": Failure(phase=Phase.HANDSHAKE, reason=Reason.RESET),
    "shut": Failure(phase=Phase.CONNECT, reason=Reason.TIMED_OUT),
}


def with_nodes() -> Agent:
    return Agent(Settings(targets=NODES, stores=(KeyStoreSpec(id="cks-1"),)), (), Silent())


@pytest.mark.loopback
async def test_a_round_without_a_large_client_hello_has_no_verdict_on_it() -> None:
    (report,), _ = await with_nodes().once(lambda _done, _total: None)
    assert LARGE not in {verdict.requirement for verdict in report.verdicts}


@pytest.mark.loopback
@pytest.mark.parametrize("is_silent", [False, True], ids=["all answer", "a host is silent"])
async def test_a_large_client_hello_waits_for_the_measured_ones_but_not_for_a_silent_host(
    is_silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    tried = asyncio.Event()

    async def take(
        _targets: object,
        _echoes: object,
        _measure: object,
        publish: Callable[[Measurement], None],
        *_: object,
    ) -> None:
        for each in NODES[:-1]:
            publish(
                Measurement(
                    target=each,
                    check=Check.TLS,
                    started_at_s=SYSTEM_CLOCK.now_s(),
                    address=each.host,
                    failure=FAILED[each.name],
                )
            )
        if is_silent:
            await tried.wait()
        await asyncio.sleep(0.01)
        order.append("measured")

    async def try_all(
        targets: Iterable[Target], _network: object, timeout_s: float, addresses: Mapping[object, str]
    ) -> tuple[LargeClientHello, ...]:
        order.append("large")
        tried.set()
        assert timeout_s > 0
        assert list(addresses.values()) == ["10.0.0.1", "10.0.0.2"]
        return tuple(
            LargeClientHello(target=each, started_at_s=0.0, answer=HelloAnswer.SERVER_HELLO)
            for each in targets
        )

    monkeypatch.setattr(rounds, "take", take)
    monkeypatch.setattr("probe.agent.agent.try_all", try_all)
    timeout_s = 0.2 if is_silent else 60.0

    (report,), _ = await with_nodes().once(lambda _done, _total: None, large_client_hello_s=timeout_s)

    assert order == (["large", "measured"] if is_silent else ["measured", "large"])
    found = {each.subject: each.outcome for each in report.verdicts if each.requirement == LARGE}
    # Without a connection, or before the handshake, a target gets none.
    assert found == {"answered": Outcome.MET, "refused": Outcome.MET}


@pytest.mark.loopback
async def test_a_shorter_report_interval_is_used_at_once_and_not_after_the_longer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent_module, "STARTING_S", 0.0)  # no reports that are made more often at the start
    sink = RecordingSink()
    agent = make(sink)
    settings = agent.state.settings
    agent.reconfigure(replace(settings, report_interval_s=3600.0), ())
    running = asyncio.create_task(agent.run())
    async with asyncio.timeout(100):
        while not (agent.ready() and sink.reports):  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.01)
        agent.reconfigure(settings, ())  # while it waits for the end of the hour
        before = len(sink.reports)
        while len(sink.reports) < before + 2:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
