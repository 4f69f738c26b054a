"""An agent that AWS keeps out where KMS is not: its timeouts decide nothing."""

from collections.abc import Callable
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
from support.accounts.judged import connect_errors, outcomes, report

from probe.model.measurements import Reason
from probe.model.verdicts import Outcome

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
