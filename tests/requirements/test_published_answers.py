"""Answers as AWS publishes them (its examples, recordings of other tools) in a healthy account, and what follows."""

from collections.abc import Callable
from typing import Any

import pytest
from support.accounts.behind import ALB, with_alb, with_instances
from support.accounts.collected import (
    GROUP,
    REGION,
    SERVICE_NAME,
    STORE_ID,
    answer,
    call,
    deny,
    healthy,
    with_rules,
)
from support.accounts.discovered_targets import targets_for
from support.evidence import NOW_S

from probe.aws.audit import audit
from probe.aws.collected_answers import CollectedAnswers
from probe.aws.selection import spec_with_defaults
from probe.model.account import Account
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import Outcome, Scope
from probe.requirements import CATALOGUE
from probe.verdicts.evaluate import evaluate

_Json = dict[str, Any]
MET, VIOLATED, UNKNOWN = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN
GREEN = GROUP.replace("targetgroup/xks", "targetgroup/xks-green")
ZONES = "every-zone-has-a-healthy-target"


def audited(document: _Json) -> Account:
    spec = KeyStoreSpec(region=REGION, id=STORE_ID)
    return audit(CollectedAnswers(document), spec, taken_at_s=NOW_S, timeout_s=5.0)


def outcomes(document: _Json, requirement: str) -> set[Outcome]:
    account = audited(document)
    spec = spec_with_defaults(KeyStoreSpec(region=REGION, id=STORE_ID), account)
    evidence = Evidence(
        taken_at_s=NOW_S,
        spec=spec,
        account=account,
        targets=targets_for(spec, account),
        scopes=frozenset(Scope),
    )
    (rule,) = (each for each in CATALOGUE if each.id == requirement)
    return {verdict.outcome for verdict in evaluate([rule], evidence)}


Change = Callable[[_Json], object]


def listener(**changes: Any) -> Change:
    return lambda document: answer(document, "DescribeListeners")["Listeners"][0].update(changes)


def weighted(*weights: tuple[str, Any]) -> Change:
    """The listener forwards to groups with weights; the group *green* has no target."""
    groups = [
        {"TargetGroupArn": arn} | ({} if weight is None else {"Weight": weight}) for arn, weight in weights
    ]

    def change(document: _Json) -> None:
        listener(DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])(document)
        known = answer(document, "DescribeTargetGroups")["TargetGroups"]
        known.append(known[0] | {"TargetGroupArn": GREEN, "TargetGroupName": "xks-green"})
        for operation, given in (
            ("DescribeTargetHealth", {"TargetHealthDescriptions": []}),
            ("DescribeTargetGroupAttributes", {"Attributes": []}),
        ):
            parameters = {"TargetGroupArn": GREEN}
            document["calls"].append(
                {"service": "elbv2", "operation": operation, "parameters": parameters, "answer": given}
            )

    return change


def targets(*given: _Json, kind: str = "ip") -> Change:
    def change(document: _Json) -> None:
        answer(document, "DescribeTargetGroups")["TargetGroups"][0]["TargetType"] = kind
        answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"] = list(given)

    return change


def a_target(id_: str, zone: str | None = None, override: str | None = None, state: str = "healthy") -> _Json:
    of_zone = {"AvailabilityZone": zone} if zone else {}
    of_override = {"AdministrativeOverride": {"State": override, "Reason": "x"}} if override else {}
    return {"Target": {"Id": id_, "Port": 443, **of_zone}, "TargetHealth": {"State": state}, **of_override}


def shifted(override: str | None) -> Change:
    return targets(
        a_target("192.168.1.5", "eu-west-1a", "no_override"), a_target("192.168.1.6", "eu-west-1b", override)
    )


def rules(*given: tuple[str, str | None, str]) -> Change:
    """A dualstack load balancer whose listener has rules: (priority, IP version, target group)."""

    def change(document: _Json) -> None:
        weighted((GROUP, 1), (GREEN, 0))(document)
        found = (
            {
                "Priority": priority,
                "Conditions": [{"Field": "source-ip", "SourceIpConfig": {"IpAddressType": kind}}]
                if kind
                else [],
                "Actions": [{"Type": "forward", "TargetGroupArn": group}],
                "IsDefault": priority == "default",
            }
            for priority, kind, group in given
        )
        with_rules(document, *found)

    return change


