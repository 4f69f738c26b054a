"""Alerts fire and clear in a real Prometheus for an agent that discovers its key store in a simulated AWS account."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.network.alert_cases import DISCOVERED, AlertCase, check_alerts
from support.network.observed_agent import EACH_SECOND, ObservedAgent
from support.preflight.cases import Case
from support.preflight.playing import environment, prepare

from simulator import Simulation

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(600)]
HEALTHY = Case(name="healthy", expect={}, exists=True)
AUDIT = {"audit": "10s", "record": "10s"}  # the shortest that are allowed
# Lossy paths need 57 connects, one per second, in 30 minutes. The others need few probes, or none.
DIVIDE_BY = 30
FASTER = {
    "XksProbeIssuerChanged": 120,  # an hour becomes 30 s
    **dict.fromkeys(
        (
            *("XksProbeHealthSlow", "XksProbeAuditDenied", "XksProbeAuditStale"),
            *("XksProbePredictionBlind", "XksProbeRequirementNoLongerMet"),
        ),
        60,
    ),
}


@pytest.fixture(scope="module")
def observed(
    preflight_simulation: Simulation, xks_probe: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ObservedAgent]:
    prepare(preflight_simulation, HEALTHY)
    times = {key: {**values, **AUDIT} for key, values in EACH_SECOND.items() if isinstance(values, dict)}
    settings = {**preflight_simulation.configuration(), **EACH_SECOND, **times}
    with ObservedAgent(
        preflight_simulation,
        xks_probe,
        tmp_path_factory.mktemp("prometheus"),
        settings,
        divide_by=DIVIDE_BY,
        faster=FASTER,
        environment=environment(preflight_simulation, HEALTHY),
    ) as running:
        yield running
    prepare(preflight_simulation, HEALTHY)


@pytest.mark.parametrize("case", DISCOVERED, ids=lambda case: case.name)
def test_alerts_fire_on_a_fault_and_clear_when_it_is_fixed(case: AlertCase, observed: ObservedAgent) -> None:
    check_alerts(case, observed)
