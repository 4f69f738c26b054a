"""34 Regions on one wire: ranked by their delay, and judged right on both sides of 35 ms."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import Capability, Simulation, load_scenario, start
from simulator.scenario.scenario import Host

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]


@pytest.fixture(scope="module")
def simulation(can_simulate: Capability) -> Iterator[Simulation]:
    assert can_simulate.namespaces
    with start(load_scenario("regions-34"), enter=False) as started:
        yield started


@pytest.fixture(scope="module")
def survey(
    simulation: Simulation, xks_probe: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("survey") / "endpoints.yaml"
    regions = simulation.configuration()["regions"]
    file.write_text(yaml.safe_dump({r["region"]: simulation.address(r["region"]) for r in regions}))
    command = [
        str(xks_probe),
        "survey",
        "--endpoints",
        str(file),
        "-n",
        "40",
        "-i",
        "0.5",
        "--format",
        "json",
    ]
    done = simulation.run(command, timeout_s=120)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def rtt_s(region: Host) -> float:
    """As the scenario has it, without its jitter."""
    return region.delay.out_s + region.delay.back_s


def test_all_are_ranked_in_the_order_of_their_delays(simulation: Simulation, survey: dict[str, Any]) -> None:
    truth_s = {region.name: rtt_s(region) for region in simulation.scenario.regions}
    ranked = [r["region"] for r in survey["regions"]]
    assert len(ranked) == 34
    assert [r["rank"] for r in survey["regions"]] == list(range(1, 35))
    for nearer, farther in pairwise(ranked):
        assert truth_s[nearer] <= truth_s[farther] + 0.0005, (nearer, farther)


@pytest.mark.parametrize(("limit_s", "within"), [(0.0344, True), (0.0356, False)])
def test_just_below_and_just_over_the_limit_are_judged_right(
    limit_s: float, *, within: bool, simulation: Simulation, survey: dict[str, Any]
) -> None:
    (name,) = [region.name for region in simulation.scenario.regions if abs(rtt_s(region) - limit_s) < 1e-6]
    (judged,) = [r for r in survey["regions"] if r["region"] == name]
    assert judged["within_threshold"] is within
    assert abs(judged["rtt_seconds"]["median"] - limit_s) < 0.0006


def test_the_nearest_is_recommended_and_nothing_is_lost(survey: dict[str, Any]) -> None:
    assert survey["recommended"] == survey["regions"][0]["region"]
    assert {(r["samples"], r["lost"]) for r in survey["regions"]} == {(40, 0)}
