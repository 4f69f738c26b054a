"""Measured medians are within 0.5 ms of the delays that the link recorded as applied."""

import json
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cpu_load import busy
from simulator import Capability, Simulation, load_scenario, start

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
TOLERANCE_S = 0.0005
COUNT = 100


@pytest.fixture(scope="module")
def simulation(can_simulate: Capability) -> Iterator[Simulation]:
    assert can_simulate.namespaces
    with start(load_scenario("healthy"), enter=False) as started:
        yield started


def measured_s(simulation: Simulation, xks_probe: Path, address: str, method: str) -> list[float]:
    command = [xks_probe, "ping", address, "--method", method, "-n", COUNT, "-i", "0.02", "--format", "json"]
    done = simulation.run([str(word) for word in command], timeout_s=100)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == COUNT, done.stderr
    assert {line["timestamps"] for line in lines} == {"kernel"}
    return [line["rtt_seconds"] for line in lines]


@pytest.mark.parametrize(
    "busy_processes",
    [
        pytest.param(0, id="idle"),
        pytest.param(os.cpu_count() or 1, id="all cores busy", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize(("method", "kind"), [("icmp", "icmp"), ("tcp", "tcp-syn")])
@pytest.mark.parametrize("name", ["hsm-1", "proxy-1"])
def test_a_median_is_within_half_a_millisecond_of_the_applied_delay(
    name: str, method: str, kind: str, busy_processes: int, simulation: Simulation, xks_probe: Path
) -> None:
    if busy_processes and os.getuid() != 0:
        pytest.skip("on busy cores, the delay link needs nice -20, which only root may set")
    address = simulation.address(name)
    before = len(simulation.round_trips_s(address, kind))
    with busy(busy_processes):
        measured = measured_s(simulation, xks_probe, address, method)
    applied = simulation.round_trips_s(address, kind)[before:]
    assert len(applied) == COUNT
    assert abs(statistics.median(measured) - statistics.median(applied)) <= TOLERANCE_S


def test_round_trips_through_the_load_balancer_are_as_accurate(
    simulation: Simulation, xks_probe: Path
) -> None:
    address = simulation.address(simulation.scenario.nodes[0].name)
    measured = measured_s(simulation, xks_probe, address, "tcp")
    applied = simulation.round_trips_s(address, "tcp-syn")
    assert abs(statistics.median(measured) - statistics.median(applied)) <= TOLERANCE_S
