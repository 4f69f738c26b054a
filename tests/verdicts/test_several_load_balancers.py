"""A fault of one of several load balancers: KMS fails always or never, and the report says so."""

from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT, BALANCER, GROUP, LISTENER, SPEC, looked_at
from support.evidence import tcp

from probe.model.account import LoadBalancer, NodeInterface, RegisteredTarget
from probe.model.evidence import Evidence
from probe.model.measurements import Reason
from probe.model.targets import Role, Target
from probe.model.verdicts import Likelihood, Operation, Verdict
from probe.verdicts.judge import judge

SHARE = "this affects 1 of 2 load balancers"
_OTHER_TARGETS = tuple(
    RegisteredTarget(id=f"192.168.2.{n}", port=443, zone="all", state="healthy") for n in (5, 6)
)


def second(**changes: object) -> LoadBalancer:
    """Another load balancer with its own target group and nodes."""
    group = replace(GROUP, arn="arn:tg2", name="other", targets=_OTHER_TARGETS)
    given = {
        "arn": "arn:nlb2",
        "name": "net/other",
        "target_groups": (group,),
        "listeners": (replace(LISTENER, arn="arn:l2", target_group_arns=("arn:tg2",)),),
        "nodes": tuple(replace(each, address=each.address.replace("10.0", "10.1")) for each in nodes()),
    }
    return replace(BALANCER, **{**given, **changes})


def nodes() -> tuple[NodeInterface, ...]:
    assert isinstance(BALANCER.nodes, tuple)
    return BALANCER.nodes


def targets(*balancers: LoadBalancer) -> tuple[Target, ...]:
    return tuple(
        Target(name=each.address, role=Role.NODE, host=each.address, key_store="cks-1")
        for balancer in balancers
        for each in (balancer.nodes if isinstance(balancer.nodes, tuple) else ())
    )


def evidence(*balancers: LoadBalancer, dead: frozenset[str] = frozenset()) -> Evidence:
    every = targets(*balancers)
    measured = tuple(
        tcp(each, Reason.REFUSED if each.host in dead else None) for each in every for _ in range(2)
    )
    account = replace(ACCOUNT, load_balancers=balancers)
    return looked_at(account, SPEC, targets=every, latest=measured, recent=measured)


def verdict(found: Evidence, requirement: str, subject: str) -> Verdict:
    (one,) = (
        each for each in judge(found).verdicts if (each.requirement, each.subject) == (requirement, subject)
    )
    return one


def likelihoods(one: Verdict) -> set[Likelihood]:
    return {error.likelihood for error in one.kms_errors if error.operation is Operation.CONNECT}


@pytest.mark.parametrize(
    ("changes", "requirement"),
    [
        ({"state": "failed"}, "load-balancer-is-active"),
        ({"listeners": ()}, "listener-forwards-443"),
        ({"address_type": "ipv6"}, "load-balancer-has-ipv4"),
    ],
)
def test_a_broken_one_of_two_is_possible_and_the_share_is_given(
    changes: dict[str, object], requirement: str
) -> None:
    one = verdict(evidence(BALANCER, second(**changes)), requirement, "net/other")
    assert SHARE in one.because
    assert "retries do not help" in one.because
    assert likelihoods(one) == {Likelihood.POSSIBLE}


def test_if_each_is_broken_in_its_own_way_kms_certainly_fails() -> None:
    found = evidence(replace(BALANCER, state="failed"), second(listeners=()))
    one = verdict(found, "load-balancer-is-active", "net/xks")
    assert likelihoods(one) == {Likelihood.EXPECTED}


def test_a_fault_of_both_has_no_share() -> None:
    found = evidence(replace(BALANCER, state="failed"), second(state="failed"))
    one = verdict(found, "load-balancer-is-active", "net/other")
    assert "load balancers of the endpoint service" not in one.because
    assert likelihoods(one) == {Likelihood.EXPECTED}


def test_a_load_balancer_is_affected_if_each_of_its_nodes_is_dead() -> None:
    other = second()
    hosts = frozenset(each.host for each in targets(other))
    dead = evidence(BALANCER, other, dead=hosts)
    for host in hosts:
        assert SHARE in verdict(dead, "every-node-accepts-tcp-443", host).because
    half = evidence(BALANCER, other, dead=frozenset({min(hosts)}))
    one = verdict(half, "every-node-accepts-tcp-443", min(hosts))
    assert "load balancers of the endpoint service" not in one.because


def test_the_targets_of_one_are_a_share_too() -> None:
    ill = tuple(replace(each, state="unhealthy") for each in _OTHER_TARGETS)
    group = replace(GROUP, arn="arn:tg2", name="other", targets=ill)
    found = evidence(BALANCER, second(target_groups=(group,)))
    assert SHARE in verdict(found, "two-targets-are-healthy", "other").because


def test_with_a_single_load_balancer_nothing_is_added() -> None:
    found = evidence(replace(BALANCER, state="failed"))
    one = verdict(found, "load-balancer-is-active", "net/xks")
    assert "load balancers of the endpoint service" not in one.because
    assert likelihoods(one) == {Likelihood.EXPECTED}


def third() -> LoadBalancer:
    made = second(arn="arn:nlb3", name="net/third")
    given = tuple(replace(each, address=each.address.replace("10.1", "10.2")) for each in nodes_of(made))
    return replace(made, nodes=given)


def nodes_of(balancer: LoadBalancer) -> tuple[NodeInterface, ...]:
    assert isinstance(balancer.nodes, tuple)
    return balancer.nodes


def test_dead_nodes_count_for_their_own_load_balancer_only() -> None:
    other, last = second(), third()
    hosts = frozenset(each.host for each in targets(other))
    found = evidence(BALANCER, other, last, dead=hosts)
    for host in hosts:
        because = verdict(found, "every-node-accepts-tcp-443", host).because
        assert "this affects 1 of 3 load balancers" in because


def test_advice_about_one_of_them_has_no_share() -> None:
    """KMS returns no error for it."""
    one = verdict(
        evidence(BALANCER, second(scheme="internet-facing")), "load-balancer-is-internal", "net/other"
    )
    assert one.kms_errors == ()
    assert "load balancers of the endpoint service" not in one.because
