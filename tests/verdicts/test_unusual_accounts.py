"""Unusual accounts: those that work predict nothing, those that are broken give exactly their errors."""

from collections.abc import Callable
from typing import Any

import pytest
from support.accounts.behind import (
    AGENT,
    BEHIND_ALB,
    add,
    registered,
    security_group,
    with_alb,
    with_instances,
    with_security_group,
)
from support.accounts.collected import GROUP, NLB, OWN, ZONES, answer, healthy, seen_by_consumers, with_rules
from support.accounts.judged import connect_errors, faults, outcomes, report
from support.accounts.two_balancers import with_another_balancer

from probe.model.measurements import Reason
from probe.model.targets import Role, Target
from probe.model.verdicts import Outcome

_Json = dict[str, Any]
Make = Callable[[], _Json]
OTHER = "444455556666"
NODES = tuple(address for _, _, address in ZONES.values())
GREEN = GROUP.replace("targetgroup/xks", "targetgroup/xks-green")
NOT_REACHABLE, MAYBE = {"XKS_PROXY_NOT_REACHABLE"}, {"maybe XKS_PROXY_NOT_REACHABLE"}
SHUT = {"some-node-accepts-tcp-443", "every-node-accepts-tcp-443"}
REFUSED, TIMED_OUT = Reason.REFUSED, Reason.TIMED_OUT


def changed(*changes: tuple[str, str, _Json]) -> _Json:
    """A healthy account; each change is (operation, list, fields of its first entry)."""
    document = healthy()
    for operation, key, fields in changes:
        answer(document, operation)[key][0].update(fields)
    return document


def weighted(blue: int, green: int) -> _Json:
    """The listener forwards to two groups; the second has no targets."""
    groups = [
        {"TargetGroupArn": GROUP, "Weight": blue},
        {"TargetGroupArn": GREEN, "Weight": green},
    ]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    document = changed(("DescribeListeners", "Listeners", {"DefaultActions": actions}))
    known = answer(document, "DescribeTargetGroups")["TargetGroups"]
    known.append(known[0] | {"TargetGroupArn": GREEN, "TargetGroupName": "xks-green"})
    add(
        document,
        "elbv2",
        "DescribeTargetHealth",
        {"TargetGroupArn": GREEN},
        {"TargetHealthDescriptions": []},
    )
    attributes = {"Attributes": [{"Key": "proxy_protocol_v2.enabled", "Value": "true"}]}
    add(document, "elbv2", "DescribeTargetGroupAttributes", {"TargetGroupArn": GREEN}, attributes)
    return document


def dualstack(family: str) -> _Json:
    """Connections of one IP version go to a group without targets."""
    document = weighted(1, 0)
    rule = {
        "Priority": "1",
        "Conditions": [{"Field": "source-ip", "SourceIpConfig": {"IpAddressType": family}}],
        "Actions": [{"Type": "forward", "TargetGroupArn": GREEN}],
    }
    return with_rules(document, rule)


def tls_listener() -> _Json:
    return changed(
        ("DescribeListeners", "Listeners", {"Protocol": "TLS"}),
        ("DescribeTargetGroups", "TargetGroups", {"Protocol": "TLS"}),
    )


def proxy_protocol() -> _Json:
    return changed(("DescribeTargetGroupAttributes", "Attributes", {"Value": "true"}))


def of_another_account(verification: str = "verified") -> _Json:
    document = healthy()
    (own,) = answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"]
    service = seen_by_consumers(own, OTHER) | {"PrivateDnsNameVerificationState": verification}
    answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"] = []
    (store,) = answer(document, "DescribeCustomKeyStores")["CustomKeyStores"]
    store["XksProxyConfiguration"]["VpcEndpointServiceOwner"] = OTHER
    names = {"ServiceNames": [own["ServiceName"]]}
    add(document, "ec2", "DescribeVpcEndpointServices", names, {"ServiceDetails": [service]})
    return document


