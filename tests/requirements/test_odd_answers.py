"""A missing or malformed value in AWS's response never leads to *met*; each of these cases once did."""

from typing import Any

import pytest
from support.accounts.collected import SERVICE_NAME, answer, healthy
from support.accounts.healthy import looked_at
from support.evidence import NOW_S

from probe.aws.audit import audit
from probe.aws.collected_answers import CollectedAnswers
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import Outcome
from probe.verdicts.judge import judge

_TABLES = [{"RouteTableId": "rtb-1", "Associations": [{"SubnetId": "subnet-1"}], "Routes": []}]
_RULE = {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
JsonPath = tuple[Any, ...]
CASES: list[tuple[str, str, JsonPath, object]] = [
    ("subnets-are-private", "DescribeRouteTables", ("RouteTables", 0, "Associations"), None),
    ("subnets-are-private", "DescribeRouteTables", ("RouteTables",), []),
    ("subnets-are-private", "DescribeRouteTables", ("RouteTables", 0, "Routes"), "none"),
    ("network-routes-reach-every-target", "DescribeRouteTables", ("RouteTables",), _TABLES),
    (
        "two-availability-zones",
        "DescribeLoadBalancers",
        ("LoadBalancers", 0, "AvailabilityZones", 0, "ZoneName"),
        3,
    ),
    (
        "two-availability-zones",
        "DescribeVpcEndpointServiceConfigurations",
        ("ServiceConfigurations", 0, "AvailabilityZoneIds"),
        ["", "euw1-az1"],
    ),
    (
        "service-uses-a-network-load-balancer",
        "DescribeVpcEndpointServiceConfigurations",
        ("ServiceConfigurations", 0, "NetworkLoadBalancerArns"),
        [""],
    ),
    (
        "load-balancer-admits-privatelink-traffic",
        "DescribeLoadBalancers",
        ("LoadBalancers", 0, "SecurityGroups"),
        "sg-1",
    ),
    (
        "load-balancer-admits-privatelink-traffic",
        "DescribeLoadBalancers",
        ("LoadBalancers", 0, "SecurityGroups"),
        [1],
    ),
    ("proxy-protocol-is-off", "DescribeTargetGroupAttributes", ("Attributes", 0, "Value"), True),
    ("proxy-protocol-is-off", "DescribeTargetGroupAttributes", ("Attributes", 0, "Value"), "yes"),
    (
        "allowed-principals-are-minimal",
        "DescribeVpcEndpointServicePermissions",
        ("AllowedPrincipals", 0),
        None,
    ),
    ("key-store-quota-has-room", "DescribeCustomKeyStores", ("CustomKeyStores",), [{}] * 12),
]


def judged(document: dict[str, Any]) -> dict[str, list[Outcome]]:
    account = audit(
        CollectedAnswers(document),
        KeyStoreSpec(region="eu-west-1", service_name=SERVICE_NAME),
        taken_at_s=NOW_S,
        timeout_s=100.0,
    )
    spec = KeyStoreSpec(region="eu-west-1", service_name=SERVICE_NAME)
    found: dict[str, list[Outcome]] = {}
    for verdict in judge(looked_at(account, spec)).verdicts:
        assert not verdict.because.startswith("bug in xks-probe"), verdict
        found.setdefault(verdict.requirement, []).append(verdict.outcome)
    return found


@pytest.mark.parametrize(("requirement", "operation", "path", "value"), CASES)
def test_a_malformed_response_never_leads_to_met(
    requirement: str, operation: str, path: JsonPath, value: object
) -> None:
    document = healthy()
    assert Outcome.MET in judged(document)[requirement]
    inner: Any = answer(document, operation)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert Outcome.MET not in judged(document)[requirement]


def test_a_tcp_rule_without_ports_does_not_allow_443() -> None:
    document = healthy()
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["SecurityGroups"] = ["sg-1"]
    groups = {"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": [_RULE]}]}
    call = {"service": "ec2", "operation": "DescribeSecurityGroups", "parameters": {"GroupIds": ["sg-1"]}}
    document["calls"].append({**call, "answer": groups})
    assert Outcome.MET not in judged(document)["load-balancer-admits-privatelink-traffic"]
    groups["SecurityGroups"][0]["IpPermissions"] = [{**_RULE, "FromPort": 443, "ToPort": 443}]
    assert Outcome.MET in judged(document)["load-balancer-admits-privatelink-traffic"]
