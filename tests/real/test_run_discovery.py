"""The running agent with one line of configuration: it discovers, judges and follows what the account lists."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.network import prometheus_server
from support.network.running_agent import RunningAgent
from support.network.wire_waits import late_requirements
from support.preflight.cases import Case
from support.preflight.playing import NAME_SERVER, Played, environment, prepare

from probe.requirements import CATALOGUE
from simulator import Simulation

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(600)]

CASE = Case(name="healthy", expect={}, exists=True, options={"--data-centre": None, "--name": None})
AUDIT = {"intervals": {"audit": "10s", "record": "10s"}, "timeouts": {"audit": "10s", "record": "5s"}}
NODES, BACKENDS = 2, 2
WITHIN_S = 60.0
A_MINUTE_S = 60.0
SLOW_S = 240.0  # on a busy machine
GONE = {"DescribeTargetHealth": {"TargetHealthDescriptions[1]": None}}
DENIED = {"refused": {"*": "UnauthorizedOperation"}}
THROTTLED = {"refused": {"*": "RequestLimitExceeded"}}
# Nothing but the audit: each operation it uses answers something that is not an answer.
GARBAGE = {
    "answers": {
        "DescribeCustomKeyStores": {"CustomKeyStores": "x"},
        "DescribeVpcEndpointServiceConfigurations": {"ServiceConfigurations[0].ServiceName": None},
    }
}
SLOW = {"delay": "30s"}


def configuration(simulation: Simulation) -> dict[str, Any]:
    """One line, and what the simulation needs: its CA, its public DNS, and a key manager, which AWS does not know."""
    address = simulation.address("hsm-1")
    return {
        "key_store": {"id": simulation.scenario.key_store, "key_id": "foo"},
        "key_managers": [{"name": address, "host": address}],
        "extra_authorities": [str(simulation.root_pem)],
        "public_resolvers": [NAME_SERVER],
        **AUDIT,
    }


@pytest.fixture
def agent(preflight_simulation: Simulation, xks_probe: Path, tmp_path: Path) -> Iterator[RunningAgent]:
    prepare(preflight_simulation, CASE)
    variables = environment(preflight_simulation, CASE)
    with RunningAgent(
        preflight_simulation,
        xks_probe,
        tmp_path / "xks-probe.yaml",
        configuration(preflight_simulation),
        environment=variables,
    ) as running:
        yield running


def verdicts(report: dict[str, Any], late: frozenset[str]) -> dict[tuple[str, str], str]:
    return {
        (each["requirement"], each["subject"]): each["outcome"]
        for each in report["verdicts"]
        if each["requirement"] not in late
    }


def judged(agent: RunningAgent) -> dict[str, Any]:
    """The newest report; empty before the first."""
    stores = agent.status()["stores"]
    return (stores[0]["report"] if stores else None) or {"verdicts": []}


def roles(agent: RunningAgent) -> dict[str, int]:
    """How many targets of each role have been probed."""
    found: dict[str, int] = {}
    for each in agent.samples():
        if each.name == "target_info":
            answered = agent.values("last_success_timestamp_seconds", target=each.labels["target"])
            found[each.labels["role"]] = found.get(each.labels["role"], 0) + bool(answered)
    return found


def wait(what: str, condition: Callable[[], bool], within_s: float = SLOW_S) -> None:
    prometheus_server.wait_for(what, condition, within_s)


def is_complete(agent: RunningAgent) -> bool:
    requirements = {each["requirement"] for each in judged(agent)["verdicts"]}
    is_probed = roles(agent) == {"node": NODES, "backend": BACKENDS, "key_manager": 1}
    return is_probed and requirements == {each.id for each in CATALOGUE}


def test_within_a_minute_everything_is_probed_and_judged_like_a_preflight(
    agent: RunningAgent, preflight_simulation: Simulation, play: Callable[[Case], Played]
) -> None:
    since_s = time.time()
    wait("all is probed and judged", lambda: is_complete(agent))
    preflight = play(CASE)
    assert preflight.report, preflight.words
    late = late_requirements(preflight_simulation, since_s=since_s)
    expected = verdicts(dict(preflight.report), late)
    wait("the agent's verdicts are the preflight's", lambda: verdicts(judged(agent), late) == expected)
