"""The way from the load balancers' subnets to the targets: routes, prefix lists, network ACLs, several groups."""

from dataclasses import replace
from typing import Any

import pytest
from accounts import BALANCER, DENIED, GROUP, LISTENER, LOCAL, TARGETS, VPC, the_one, with_account

from probe.model.account import AclEntry, Listener, NetworkAcl, Route, RouteTable, TargetGroup
from probe.model.evidence import Evidence
from probe.model.verdicts import Outcome
from probe.requirements.network_routes import network_routes_reach_every_target as reached

MET, VIOLATED, UNKNOWN = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN
TO_TARGETS = Route(destination="192.168.0.0/16", via="vgw-1")
DEAD = replace(TO_TARGETS, state="blackhole")
BY_LIST = Route(destination="pl-0123456789abcdef0", via="tgw-1")
OF_S3 = Route(destination="pl-6da54004", via="vpce-0123456789abcdef0")


def network(
    *routes: Route, groups: tuple[TargetGroup, ...] = (GROUP,), listeners: Any = None, **of_vpc: Any
) -> Evidence:
    """One table for all subnets; every group is forwarded to on port 443, unless ``listeners`` say else."""
    arns = tuple(group.arn for group in groups)
    balancer = replace(
        BALANCER, target_groups=groups, listeners=listeners or (replace(LISTENER, target_group_arns=arns),)
    )
    table = RouteTable(id="rtb-1", is_main=True, routes=(LOCAL, *routes))
    vpc = replace(VPC, route_tables=(table,), **of_vpc)
    return with_account(load_balancers=(balancer,), vpcs=(vpc,))


def group(name: str, *ids: str, port: int = 443) -> TargetGroup:
    targets = tuple(replace(TARGETS[0], id=each, port=port) for each in ids)
    return replace(GROUP, arn=name, name=name, targets=targets)


def hidden(name: str) -> TargetGroup:
    return replace(GROUP, arn=name, name=name, targets=DENIED)


def acl(*entries: tuple[int, bool, bool, int, int], subnets: tuple[str, ...] = ()) -> NetworkAcl:
    """Of (number, is egress, allows, from port, to port), for TCP and all addresses."""
    return NetworkAcl(
        id="acl-1",
        is_default=True,
        subnet_ids=subnets,
        entries=tuple(
            AclEntry(
                number=number,
                is_egress=is_egress,
                allows=allows,
                protocol="6",
                cidr="0.0.0.0/0",
                from_port=low,
                to_port=high,
            )
            for number, is_egress, allows, low, high in entries
        ),
    )


FINE = ((100, True, True, 443, 443), (100, False, True, 1024, 65535))


@pytest.mark.parametrize(
    ("routes", "outcome", "words"),
    [
        ((TO_TARGETS,), MET, "vgw-1"),
        ((), VIOLATED, "no route"),
        ((DEAD,), VIOLATED, "blackhole"),
        ((BY_LIST,), UNKNOWN, "pl-0123456789abcdef0"),
        ((DEAD, BY_LIST), UNKNOWN, "pl-0123456789abcdef0"),
        ((TO_TARGETS, BY_LIST), MET, "vgw-1"),
        ((OF_S3,), VIOLATED, "no route"),  # a gateway endpoint leads to no target
        ((replace(BY_LIST, state="blackhole"),), VIOLATED, "no route"),
    ],
)
def test_a_prefix_list_may_lead_to_the_targets(
    routes: tuple[Route, ...], outcome: Outcome, words: str
) -> None:
    found = the_one(reached, network(*routes))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


