"""An agent that AWS keeps out where KMS is not: its timeouts decide nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.accounts.behind import (
    AGENT,
    preserving_client_addresses,
    security_group,
    with_groups,
    with_instances,
    with_security_group,
)
from support.accounts.collected import healthy
from support.accounts.healthy import ACCOUNT, BALANCER, GROUP, looked_at, node
from support.accounts.healthy import admitting as admitting_group
from support.accounts.judged import connect_errors, outcomes, report

from probe.model.account import RegisteredTarget, SecurityGroup
from probe.model.evidence import Evidence
from probe.model.measurements import Reason
from probe.model.targets import Role, Target
from probe.model.verdicts import Outcome
from probe.requirements.evidence.shut_out import why_shut_out

_Json = dict[str, Any]
MET, VIOLATED, UNKNOWN = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN
TIMED_OUT, REFUSED = Reason.TIMED_OUT, Reason.REFUSED
NODES = ("some-node-accepts-tcp-443", "every-node-accepts-tcp-443")


def admitting(*cidrs: str, enforced: str = "off") -> _Json:
    return with_security_group(healthy(), security_group("sg-1", *cidrs), enforced=enforced)


def test_a_group_that_admits_nothing_keeps_out_only_the_agent() -> None:
    found = report(admitting(), TIMED_OUT)
    for requirement in NODES:
        assert outcomes(found, requirement) == {UNKNOWN}
    assert connect_errors(found) == set()
    because = next(each.because for each in found.verdicts if each.requirement == NODES[0])
    assert "not enforced on PrivateLink traffic" in because
    assert because.count(f'allow TCP 443 from {AGENT}/32 in "sg-1"') == 1  # once for all nodes


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (lambda: admitting(f"{AGENT}/32"), TIMED_OUT),  # the agent is admitted
        (lambda: admitting("10.0.0.0/8"), TIMED_OUT),
        (admitting, REFUSED),  # a security group never refuses
        (lambda: admitting(enforced="on"), TIMED_OUT),  # KMS is kept out as well
        (healthy, TIMED_OUT),  # no security group
    ],
    ids=["admitted", "admitted by a range", "refused", "enforced", "no group"],
)
def test_in_any_other_case_the_nodes_are_at_fault(document: Callable[[], _Json], reason: Reason) -> None:
    found = report(document(), reason)
    for requirement in NODES:
        assert outcomes(found, requirement) == {VIOLATED}
    assert "XKS_PROXY_NOT_REACHABLE" in connect_errors(found)


def test_a_group_that_may_not_be_read_or_refers_to_a_prefix_list_excludes_nobody() -> None:
    unread = admitting()
    unread["calls"].pop()
    assert outcomes(report(unread, TIMED_OUT), NODES[0]) == {VIOLATED}
    by_list = admitting(f"{AGENT}/32")
    (rule,) = by_list["calls"][-1]["answer"]["SecurityGroups"][0]["IpPermissions"]
    rule |= {"IpRanges": [], "PrefixListIds": [{"PrefixListId": "pl-1"}]}
    assert outcomes(report(by_list, TIMED_OUT), NODES[0]) == {VIOLATED}


def test_without_the_agents_own_address_nothing_is_excused() -> None:
    assert outcomes(report(admitting(), TIMED_OUT, source=None), NODES[0]) == {VIOLATED}


def test_one_timeout_names_the_cause_as_well() -> None:
    found = report(admitting(), TIMED_OUT, attempts=1)
    because = next(each.because for each in found.verdicts if each.requirement == NODES[0])
    assert "not enforced on PrivateLink traffic" in because


def test_an_agent_that_is_admitted_measures_as_usual() -> None:
    found = report(admitting(f"{AGENT}/32"), None)
    for requirement in NODES:
        assert outcomes(found, requirement) == {MET}


def preserving(*cidrs: str, port: int = 443) -> _Json:
    """Instances that see the client's address, with a security group."""
    document = preserving_client_addresses(with_instances(healthy(), groups=("sg-web",)))
    with_groups(document, security_group("sg-web", *cidrs, port=port))
    return document


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        (lambda: preserving("10.0.1.0/24", "10.0.2.0/24"), UNKNOWN),  # only the load balancer's subnets
        (lambda: preserving(f"{AGENT}/32", port=8443), UNKNOWN),
        (lambda: preserving("10.0.0.0/16"), VIOLATED),
    ],
    ids=["only the load balancer", "another port", "admitted"],
)
def test_targets_that_see_the_clients_address_may_keep_out_only_the_agent(
    document: Callable[[], _Json], outcome: Outcome
) -> None:
    assert outcomes(report(document(), TIMED_OUT), NODES[0]) == {outcome}