def secondary_addresses() -> _Json:
    document = healthy()
    for n, each in enumerate(answer(document, "DescribeNetworkInterfaces")["NetworkInterfaces"]):
        each["PrivateIpAddresses"] = [
            {"Primary": True, "PrivateIpAddress": each["PrivateIpAddress"]},
            {"Primary": False, "PrivateIpAddress": f"10.0.{n}.99"},
        ]
    return document


def admitting(*cidrs: str, enforced: str = "off") -> _Json:
    return with_security_group(healthy(), security_group("sg-1", *cidrs), enforced=enforced)


def on_8443(state: str = "healthy") -> _Json:
    document = changed(("DescribeTargetGroups", "TargetGroups", {"Port": 8443}))
    for each in answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"]:
        each["Target"]["Port"] = 8443
        each["TargetHealth"]["State"] = state
    return document


def shifted(state: str) -> _Json:
    document = healthy()
    targets = [
        registered(f"192.168.1.{n}", zone=zone) | {"AdministrativeOverride": {"State": state}}
        for n, zone in enumerate(ZONES, 5)
    ]
    targets[0]["AdministrativeOverride"]["State"] = "no_override"
    answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"] = targets
    return document


def typed_nodes(document: _Json) -> tuple[Target, ...]:
    """The nodes as given by the user, because only the service's owner can list them."""
    if answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"]:
        return ()
    return tuple(
        Target(name=address, role=Role.NODE, host=address, key_store="cks-1234567890abcdef0")
        for address in NODES
    )


def permitted(permission: str) -> _Json:
    fields = {"PermissionType": permission}
    return changed(("DescribeVpcEndpointServicePermissions", "AllowedPrincipals", fields))


WORKING: dict[str, Make] = {
    "instances": lambda: with_instances(healthy()),
    "an ALB": lambda: with_alb(healthy()),
    "blue and green": lambda: weighted(100, 0),
    "dualstack, IPv6 elsewhere": lambda: dualstack("ipv6"),
    "a TLS listener": tls_listener,
    "PROXY protocol": proxy_protocol,
    "two load balancers": lambda: with_another_balancer(healthy()),
    "another account's service": of_another_account,
    "secondary addresses": secondary_addresses,
    "only this agent admitted, not enforced": lambda: admitting(f"{AGENT}/32"),
    "port 8443": on_8443,
    "a zonal shift that is over": lambda: shifted("no_override"),
    # three more of the same kind
    "instances that may not be described": lambda: without("DescribeInstances", with_instances(healthy())),
    "nobody admitted, not enforced": admitting,
    "a TCP_QUIC listener": lambda: changed(("DescribeListeners", "Listeners", {"Protocol": "TCP_QUIC"})),
}


def without(operation: str, document: _Json) -> _Json:
    """The file lacks the call."""
    document["calls"] = [each for each in document["calls"] if each["operation"] != operation]
    return document


@pytest.mark.parametrize("make", WORKING.values(), ids=list(WORKING))
def test_an_unusual_account_that_works_predicts_nothing(make: Make) -> None:
    document = make()
    found = report(document, None, more=typed_nodes(document))
    assert faults(found) == set()
    assert {error for each in found.predictions for error in each.errors} == set()


