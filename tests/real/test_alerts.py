"""Every alert fires and clears in a real Prometheus (Debian's package), in a simulation with the fault."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.network import prometheus_server
from support.network.alert_cases import CONFIGURED, DISCOVERED, AlertCase, check_alerts
from support.network.observed_agent import EACH_SECOND, ROOT, RULES, ObservedAgent

from simulator import Capability, Fault, load_scenario, start

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
# Windows of five minutes become 20 s, and the TCP interval of 15 s becomes 1 s: the number of probes stays the same.
DIVIDE_BY = 15


@pytest.fixture(scope="module")
def observed(
    can_simulate: Capability, xks_probe: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ObservedAgent]:
    assert can_simulate.namespaces
    with start(load_scenario("healthy"), enter=False) as simulation:
        settings = simulation.configuration() | EACH_SECOND
        folder = tmp_path_factory.mktemp("prometheus")
        with ObservedAgent(simulation, xks_probe, folder, settings, divide_by=DIVIDE_BY) as running:
            yield running


HEALTHY_S = 60.0
# A busy machine answers late, and its reports come late.
OF_A_LATE_MACHINE = {"XksProbeKmsErrorPossible", "XksProbeHealthSlow", "XksProbeResultsStale"}


@pytest.mark.long
def test_nothing_fires_in_a_healthy_simulation(observed: ObservedAgent) -> None:
    """Long enough for every rule that has no window of an hour: a minute stands for a quarter of an hour."""
    observed.wait_for_scrape()
    prometheus_server.wait_for("the agent is no longer absent", lambda: not observed.firing())
    ends_s = time.monotonic() + HEALTHY_S
    while time.monotonic() < ends_s:
        assert observed.firing() <= OF_A_LATE_MACHINE
        time.sleep(1.0)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", CONFIGURED, ids=lambda case: case.name)
def test_alerts_fire_on_a_fault_and_clear_when_it_is_fixed(case: AlertCase, observed: ObservedAgent) -> None:
    check_alerts(case, observed)


def test_every_shipped_alert_fires_on_a_fault() -> None:
    rules = yaml.safe_load(RULES.read_text())
    shipped = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    assert shipped == set().union(*(case.alerts for case in (*CONFIGURED, *DISCOVERED)))


@pytest.mark.long
def test_every_query_of_the_dashboard_returns_data(observed: ObservedAgent) -> None:
    listing = subprocess.run(
        [sys.executable, ROOT / "tools" / "dashboards.py", "--queries"],
        capture_output=True,
        text=True,
        check=True,
    )
    queries = [json.loads(line) for line in listing.stdout.splitlines()]
    assert len(queries) > 10

    def empty() -> list[str]:
        results = {q["panel"] + ": " + q["expr"]: observed.ask("query", query=q["expr"]) for q in queries}
        return [name for name, answer in results.items() if not (answer and answer["result"])]

    # Without a fault some panels are empty, as expected: violated requirements, failures, predicted errors.
    observed.simulation.set_fault(observed.simulation.scenario.nodes[1].name, Fault.DEAD)
    try:
        prometheus_server.wait_for("each query has a result", lambda: not empty())
    finally:
        observed.simulation.set_fault(observed.simulation.scenario.nodes[1].name, Fault.ALIVE)