@pytest.mark.parametrize(
    ("groups", "outcome", "words"),
    [
        ((group("a", "192.168.1.5"), group("b", "192.168.1.6", "192.168.1.7")), MET, "3 targets"),
        ((group("a", "192.168.1.5"), group("b", "192.168.1.5", port=8443)), MET, "1 target,"),
        ((group("a", "192.168.1.5"), group("b", "172.16.0.1")), VIOLATED, "172.16.0.1"),
        ((group("a", "192.168.1.5"), hidden("b")), UNKNOWN, "allow ec2:DescribeX"),
        ((group("a", "172.16.0.1"), hidden("b")), VIOLATED, "172.16.0.1"),
        ((hidden("a"), hidden("b")), UNKNOWN, "allow ec2:DescribeX"),
        ((group("a"),), UNKNOWN, "no subnet, target"),
    ],
)
def test_the_targets_of_every_group_count(
    groups: tuple[TargetGroup, ...], outcome: Outcome, words: str
) -> None:
    found = the_one(reached, network(TO_TARGETS, groups=groups))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_a_group_to_which_port_443_is_not_forwarded_does_not_count() -> None:
    other = group("b", "172.16.0.1")
    listeners: tuple[Listener, ...] = (LISTENER, replace(LISTENER, port=9100, target_group_arns=("b",)))
    assert the_one(reached, network(TO_TARGETS, groups=(GROUP, other), listeners=listeners)).outcome is MET
    unseen = the_one(reached, network(TO_TARGETS, groups=(GROUP, other), listeners=DENIED))
    assert (unseen.outcome, "allow ec2:DescribeX" in unseen.because) == (UNKNOWN, True)


@pytest.mark.parametrize(
    ("acls", "outcome", "words"),
    [
        ((acl(*FINE),), MET, "2 targets"),
        ((acl((100, True, True, 444, 65535), FINE[1]),), VIOLATED, "denies outbound traffic to port 443"),
        ((acl(FINE[0], (100, False, True, 1025, 65535)),), VIOLATED, "denies return traffic to port 1024"),
        ((acl(FINE[0], (100, False, True, 1024, 65534)),), VIOLATED, "denies return traffic to port 65535"),
        ((acl(*FINE, (99, True, False, 443, 443)),), VIOLATED, "denies outbound"),
        ((acl(*FINE, (101, True, False, 443, 443)),), MET, "2 targets"),
        ((acl(),), UNKNOWN, "network ACLs"),  # it was not shown in full
        ((), UNKNOWN, "network ACLs"),
        (DENIED, UNKNOWN, "allow ec2:DescribeX"),
    ],
)
def test_a_network_acl_has_to_let_connections_out_and_answers_in(
    acls: Any, outcome: Outcome, words: str
) -> None:
    found = the_one(reached, network(TO_TARGETS, network_acls=acls))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_the_acl_of_each_subnet_counts() -> None:
    shut = replace(acl(FINE[1], subnets=("subnet-2",)), id="acl-2", is_default=False)
    found = the_one(reached, network(TO_TARGETS, network_acls=(acl(*FINE), shut)))
    assert found.outcome is VIOLATED
    assert "acl-2" in found.because
    assert "subnet-2" in found.because
    assert "subnet-1" not in found.because


def test_the_acl_is_asked_about_the_targets_own_port() -> None:
    at_8443 = (group("a", "192.168.1.5", port=8443),)
    found = the_one(reached, network(TO_TARGETS, groups=at_8443, network_acls=(acl(*FINE),)))
    assert found.outcome is VIOLATED
    assert "port 8443" in found.because


def test_what_stays_in_its_subnet_passes_no_acl() -> None:
    inside = (group("a", "10.0.1.20"),)
    shut = replace(acl(FINE[1], subnets=("subnet-1",)), is_default=False)
    of_vpc = {"groups": inside, "network_acls": (replace(acl(*FINE), id="acl-2"), shut)}
    assert the_one(reached, network(**of_vpc)).outcome is MET
    unseen = the_one(reached, network(**of_vpc, subnets=DENIED))
    assert (unseen.outcome, "allow ec2:DescribeX" in unseen.because) == (UNKNOWN, True)


def test_no_route_is_said_though_acls_may_not_be_looked_at() -> None:
    assert the_one(reached, network(network_acls=DENIED)).outcome is VIOLATED