BOTH = frozenset(NODES)
SECOND = frozenset(NODES[1:])
# The account, why connects fail and at which hosts, the faults, and the errors of connect.
BROKEN: dict[str, tuple[Make, Reason | None, frozenset[str], set[str], set[str]]] = {
    "instances in one zone": (
        lambda: with_instances(healthy(), "subnet-1", "subnet-1"), REFUSED, SECOND,
        {"every-zone-has-a-healthy-target", "every-node-accepts-tcp-443"}, MAYBE,
    ),
    "an ALB without a healthy target": (
        lambda: with_alb(healthy(), "unhealthy", "unhealthy"), REFUSED, BOTH,
        {"two-targets-are-healthy", "every-zone-has-a-healthy-target", *SHUT}, NOT_REACHABLE,
    ),
    "all weights 0": (
        lambda: weighted(0, 0), REFUSED, BOTH, {"listener-forwards-443", *SHUT}, NOT_REACHABLE,
    ),
    "a used group without targets": (
        lambda: weighted(1, 1), REFUSED, SECOND,
        {"two-targets-are-healthy", "proxy-protocol-is-off", "every-node-accepts-tcp-443"},
        MAYBE | {"maybe XKS_PROXY_INVALID_TLS_CONFIGURATION"},
    ),
    "dualstack, IPv4 elsewhere": (
        lambda: dualstack("ipv4"), REFUSED, BOTH,
        {"two-targets-are-healthy", "every-zone-has-a-healthy-target", "proxy-protocol-is-off", *SHUT},
        NOT_REACHABLE,
    ),
    "a QUIC listener": (
        lambda: changed(("DescribeListeners", "Listeners", {"Protocol": "QUIC"})), REFUSED, BOTH,
        {"listener-forwards-443", *SHUT}, NOT_REACHABLE,
    ),
    "one of two load balancers": (
        lambda: with_another_balancer(healthy(), state="failed"), REFUSED, SECOND,
        {"load-balancer-is-active", "every-node-accepts-tcp-443"}, MAYBE,
    ),
    "another account's service, not verified": (
        lambda: of_another_account("failed"), None, BOTH,
        {"domain-is-verified"}, {"XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"},
    ),
    "only this agent admitted, enforced": (
        lambda: admitting(f"{AGENT}/32", enforced="on"), None, BOTH,
        {"load-balancer-admits-privatelink-traffic"}, MAYBE,
    ),
    "nothing on port 8443": (
        lambda: on_8443("unhealthy"), REFUSED, BOTH,
        {"two-targets-are-healthy", "every-zone-has-a-healthy-target", *SHUT}, NOT_REACHABLE,
    ),
    "a zonal shift": (
        lambda: shifted("zonal_shift_active"), REFUSED, SECOND,
        {"every-zone-has-a-healthy-target", "every-node-accepts-tcp-443"}, MAYBE,
    ),
    "KMS only for transit gateways": (
        lambda: permitted("transit-gateway-attachment"), None, BOTH,
        {"kms-is-an-allowed-principal"}, {"XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"},
    ),
    # three more of the same kind
    "the agent is admitted, and nothing answers": (
        lambda: admitting(f"{AGENT}/32"), TIMED_OUT, BOTH, SHUT, NOT_REACHABLE,
    ),
    "nobody admitted, and the nodes refuse": (admitting, REFUSED, BOTH, SHUT, NOT_REACHABLE),
    "an ALB in one zone": (
        lambda: with_alb(healthy(), zones=("eu-west-1a",)), REFUSED, SECOND,
        {"every-zone-has-a-healthy-target", "every-node-accepts-tcp-443"}, MAYBE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "reason", "failing", "wrong", "errors"), BROKEN.values(), ids=list(BROKEN))
def test_an_unusual_account_that_is_broken_gives_exactly_its_errors(
    make: Make, reason: Reason | None, failing: frozenset[str], wrong: set[str], errors: set[str]
) -> None:
    document = make()
    found = report(document, reason, failing=failing, more=typed_nodes(document))
    assert faults(found) == wrong
    assert connect_errors(found) == errors


def test_an_agent_that_is_shut_out_where_kms_is_not_leaves_everything_unknown() -> None:
    found = report(admitting(), TIMED_OUT)
    assert faults(found) == set()
    assert outcomes(found, "some-node-accepts-tcp-443") == {Outcome.UNKNOWN}
    assert {error for each in found.predictions for error in each.errors} == set()


def test_the_accounts_are_what_their_names_say() -> None:
    """Otherwise the tests above would check nothing."""
    assert OWN in NLB
    assert BEHIND_ALB in str(WORKING["an ALB"]())
    assert faults(report(healthy(), None)) == set()