def routes(*states: str | None) -> Change:
    """Routes to the data centre with these states, more specific ones later."""

    def change(document: _Json) -> None:
        (table,) = answer(document, "DescribeRouteTables")["RouteTables"]
        table["Routes"] = [table["Routes"][0]] + [
            {"DestinationCidrBlock": f"192.168.0.0/{16 + n}", "GatewayId": "vgw-1"}
            | ({"State": state} if state else {})
            for n, state in enumerate(states)
        ]

    return change


def associated(state: _Json | None) -> Change:
    """A second route table, with a route to the internet, is or was the table of a subnet."""

    def change(document: _Json) -> None:
        association: _Json = {"Main": False, "SubnetId": "subnet-1"}
        public = {
            "RouteTableId": "rtb-public",
            "Associations": [association | ({"AssociationState": state} if state else {})],
            "Routes": [
                {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
                {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
            ],
        }
        answer(document, "DescribeRouteTables")["RouteTables"].insert(0, public)

    return change


def principal(permission: str | None) -> Change:
    def change(document: _Json) -> None:
        (one,) = answer(document, "DescribeVpcEndpointServicePermissions")["AllowedPrincipals"]
        one.update({"PermissionType": permission} if permission else {})

    return change


CASES: dict[str, tuple[Change, str, Outcome]] = {
    "a TCP_QUIC listener": (listener(Protocol="TCP_QUIC"), "listener-forwards-443", MET),
    "a TCP_UDP listener": (listener(Protocol="TCP_UDP"), "listener-forwards-443", MET),
    "a QUIC listener": (listener(Protocol="QUIC"), "listener-forwards-443", VIOLATED),
    "a UDP listener": (listener(Protocol="UDP"), "listener-forwards-443", VIOLATED),
    "an idle group, weight 0": (weighted((GROUP, 100), (GREEN, 0)), "two-targets-are-healthy", MET),
    "an idle group, zones": (weighted((GROUP, 1), (GREEN, 0)), "every-zone-has-a-healthy-target", MET),
    "a group without a weight": (weighted((GROUP, None)), "listener-forwards-443", MET),
    "an empty group that is used": (weighted((GROUP, 0), (GREEN, 1)), "every-zone-has-a-healthy-target", VIOLATED),
    "all weights are 0": (weighted((GROUP, 0), (GREEN, 0)), "listener-forwards-443", VIOLATED),
    "a weight that is not a number": (weighted((GROUP, "0")), "listener-forwards-443", MET),
    "no rule but the default": (rules(("default", None, GROUP)), "two-targets-are-healthy", MET),
    "a rule for IPv6": (rules(("1", "ipv6", GREEN), ("default", None, GROUP)), "two-targets-are-healthy", MET),
    "a rule for IPv4": (rules(("1", "ipv4", GREEN), ("default", None, GROUP)), "two-targets-are-healthy", VIOLATED),
    "the first rule for IPv4": (
        rules(("20", "ipv4", GREEN), ("3", "ipv4", GROUP)), "two-targets-are-healthy", MET,
    ),
    "a zonal shift": (shifted("zonal_shift_active"), "every-zone-has-a-healthy-target", VIOLATED),
    "a zonal shift, two targets": (shifted("zonal_shift_active"), "two-targets-are-healthy", UNKNOWN),
    "a zonal shift that is over": (shifted("no_override"), "every-zone-has-a-healthy-target", MET),
    "no override is returned": (shifted(None), "every-zone-has-a-healthy-target", MET),
    "a zonal shift by DNS": (shifted("zonal_shift_delegated_to_dns"), "every-zone-has-a-healthy-target", UNKNOWN),
    "an unknown override": (shifted("unknown"), "every-zone-has-a-healthy-target", UNKNOWN),
    "instances": (
        targets(a_target("i-0a1b2c3d4e5f6a7b1"), a_target("i-0a1b2c3d4e5f6a7b2"), kind="instance"),
        "every-zone-has-a-healthy-target",
        UNKNOWN,
    ),
    "instances, routes": (
        targets(a_target("i-0a1b2c3d4e5f6a7b1"), kind="instance"),
        "network-routes-reach-every-target",
        UNKNOWN,
    ),
    "unhealthy instances": (
        targets(a_target("i-0a1b2c3d4e5f6a7b1", state="unhealthy"), kind="instance"),
        "every-zone-has-a-healthy-target",
        VIOLATED,
    ),
    "instances in both zones": (with_instances, ZONES, MET),
    "instances in one zone": (lambda doc: with_instances(doc, "subnet-1", "subnet-1"), ZONES, VIOLATED),
    "instances, their routes": (with_instances, "network-routes-reach-every-target", MET),
    "instances that may not be described": (
        lambda doc: deny(with_instances(doc), "DescribeInstances"), ZONES, UNKNOWN,
    ),
    "instances, no call for them in the file, routes": (
        lambda doc: deny(with_instances(doc), "DescribeInstances"), "network-routes-reach-every-target", UNKNOWN,
    ),
    "an ALB with two healthy targets": (with_alb, "two-targets-are-healthy", MET),
    "an ALB with two registered targets": (with_alb, "two-targets-are-registered", MET),
    "an ALB in both zones": (with_alb, ZONES, MET),
    "an ALB in one zone": (lambda doc: with_alb(doc, zones=("eu-west-1a",)), ZONES, VIOLATED),
    "an ALB with one healthy target": (
        lambda doc: with_alb(doc, "healthy", "unhealthy"), "two-targets-are-healthy", VIOLATED,
    ),
    "an ALB with one healthy target, zones": (lambda doc: with_alb(doc, "healthy", "unhealthy"), ZONES, MET),
    "an ALB with one registered target": (
        lambda doc: with_alb(doc, "healthy"), "two-targets-are-registered", VIOLATED,
    ),
    "an ALB without a healthy target": (lambda doc: with_alb(doc, "unhealthy", "unhealthy"), ZONES, VIOLATED),
    "an ALB whose targets are new": (
        lambda doc: with_alb(doc, "initial", "initial"), "two-targets-are-healthy", UNKNOWN,
    ),
    "an ALB that fails its check": (lambda doc: with_alb(doc, state="unhealthy"), ZONES, VIOLATED),
    "an ALB whose groups differ": (
        lambda doc: with_alb(doc, more_groups=(("unhealthy",),)), "two-targets-are-healthy", UNKNOWN,
    ),
    "an ALB whose groups differ, zones": (lambda doc: with_alb(doc, more_groups=(("unhealthy",),)), ZONES, UNKNOWN),
    "an ALB, routes": (with_alb, "network-routes-reach-every-target", UNKNOWN),
    "a load balancer as target": (targets(a_target(ALB), kind="alb"), ZONES, UNKNOWN),
    "a load balancer, two targets": (targets(a_target(ALB), kind="alb"), "two-targets-are-healthy", UNKNOWN),
    "a load balancer, registered": (targets(a_target(ALB), kind="alb"), "two-targets-are-registered", UNKNOWN),
    "addresses outside the VPC": (
        targets(a_target("192.168.1.5", "all"), a_target("192.168.1.6", "all")),
        "every-zone-has-a-healthy-target",
        MET,
    ),
    "unhealthy.draining": (
        targets(*(a_target(f"192.168.1.{n}", "all", state="unhealthy.draining") for n in (5, 6))),
        "two-targets-are-registered",
        MET,
    ),
    "unhealthy.draining fails": (
        targets(*(a_target(f"192.168.1.{n}", "all", state="unhealthy.draining") for n in (5, 6))),
        "two-targets-are-healthy",
        VIOLATED,
    ),
    "a filtered route": (routes("filtered"), "network-routes-reach-every-target", UNKNOWN),
    "a filtered route behind a better one": (routes("filtered", "active"), "network-routes-reach-every-target", MET),
    "a better route is filtered": (routes("active", "filtered"), "network-routes-reach-every-target", UNKNOWN),
    "a blackhole route": (routes("blackhole"), "network-routes-reach-every-target", VIOLATED),
    "a route without a state": (routes(None), "network-routes-reach-every-target", MET),
    "a table that was the subnet's": (associated({"State": "disassociated"}), "subnets-are-private", MET),
    "a table whose association failed": (associated({"State": "failed"}), "subnets-are-private", MET),
    "a table that is becoming the subnet's": (associated({"State": "associating"}), "subnets-are-private", VIOLATED),
    "a table that is the subnet's": (associated({"State": "associated"}), "subnets-are-private", VIOLATED),
    "an association without a state": (associated(None), "subnets-are-private", VIOLATED),
    "KMS for transit gateways": (principal("transit-gateway-attachment"), "kms-is-an-allowed-principal", VIOLATED),
    "KMS for endpoints": (principal("vpc-endpoint"), "kms-is-an-allowed-principal", MET),
    "KMS without a kind": (principal(None), "kms-is-an-allowed-principal", MET),
    "KMS for something new": (principal("something-new"), "kms-is-an-allowed-principal", VIOLATED),
}  # fmt: skip


@pytest.mark.parametrize(("change", "requirement", "outcome"), CASES.values(), ids=list(CASES))
def test_a_published_answer_gives_the_right_outcome(
    change: Change, requirement: str, outcome: Outcome
) -> None:
    document = healthy()
    change(document)
    assert outcomes(document, requirement) == {outcome}


def test_rules_that_may_not_be_read_leave_the_listener_unknown() -> None:
    document = healthy()
    rules(("default", None, GROUP))(document)
    document["calls"].pop()
    assert outcomes(document, "listener-forwards-443") == {UNKNOWN}
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["IpAddressType"] = "ipv4"
    assert outcomes(document, "listener-forwards-443") == {MET}


@pytest.mark.parametrize("key", ["NextToken", "NextMarker", "Marker"])
@pytest.mark.parametrize("operation", ["DescribeVpcEndpointServicePermissions", "DescribeTargetHealth"])
def test_the_first_page_of_a_response_is_not_the_whole_response(key: str, operation: str) -> None:
    document = healthy()
    answer(document, operation)[key] = "page-2"
    assert [each.cause.value for each in audited(document).failed_calls] == ["odd_answer"]
    answer(document, operation)[key] = ""
    assert audited(document).failed_calls == ()


@pytest.mark.parametrize(("entries", "failed"), [(5000, 0), (5001, 1)])
def test_a_list_in_an_entry_that_is_too_long_is_reported(entries: int, failed: int) -> None:
    document = healthy()
    (table,) = answer(document, "DescribeRouteTables")["RouteTables"]
    table["Routes"] += [{"DestinationCidrBlock": "172.16.0.0/12", "GatewayId": "tgw-1"}] * (entries - 2)
    account = audited(document)
    (vpc,) = account.vpcs if isinstance(account.vpcs, tuple) else ()
    assert isinstance(vpc.route_tables, tuple) is not bool(failed)
    assert ("more than 5000" in getattr(vpc.route_tables, "because", "")) is bool(failed)


def test_ids_in_another_order_are_the_same_call() -> None:
    document = healthy()
    names = call(document, "DescribeVpcs")
    names["parameters"]["VpcIds"] = ["vpc-2", "vpc-1"]
    caller = CollectedAnswers(document)
    assert caller.call("ec2", "DescribeVpcs", {"VpcIds": ["vpc-1", "vpc-2"]}, 1.0) == names["answer"]


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ('{     "Code": "InvalidServiceName",     "Message": "does not exist" }', "not_found"),
        ('{"Code": "AccessDenied", "Message": "not authorized"}', "access_denied"),
        ('{"Message": "no code"}', "failed"),
        ("[1", "failed"),
        ("[" * 100_000, "failed"),
        ("could not connect", "failed"),
    ],
)
def test_an_error_that_the_aws_cli_printed_as_json_is_read(message: str, cause: str) -> None:
    document = healthy()
    entry = call(document, "DescribeVpcs")
    del entry["answer"]
    entry["error"] = {"code": "Failed", "message": message}
    (failed,) = (each for each in audited(document).failed_calls if each.call == "ec2:DescribeVpcs")
    assert failed.cause.value == cause


def test_a_service_that_the_aws_cli_reported_missing_as_json_does_not_exist() -> None:
    document = healthy()
    answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"] = []
    message = '{"Code": "InvalidServiceName", "Message": "The Vpc Endpoint Service does not exist"}'
    document["calls"].append(
        {
            "service": "ec2",
            "operation": "DescribeVpcEndpointServices",
            "parameters": {"ServiceNames": [SERVICE_NAME]},
            "error": {"code": "Failed", "message": message},
        }
    )
    assert outcomes(document, "endpoint-service-exists") == {VIOLATED}
