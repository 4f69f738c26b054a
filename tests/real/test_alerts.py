"""Every alert fires and clears in a real Prometheus (Debian's package), in a simulation with the fault."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.network import prometheus_server

from simulator import Capability, Fault, Simulation, load_scenario, start

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
ROOT = Path(__file__).resolve().parents[2]
PORT = 9090
# Windows of five minutes become 20 s, and the TCP interval of 15 s becomes 1 s: the number of probes stays the same.
DIVIDE_BY = 15


class Observed:
    """A simulation with an agent and a Prometheus in it."""

    def __init__(self, simulation: Simulation, xks_probe: Path, folder: Path) -> None:
        self.simulation, self._xks_probe, self._folder = simulation, xks_probe, folder
        settings = simulation.configuration() | {
            "intervals": {"icmp": "1s", "tcp": "1s", "tls": "2s", "dns": "5s", "health": "5s"},
            "timeouts": {"icmp": "900ms", "tcp": "900ms", "tls": "1500ms", "dns": "2s", "health": "4s"},
            "report_interval": "1s",
            "listen": "127.0.0.1:9911",
        }
        self._config = folder / "xks-probe.yaml"
        self._config.write_text(yaml.safe_dump(settings))
        self.start_agent()
        rules = subprocess.run(
            [sys.executable, ROOT / "tools" / "fast_rules.py", ROOT / "deploy" / "prometheus" / "rules.yml", "--divide-by", str(DIVIDE_BY)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        self._prometheus = simulation.popen(prometheus_server.command(folder, PORT, "127.0.0.1:9911", rules))

    def start_agent(self) -> None:
        self._agent = self.simulation.popen(
            [str(self._xks_probe), "run", "-c", str(self._config)], stderr=subprocess.DEVNULL
        )

    def stop_agent(self) -> None:
        prometheus_server.end(self._agent)

    def close(self) -> None:
        self.stop_agent()
        prometheus_server.end(self._prometheus)

    def ask(self, path: str, **parameters: str) -> Any:
        return self.simulation.call(lambda: prometheus_server.ask(PORT, path, **parameters), timeout_s=100)

    def firing(self) -> set[str]:
        answer = self.ask("alerts") or {"alerts": []}
        return {alert["labels"]["alertname"] for alert in answer["alerts"] if alert["state"] == "firing"}


@pytest.fixture(scope="module")
def observed(
    can_simulate: Capability, xks_probe: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Observed]:
    assert can_simulate.namespaces
    with start(load_scenario("healthy"), enter=False) as simulation:
        made = Observed(simulation, xks_probe, tmp_path_factory.mktemp("prometheus"))
        try:
            yield made
        finally:
            made.close()


Change = Callable[[Observed], None]
HEALTHY_S = 60.0
OF_A_LATE_MACHINE = {"XksProbeKmsErrorPossible", "XksProbeHealthSlow"}  # a busy machine answers late


def wait_for_scrape(observed: Observed) -> None:
    prometheus_server.wait_for(
        "the first scrape", lambda: bool((observed.ask("query", query="up == 1") or {}).get("result"))
    )


def set_partial_faults(observed: Observed) -> None:
    observed.simulation.set_fault(observed.simulation.scenario.nodes[1].name, Fault.DEAD)
    observed.simulation.set_delay("hsm-1", 0.060)
    observed.simulation.set_fault("*", Fault.EXPIRES_SOON)


def remove_partial_faults(observed: Observed) -> None:
    observed.simulation.set_fault(observed.simulation.scenario.nodes[1].name, Fault.ALIVE)
    observed.simulation.set_delay("hsm-1", 0.012)
    observed.simulation.set_fault("*", Fault.GOOD)


def set_total_faults(observed: Observed) -> None:
    for node in observed.simulation.scenario.nodes:
        observed.simulation.set_fault(node.name, Fault.DEAD)
    observed.simulation.set_fault("*", Fault.UNLISTED_AUTHORITY)


def remove_total_faults(observed: Observed) -> None:
    for node in observed.simulation.scenario.nodes:
        observed.simulation.set_fault(node.name, Fault.ALIVE)
    observed.simulation.set_fault("*", Fault.GOOD)


def set_proxy_faults(observed: Observed) -> None:
    observed.simulation.set_fault("*", Fault.ALL_UNAVAILABLE)
    observed.simulation.set_fault(observed.simulation.scenario.backends[0].name, Fault.EXPIRES_SOON)


def remove_proxy_faults(observed: Observed) -> None:
    observed.simulation.set_fault("*", Fault.HEALTHY)
    observed.simulation.set_fault("*", Fault.GOOD)


def refuse_credential(observed: Observed) -> None:
    observed.simulation.set_fault("*", Fault.UNAUTHORIZED)


def set_wrong_clock(observed: Observed) -> None:
    observed.simulation.set_fault("*", Fault.CLOCK_WRONG)


# The network cannot cause these here, or only after an hour; promtool's unit tests cover them.
ONLY_IN_UNIT_TESTS = {
    *("XksProbePathLossy", "XksProbeIssuerChanged", "XksProbeHealthSlow", "XksProbePredictionBlind"),
    *("XksProbeRequirementNoLongerMet", "XksProbeKeyStoreNotConnected", "XksProbeResultsStale"),
    *("XksProbeAuditStale", "XksProbeAuditDenied", "XksProbeReloadFailed", "XksProbeAllBackendsDead"),
}


@pytest.mark.long
def test_nothing_fires_in_a_healthy_simulation(observed: Observed) -> None:
    """Long enough for every rule that has no window of an hour: a minute stands for a quarter of an hour."""
    wait_for_scrape(observed)
    prometheus_server.wait_for("the agent is no longer absent", lambda: not observed.firing())
    ends_s = time.monotonic() + HEALTHY_S
    while time.monotonic() < ends_s:
        assert observed.firing() <= OF_A_LATE_MACHINE
        time.sleep(1.0)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("set_faults", "remove_faults", "alerts"),
    [
        (
            set_partial_faults,
            remove_partial_faults,
            {
                *("XksProbePathPartiallyDead", "XksProbeRoundTripOverLimit", "XksProbeCertificateExpiring"),
                "XksProbeKmsErrorPossible",
            },
        ),
        (
            set_total_faults,
            remove_total_faults,
            {
                *("XksProbeProxyUnreachable", "XksProbeCertificateRefusedByKms"),
                *("XksProbeKmsErrorPredicted", "XksProbeRequirementViolated"),
            },
        ),
        (
            set_proxy_faults,
            remove_proxy_faults,
            {"XksProbeKeyManagerDead", "XksProbeCertificateDiffers", "XksProbeKmsErrorPredicted"},
        ),
        (refuse_credential, remove_proxy_faults, {"XksProbeHealthFailing", "XksProbeKmsErrorPredicted"}),
        (set_wrong_clock, remove_proxy_faults, {"XksProbeClockOffset"}),
        (Observed.stop_agent, Observed.start_agent, {"XksProbeAgentAbsent"}),
    ],
    ids=[
        "a dead zone, a slow key manager, an expiring certificate",
        "all nodes dead, unlisted CA",
        "key managers unavailable, another certificate on one backend",
        "credential refused",
        "clock wrong",
        "agent stopped",
    ],
)
def test_alerts_fire_on_a_fault_and_clear_when_it_is_fixed(
    set_faults: Change, remove_faults: Change, alerts: set[str], observed: Observed
) -> None:
    wait_for_scrape(observed)
    # Those with longer windows still fire after an earlier case; test_nothing_fires covers the healthy simulation.
    prometheus_server.wait_for(f"{alerts} do not fire yet", lambda: not alerts & observed.firing())
    set_faults(observed)
    prometheus_server.wait_for(f"{alerts} fire", lambda: alerts <= observed.firing())
    remove_faults(observed)
    prometheus_server.wait_for(f"{alerts} clear", lambda: not alerts & observed.firing())


def test_every_shipped_alert_fired_in_this_test() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())
    shipped = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    (marks,) = [
        m
        for m in test_alerts_fire_on_a_fault_and_clear_when_it_is_fixed.pytestmark
        if m.name == "parametrize"
    ]  # type: ignore[attr-defined]
    fired = set().union(*(case[2] for case in marks.args[1]))
    assert shipped == fired | ONLY_IN_UNIT_TESTS
    assert not fired & ONLY_IN_UNIT_TESTS


@pytest.mark.long
def test_every_query_of_the_dashboard_returns_data(observed: Observed) -> None:
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
