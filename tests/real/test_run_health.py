"""Health requests of the running agent: a new fault of the proxy appears in verdicts, metrics and page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.network import prometheus_server
from support.network.running_agent import QUICK, RunningAgent, connect_errors, outcomes

from simulator import Capability, Simulation, load_scenario, start

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
WITHIN_S = 120.0  # until a fault is detected
AGAIN_WITHIN_S = 240.0  # until a removed fault is no longer reported
LIMIT_S = "0.25"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A fault and its expected effects. ``error`` is the KMS error; the page contains ``words``."""

    fault: str
    requirement: str
    error: str
    words: str


SLOW = Row(
    fault="slow-300ms",
    requirement="health-answers-within-250-ms",
    error="XKS_PROXY_TIMED_OUT",
    words="requests over new connections",
)
REFUSED = Row(
    fault="unauthorized",
    requirement="credential-is-accepted",
    error="INVALID_CREDENTIALS",
    words="AuthenticationFailedException",
)
UNAVAILABLE = Row(
    fault="all-unavailable",
    requirement="key-manager-is-available",
    error="XKS_PROXY_NOT_REACHABLE",
    words="UNAVAILABLE",
)
ROWS = (SLOW, REFUSED, UNAVAILABLE)
TARGETS = 4  # nodes and backends of the simulation


@pytest.fixture(scope="module")
def simulation(can_simulate: Capability) -> Iterator[Simulation]:
    assert can_simulate.namespaces
    with start(load_scenario("healthy"), enter=False) as running:
        yield running


@pytest.fixture(scope="module")
def agent(
    simulation: Simulation, xks_probe: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningAgent]:
    file = tmp_path_factory.mktemp("quick") / "xks-probe.yaml"
    with RunningAgent(simulation, xks_probe, file, simulation.configuration() | QUICK) as running:
        yield running


@pytest.fixture(scope="module")
def default_agent(
    simulation: Simulation, xks_probe: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningAgent]:
    """An agent with the default intervals."""
    file = tmp_path_factory.mktemp("default") / "xks-probe.yaml"
    left_out = ("intervals", "timeouts", "report_interval")
    settings = {key: value for key, value in simulation.configuration().items() if key not in left_out}
    with RunningAgent(simulation, xks_probe, file, settings, port=9912) as running:
        yield running


def is_well(agent: RunningAgent) -> bool:
    (store,) = agent.status()["stores"]
    every = [outcomes(store, row.requirement) for row in ROWS]
    return every == [{"met"}] * len(ROWS) and "expected" not in connect_errors(store).values()


def is_detected(agent: RunningAgent, row: Row) -> bool:
    """Verdict and prediction, for every target, because all proxies of the simulation have the fault."""
    (store,) = agent.status()["stores"]
    is_predicted = connect_errors(store).get(row.error) == "expected"
    return outcomes(store, row.requirement) == {"violated"} and is_predicted


def is_in_metrics(agent: RunningAgent, row: Row, *, present: bool = True) -> bool:
    violated = agent.values("requirement_outcome", requirement=row.requirement, outcome="violated")
    predicted = agent.values(
        "kms_error_predicted", operation="connect", error=row.error, likelihood="expected"
    )
    return violated == [float(present)] * TARGETS and predicted == [float(present)]


def wait_until_well(agent: RunningAgent) -> None:
    prometheus_server.wait_for("every requirement is met", lambda: is_well(agent), AGAIN_WITHIN_S)


def over_the_limit(agent: RunningAgent) -> float:
    """Answered requests that took longer than KMS's limit."""
    in_time = agent.values("request_duration_seconds_bucket", mode="cold", le=LIMIT_S)
    return sum(agent.values("request_duration_seconds_count", mode="cold")) - sum(in_time)


@pytest.fixture
def broken(simulation: Simulation, agent: RunningAgent, request: pytest.FixtureRequest) -> Iterator[Row]:
    """Set a row's fault while the agent runs in a healthy simulation, and remove it after the test."""
    row: Row = request.param
    wait_until_well(agent)
    assert is_in_metrics(agent, row, present=False)
    assert row.error not in agent.page()
    simulation.set_fault("*", row.fault)
    try:
        prometheus_server.wait_for(
            f"{row.requirement} is violated", lambda: is_detected(agent, row), WITHIN_S
        )
        yield row
    finally:
        simulation.set_fault("*", "healthy")


@pytest.mark.parametrize(
    "broken",
    [pytest.param(row, id=row.fault, marks=[] if row is SLOW else [pytest.mark.long]) for row in ROWS],
    indirect=True,
)
def test_a_new_fault_of_the_proxy_is_detected_and_so_is_its_removal(
    broken: Row, simulation: Simulation, agent: RunningAgent
) -> None:
    prometheus_server.wait_for("the metrics show the fault", lambda: is_in_metrics(agent, broken))
    page = agent.page()
    for word in (f"KMS would fail with {broken.error}", broken.requirement, broken.words):
        assert word in page
    simulation.set_fault("*", "healthy")
    wait_until_well(agent)
    prometheus_server.wait_for(
        "the metrics no longer show the fault", lambda: is_in_metrics(agent, broken, present=False)
    )
    # The error may still be possible because of late responses among the latest; the page words that differently.
    assert f"KMS would fail with {broken.error}" not in agent.page()


@pytest.mark.long
@pytest.mark.parametrize("broken", [SLOW], indirect=True)
def test_responses_slower_than_the_kms_limit_are_counted(broken: Row, agent: RunningAgent) -> None:
    before = over_the_limit(agent)
    prometheus_server.wait_for("more late responses", lambda: over_the_limit(agent) > before >= TARGETS)
    (bar,) = {each["health"]["cold"]["failure"] for each in agent.status()["targets"] if each["health"]}
    assert bar is None, "a late response is not a failure"


@pytest.mark.long
@pytest.mark.parametrize("broken", [REFUSED], indirect=True)
def test_refusals_are_counted_by_their_status(broken: Row, agent: RunningAgent) -> None:
    for mode in ("cold", "warm"):
        refused = agent.values("health_answers_total", mode=mode, code="401")
        assert len(refused) == TARGETS
        assert all(count > 0 for count in refused)
    assert sum(agent.values("health_answers_total", code="200")) > 0, "responses from before the fault"


@pytest.mark.long
@pytest.mark.parametrize("broken", [UNAVAILABLE], indirect=True)
def test_key_managers_are_counted_by_their_state(broken: Row, agent: RunningAgent) -> None:
    assert agent.values("key_managers", state="ACTIVE") == [0.0] * TARGETS
    unavailable = agent.values("key_managers", state="UNAVAILABLE")
    assert len(unavailable) == TARGETS
    assert all(count > 0 for count in unavailable)


def test_the_clock_of_each_proxy_is_compared_with_ours(agent: RunningAgent) -> None:
    offsets_s = agent.values("proxy_clock_offset_seconds")
    assert len(offsets_s) == TARGETS
    assert all(abs(offset_s) <= 2 for offset_s in offsets_s)


@pytest.mark.long
def test_at_the_default_interval_a_fault_is_detected_within_two_minutes(
    simulation: Simulation, default_agent: RunningAgent
) -> None:
    wait_until_well(default_agent)
    simulation.set_fault("*", SLOW.fault)
    try:
        prometheus_server.wait_for(
            "the fault is detected", lambda: is_detected(default_agent, SLOW), WITHIN_S
        )
        prometheus_server.wait_for("the metrics show the fault", lambda: is_in_metrics(default_agent, SLOW))
        assert f"KMS would fail with {SLOW.error}" in default_agent.page()
    finally:
        simulation.set_fault("*", "healthy")
