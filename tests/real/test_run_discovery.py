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
from support.reports.schema_check import faults

from probe.requirements import CATALOGUE
from simulator import Simulation

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(600)]

CASE = Case(name="healthy", expect={}, exists=True, options={"--data-centre": None, "--name": None})
AUDIT = {"intervals": {"audit": "10s", "record": "10s"}, "timeouts": {"audit": "10s", "record": "5s"}}
NODES, BACKENDS = 2, 2
WITHIN_S = 60.0
A_MINUTE_S = 60.0
SLOW_S = 240.0  # on a busy machine
MIN_ROUND_TRIPS = 20
GONE_SECTION = {"answers": {"DescribeTargetHealth": {"TargetHealthDescriptions[1]": None}}}
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


def account(simulation: Simulation, changes: dict[str, Any]) -> None:
    simulation.set_account({"key_stores": [{}], **changes})


@pytest.fixture
def agent(
    preflight_simulation: Simulation, xks_probe: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[RunningAgent]:
    """Started in a healthy simulation; a parameter is what its account answers instead."""
    prepare(preflight_simulation, CASE)
    account(preflight_simulation, getattr(request, "param", {}))
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
    assert faults(agent.status(), "status") == []
    preflight = play(CASE)
    assert preflight.report, preflight.words
    late = late_requirements(preflight_simulation, since_s=since_s)
    expected = verdicts(dict(preflight.report), late)
    wait("the agent's verdicts are the preflight's", lambda: verdicts(judged(agent), late) == expected)


def backends(agent: RunningAgent) -> set[str]:
    return {each.labels["target"] for each in agent.samples() if each.labels.get("role") == "backend"}


def named(agent: RunningAgent, target: str) -> set[str]:
    """The metrics that have a series of the target."""
    return {
        each.name
        for each in agent.samples()
        if target in (each.labels.get("target"), each.labels.get("subject"))
    }


def audits(agent: RunningAgent) -> float:
    return sum(agent.values("aws_calls_total", call="sts:GetCallerIdentity"))


def answered(agent: RunningAgent) -> float:
    return sum(agent.values("packets_received_total"))


@pytest.mark.parametrize("agent", [GONE_SECTION], indirect=True)
def test_a_target_registered_later_is_followed_and_a_removed_one_leaves_no_series(
    agent: RunningAgent, preflight_simulation: Simulation
) -> None:
    wait("the first target", lambda: len(backends(agent)) == 1 and bool(judged(agent)["verdicts"]))
    (first,) = backends(agent)
    counted = agent.values("probes_total", target=first, check="icmp")
    account(preflight_simulation, {})
    wait("the second target", lambda: len(backends(agent)) == BACKENDS)
    (second,) = backends(agent) - {first}
    is_judged = {"probes_total", "requirement_outcome", "rtt_seconds_bucket", "health_answers_total"}
    wait("probes of the second target", lambda: is_judged <= named(agent, second), WITHIN_S)
    wait(
        "its round trips, of which the interval alone would give four in a minute",
        lambda: agent.values("rtt_seconds_count", target=second, method="tcp")[0] >= MIN_ROUND_TRIPS,
        WITHIN_S,
    )
    account(preflight_simulation, GONE_SECTION)
    wait("the second target is gone", lambda: named(agent, second) == set(), A_MINUTE_S)
    assert agent.values("probes_total", target=first, check="icmp") > counted, (
        "the other target was continued"
    )
    log = agent.log.read_text("utf-8")
    assert log.count("targets changed") == 3, "the first audit, one target more, one less"


@pytest.mark.parametrize(
    ("agent", "because"),
    [
        pytest.param(DENIED, "not allowed (UnauthorizedOperation)", id="denied"),
        pytest.param(THROTTLED, "throttled (RequestLimitExceeded)", id="throttled"),
        pytest.param(SLOW, "AWS did not respond in time", id="slow"),
        pytest.param(GARBAGE, "", id="garbage"),
    ],
    indirect=["agent"],
)
def test_an_account_that_cannot_be_read_is_unknown_and_what_is_configured_is_measured(
    agent: RunningAgent, because: str
) -> None:
    wait("an audit has ended", lambda: audits(agent) > 1)
    wait(
        "the account is judged",
        lambda: "endpoint-service-exists" in {v["requirement"] for v in judged(agent)["verdicts"]},
    )
    (verdict,) = [v for v in judged(agent)["verdicts"] if v["requirement"] == "endpoint-service-exists"]
    assert verdict["outcome"] == "unknown"
    assert because in verdict["because"]
    assert sum(agent.values("aws_call_failures_total")) > 0
    before = answered(agent)
    wait("ten more echo requests were answered", lambda: answered(agent) >= before + 10)
    assert agent.values("requirement_outcome", requirement="round-trip-within-35-ms", outcome="met") == [1.0]


@pytest.mark.parametrize("fault", [DENIED, SLOW], ids=["denied", "slow"])
def test_an_account_that_can_no_longer_be_read_changes_no_target(
    agent: RunningAgent, preflight_simulation: Simulation, fault: dict[str, Any]
) -> None:
    wait("all is probed and judged", lambda: is_complete(agent))
    failed = sum(agent.values("aws_call_failures_total"))
    account(preflight_simulation, fault)
    wait("an audit has failed", lambda: sum(agent.values("aws_call_failures_total")) > failed)
    assert is_complete(agent)
    assert agent.values("requirement_outcome", requirement="endpoint-service-exists", outcome="met") == [1.0]
    wait("the facts age", lambda: max(agent.values("evidence_age_seconds", source="account")) > 25)
