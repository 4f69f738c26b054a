"""The path from the load balancers' subnets to the targets: routes, prefix lists, network ACLs, groups."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import (
    BALANCER,
    DENIED,
    GROUP,
    LISTENER,
    LOCAL,
    TABLE,
    TARGETS,
    VPC,
    the_one,
    with_account,
    with_vpc,
)

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
    """One route table for all subnets. Port 443 forwards to every group, unless ``listeners`` are given."""
    arns = tuple(group.arn for group in groups)
    balancer = replace(
        BALANCER, target_groups=groups, listeners=listeners or (replace(LISTENER, target_group_arns=arns),)
    )
    table = RouteTable(id="rtb-1", is_main=True, routes=(LOCAL, *routes))
    vpc = replace(VPC, route_tables=(table,), **of_vpc)
    return with_account(load_balancers=(balancer,), vpcs=(vpc,))


def group(name: str, *ids: str, port: int | None = 443) -> TargetGroup:
    targets = tuple(replace(TARGETS[0], id=each, port=port) for each in ids)
    return replace(GROUP, arn=name, name=name, targets=targets)


def hidden(name: str) -> TargetGroup:
    return replace(GROUP, arn=name, name=name, targets=DENIED)


def acl(*entries: tuple[int, bool, bool, int, int], subnets: tuple[str, ...] = ()) -> NetworkAcl:
    """An ACL with entries (number, is egress, allows, from port, to port) for TCP and all addresses."""
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


ALLOWING = ((100, True, True, 443, 443), (100, False, True, 1024, 65535))


@pytest.mark.parametrize(
    ("routes", "outcome", "words"),
    [
        ((TO_TARGETS,), MET, "vgw-1"),
        ((), VIOLATED, "no route"),
        ((DEAD,), VIOLATED, "blackhole"),
        ((BY_LIST,), UNKNOWN, "pl-0123456789abcdef0"),
        ((DEAD, BY_LIST), UNKNOWN, "pl-0123456789abcdef0"),
        ((TO_TARGETS, BY_LIST), MET, "vgw-1"),
        ((OF_S3,), VIOLATED, "no route"),  # a gateway endpoint does not lead to a target
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
        ((group("a", "i-0123456789abcdef0", "172.16.0.1"),), VIOLATED, "172.16.0.1"),
    ],
)
def test_the_targets_of_every_group_are_checked(
    groups: tuple[TargetGroup, ...], outcome: Outcome, words: str
) -> None:
    found = the_one(reached, network(TO_TARGETS, groups=groups))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_a_group_that_gets_no_traffic_from_port_443_is_ignored() -> None:
    other = group("b", "172.16.0.1")
    listeners: tuple[Listener, ...] = (LISTENER, replace(LISTENER, port=9100, target_group_arns=("b",)))
    assert the_one(reached, network(TO_TARGETS, groups=(GROUP, other), listeners=listeners)).outcome is MET
    unseen = the_one(reached, network(TO_TARGETS, groups=(GROUP, other), listeners=DENIED))
    assert (unseen.outcome, "allow ec2:DescribeX" in unseen.because) == (UNKNOWN, True)


def test_a_load_balancer_with_denied_listeners_does_not_hide_the_targets_of_another() -> None:
    unseen = replace(BALANCER, arn="arn:a", name="net/a", listeners=DENIED)
    second = replace(BALANCER, target_groups=(replace(group("b", "172.16.0.1"), arn=GROUP.arn),))
    found = the_one(reached, with_account(load_balancers=(unseen, second)))
    assert (found.outcome, "172.16.0.1" in found.because) == (VIOLATED, True), found.because


def test_the_route_table_of_each_subnet_is_checked() -> None:
    tables = (TABLE, RouteTable(id="rtb-2", subnet_ids=("subnet-2",), routes=(LOCAL,)))
    found = the_one(reached, with_vpc(route_tables=tables))
    assert found.outcome is VIOLATED
    assert "from subnet-2" in found.because
    assert "from subnet-1" not in found.because


def test_a_single_path_that_may_be_in_a_prefix_list_is_named() -> None:
    own = RouteTable(id="rtb-2", subnet_ids=("subnet-2",), routes=(LOCAL, BY_LIST))
    evidence = with_account(
        load_balancers=(replace(BALANCER, target_groups=(replace(GROUP, targets=TARGETS[:1]),)),),
        vpcs=(replace(VPC, route_tables=(TABLE, own)),),
    )
    found = the_one(reached, evidence)
    assert found.outcome is UNKNOWN
    assert "192.168.1.5 from subnet-2" in found.because


@pytest.mark.parametrize(
    ("acls", "outcome", "words"),
    [
        ((acl(*ALLOWING),), MET, "2 targets"),
        ((acl((100, True, True, 444, 65535), ALLOWING[1]),), VIOLATED, "denies outbound traffic to port 443"),
        (
            (acl(ALLOWING[0], (100, False, True, 1025, 65535)),),
            VIOLATED,
            "denies return traffic to port 1024",
        ),
        (
            (acl(ALLOWING[0], (100, False, True, 1024, 65534)),),
            VIOLATED,
            "denies return traffic to port 65535",
        ),
        ((acl(*ALLOWING, (99, True, False, 443, 443)),), VIOLATED, "denies outbound"),
        ((acl(*ALLOWING, (101, True, False, 443, 443)),), MET, "2 targets"),
        ((acl(),), UNKNOWN, "network ACLs"),  # AWS did not return all of it
        ((), UNKNOWN, "network ACLs"),
        (DENIED, UNKNOWN, "allow ec2:DescribeX"),
    ],
)
def test_a_network_acl_must_allow_connections_out_and_return_traffic_in(
    acls: Any, outcome: Outcome, words: str
) -> None:
    found = the_one(reached, network(TO_TARGETS, network_acls=acls))
    assert (found.outcome, words in found.because) == (outcome, True), found.because


def test_the_acl_of_each_subnet_is_checked() -> None:
    shut = replace(acl(ALLOWING[1], subnets=("subnet-2",)), id="acl-2", is_default=False)
    found = the_one(reached, network(TO_TARGETS, network_acls=(acl(*ALLOWING), shut)))
    assert found.outcome is VIOLATED
    assert "acl-2" in found.because
    assert "subnet-2" in found.because
    assert "subnet-1" not in found.because
    assert found.remedy is not None
    assert found.remedy.cli.startswith("aws ec2 describe-network-acls --region REGION")


@pytest.mark.parametrize(
    ("of_target", "of_group", "port"),
    [(8443, 443, 8443), (None, 8443, 8443), (None, None, 443)],
    ids=["its own", "its group's", "443 if neither is known"],
)
def test_the_acl_is_checked_for_the_port_of_the_target(
    of_target: int | None, of_group: int | None, port: int
) -> None:
    groups = (replace(group("a", "192.168.1.5", port=of_target), port=of_group),)
    shut = acl((100, True, True, 444, 444), ALLOWING[1])
    found = the_one(reached, network(TO_TARGETS, groups=groups, network_acls=(shut,)))
    assert found.outcome is VIOLATED
    assert f"denies outbound traffic to port {port} " in found.because


def test_an_acl_of_one_subnet_without_entries_is_unknown() -> None:
    own = replace(acl(subnets=("subnet-2",)), id="acl-2", is_default=False)
    found = the_one(reached, network(TO_TARGETS, network_acls=(acl(*ALLOWING), own)))
    assert (found.outcome, "network ACLs" in found.because) == (UNKNOWN, True)


def test_traffic_inside_one_subnet_passes_no_acl() -> None:
    inside = (group("a", "10.0.1.20"),)
    shut = replace(acl(ALLOWING[1], subnets=("subnet-1",)), is_default=False)
    of_vpc = {"groups": inside, "network_acls": (replace(acl(*ALLOWING), id="acl-2"), shut)}
    assert the_one(reached, network(**of_vpc)).outcome is MET
    unseen = the_one(reached, network(**of_vpc, subnets=DENIED))
    assert (unseen.outcome, "allow ec2:DescribeX" in unseen.because) == (UNKNOWN, True)


def test_a_target_inside_the_subnet_does_not_hide_another_that_the_acl_blocks() -> None:
    both = (group("a", "10.0.1.20", "192.168.1.5"),)
    shut = replace(acl(ALLOWING[1], subnets=("subnet-1",)), id="acl-2", is_default=False)
    found = the_one(reached, network(TO_TARGETS, groups=both, network_acls=(acl(*ALLOWING), shut)))
    assert found.outcome is VIOLATED
    assert "192.168.1.5 from subnet-1" in found.because
    assert "10.0.1.20" not in found.because


def test_denied_subnets_do_not_matter_if_the_acls_block_nothing() -> None:
    assert the_one(reached, network(TO_TARGETS, subnets=DENIED)).outcome is MET


def test_a_missing_route_is_violated_even_if_the_acls_were_denied() -> None:
    assert the_one(reached, network(network_acls=DENIED)).outcome is VIOLATED


def test_the_secondary_addresses_of_nodes_are_named_for_firewalls_before_the_targets() -> None:
    assert "also connect from" not in the_one(reached, network(TO_TARGETS)).because
    nodes = tuple(replace(each, secondary=("10.0.1.11",)) for each in BALANCER.nodes[:1])  # type: ignore[index]
    found = the_one(reached, with_account(load_balancers=(replace(BALANCER, nodes=nodes),)))
    assert found.outcome is MET
    assert 'also connect from "10.0.1.11"' in found.because


def test_an_instance_is_reached_at_its_address() -> None:
    instance = replace(TARGETS[0], id="i-0123456789abcdef0", address="192.168.1.5")
    instances = replace(GROUP, target_type="instance", targets=(instance,))
    assert the_one(reached, network(TO_TARGETS, groups=(instances,))).outcome is MET
    assert the_one(reached, network(groups=(instances,))).outcome is VIOLATED
    unread = replace(instance, address=None)
    mixed = replace(instances, targets=(instance, unread))
    found = the_one(reached, network(TO_TARGETS, groups=(mixed,)))
    assert found.outcome is UNKNOWN
    assert "i-0123456789abcdef0" in found.because