def test_targets_that_do_not_see_the_clients_address_keep_nobody_out() -> None:
    document = with_instances(healthy(), groups=("sg-web",))
    with_groups(document, security_group("sg-web", "10.0.1.0/24"))
    assert outcomes(report(document, TIMED_OUT), NODES[0]) == {VIOLATED}


def test_backends_that_the_health_check_reaches_may_keep_out_the_same_agent() -> None:
    requirement = "every-target-accepts-tcp-443"
    assert outcomes(report(admitting(), TIMED_OUT, TIMED_OUT), requirement) == {UNKNOWN}
    assert outcomes(report(admitting(), TIMED_OUT, REFUSED), requirement) == {VIOLATED}
    assert outcomes(report(healthy(), TIMED_OUT, TIMED_OUT), requirement) == {VIOLATED}


NODE = node("eu-west-1a")
BACKEND = Target(name="backend", role=Role.BACKEND, host="10.0.1.50", port=443)
CLOSED = SecurityGroup(id="sg-web")


def seen(
    *targets: RegisteredTarget, groups: tuple[SecurityGroup, ...] = (CLOSED,), port: int | None = 443
) -> Evidence:
    """Targets that see the client's address, behind a load balancer without security groups."""
    group = replace(GROUP, port=port, attributes={"preserve_client_ip.enabled": "true"}, targets=targets)
    balancer = replace(BALANCER, security_groups=(), target_groups=(group,))
    account = replace(ACCOUNT, load_balancers=(balancer,), security_groups=groups)
    return looked_at(account, targets=(NODE, BACKEND), source_addresses={NODE.host: AGENT})


def one(
    *groups: str, port: int | None = 443, state: str = "healthy", id_: str = BACKEND.host
) -> RegisteredTarget:
    return RegisteredTarget(id=id_, port=port, state=state, security_groups=groups or ("sg-web",))


def test_a_node_of_no_load_balancer_is_not_excused() -> None:
    stranger = replace(NODE, host="10.0.3.10")
    evidence = looked_at(source_addresses={NODE.host: AGENT, stranger.host: AGENT})
    assert why_shut_out(evidence, NODE)
    assert why_shut_out(evidence, stranger) == ""


@pytest.mark.parametrize(
    ("own", "of_group", "admitted", "is_shut_out"),
    [
        (8443, 443, 443, True),
        (8443, 443, 8443, False),
        (None, 8443, 443, True),
        (None, 8443, 8443, False),
        (None, None, 443, False),
    ],
)
def test_the_port_of_a_target_is_its_own_or_else_its_groups(
    own: int | None, of_group: int | None, admitted: int, *, is_shut_out: bool
) -> None:
    web = replace(admitting_group(f"{AGENT}/32", port=admitted), id="sg-web")
    evidence = seen(one(port=own), groups=(web,), port=of_group)
    assert bool(why_shut_out(evidence, NODE)) is is_shut_out


@pytest.mark.parametrize(("state", "is_shut_out"), [("draining", True), ("unhealthy", False)])
def test_a_target_that_is_being_removed_admits_nobody(state: str, *, is_shut_out: bool) -> None:
    other = one("sg-unread", state=state, id_="10.0.1.51")
    assert bool(why_shut_out(seen(one(), other), NODE)) is is_shut_out


def test_a_target_with_one_group_that_was_not_read_may_admit_the_agent() -> None:
    assert why_shut_out(seen(one("sg-web", "sg-unread")), NODE) == ""


@pytest.mark.parametrize(
    ("state", "of_other", "is_shut_out"),
    [("healthy", "unhealthy", True), ("unhealthy", "healthy", False), ("unhealthy", "unhealthy", False)],
)
def test_only_a_backend_that_is_healthy_itself_may_keep_out_the_agent(
    state: str, of_other: str, *, is_shut_out: bool
) -> None:
    evidence = seen(one(state=state), one(state=of_other, id_="10.0.1.51"))
    assert why_shut_out(evidence, NODE)
    assert bool(why_shut_out(evidence, BACKEND)) is is_shut_out


def test_without_nodes_nothing_shows_that_a_backend_keeps_out_the_agent() -> None:
    assert why_shut_out(replace(seen(one()), targets=(BACKEND,)), BACKEND) == ""
