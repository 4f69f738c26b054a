"""Denying one AWS call changes outcomes only to *unknown*, and the finding names the IAM action to allow."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from support.accounts.behind import with_instances
from support.accounts.collected import (
    GROUP,
    OWN,
    REGION,
    SERVICE_NAME,
    STORE_ID,
    answer,
    deny,
    healthy,
    seen_by_consumers,
    with_rules,
)
from support.accounts.discovered_targets import targets_for
from support.evidence import NOW_S, tcp, tls

from probe.aws.audit import audit
from probe.aws.calls import CALLS, action
from probe.aws.collected_answers import CollectedAnswers
from probe.aws.selection import spec_with_defaults
from probe.model.account import Account, EndpointService
from probe.model.evidence import Evidence
from probe.model.facts import DomainFacts, RecordSeen, RecordState, View
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import Outcome, Scope
from probe.requirements import CATALOGUE
from probe.requirements.declare import Finding

_Json = dict[str, Any]
# Requirements that judge measurements. Without addresses they have nothing to judge.
_MEASURED = (
    ".handshake", ".chain", ".names", ".dates", ".same_certificate", ".round_trip",
    ".health", ".health_conduct", ".credential",
)  # fmt: skip
OF_THE_ACCOUNT = [each for each in CATALOGUE if not each.judge.__module__.endswith(_MEASURED)]
METRICS = GROUP.replace("targetgroup/xks", "targetgroup/metrics")


def existing() -> _Json:
    """A healthy key store. Its targets are in one zone, and cross-zone load balancing is on."""
    document = with_rules(healthy())
    (own,) = answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"]
    consumer_view = seen_by_consumers(own, OWN)
    _add(
        document,
        "ec2",
        "DescribeVpcEndpointServices",
        {"ServiceNames": [SERVICE_NAME]},
        {"ServiceDetails": [consumer_view]},
    )
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    groups = {"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": [rule]}]}
    _add(document, "ec2", "DescribeSecurityGroups", {"GroupIds": ["sg-1"]}, groups)
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["SecurityGroups"] = ["sg-1"]
    for each in answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"]:
        each["Target"]["AvailabilityZone"] = "eu-west-1a"
    answer(document, "DescribeLoadBalancerAttributes")["Attributes"][0]["Value"] = "true"
    return document


def new() -> _Json:
    """A planned key store. Its endpoint service has no connections."""
    document = existing()
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"] = []
    answer(document, "DescribeVpcEndpointConnections")["VpcEndpointConnections"] = []
    return document


def in_use() -> _Json:
    """Like `new`, but another account has a connection to the endpoint service."""
    document = existing()
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"] = []
    return document


def consumed() -> _Json:
    """The service belongs to another account."""
    document = existing()
    answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"] = []
    answer(document, "DescribeVpcEndpointServices")["ServiceDetails"][0]["Owner"] = "444455556666"
    return document


def on_instances() -> _Json:
    """The targets are instances."""
    return with_instances(existing())


def two_listeners() -> _Json:
    """A second listener on another port. Its target group has many faults and one unhealthy target."""
    document = existing()
    (listener,) = answer(document, "DescribeListeners")["Listeners"]
    other = listener | {"ListenerArn": "arn:9100", "Port": 9100, "Protocol": "TLS"}
    other["DefaultActions"] = [{"Type": "forward", "TargetGroupArn": METRICS}]
    answer(document, "DescribeListeners")["Listeners"].append(other)
    (group,) = answer(document, "DescribeTargetGroups")["TargetGroups"]
    metrics = group | {
        "TargetGroupArn": METRICS,
        "TargetGroupName": "metrics",
        "Port": 9100,
        "Protocol": "TLS",
    }
    answer(document, "DescribeTargetGroups")["TargetGroups"].append(metrics)
    target = {"Target": {"Id": "172.16.0.1", "Port": 9100}, "TargetHealth": {"State": "unhealthy"}}
    parameters = {"TargetGroupArn": METRICS}
    _add(document, "elbv2", "DescribeTargetHealth", parameters, {"TargetHealthDescriptions": [target]})
    on = {"Attributes": [{"Key": "proxy_protocol_v2.enabled", "Value": "true"}]}
    _add(document, "elbv2", "DescribeTargetGroupAttributes", parameters, on)
    return document


def faulty() -> _Json:
    """An account with as many faults as possible: a denied call must not change any of them to *met*."""
    document = existing()
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"] *= 11
    (service,) = answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"]
    service |= {"ServiceState": "Failed", "AvailabilityZones": ["eu-west-1a"]}
    answer(document, "DescribeVpcEndpointServicePermissions")["AllowedPrincipals"] = [
        {"Principal": f"arn:aws:iam::{OWN}:root"}
    ]
    (balancer,) = answer(document, "DescribeLoadBalancers")["LoadBalancers"]
    balancer |= {"Scheme": "internet-facing", "AvailabilityZones": balancer["AvailabilityZones"][:1]}
    answer(document, "DescribeLoadBalancerAttributes")["Attributes"][0]["Value"] = "false"
    (first, _) = answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"]
    first["TargetHealth"]["State"] = "unhealthy"
    answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"] = [first]
    answer(document, "DescribeTargetGroupAttributes")["Attributes"][0]["Value"] = "true"
    answer(document, "DescribeSecurityGroups")["SecurityGroups"][0]["IpPermissions"] = []
    answer(document, "DescribeVpcAttribute")["EnableDnsSupport"]["Value"] = False
    route = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}
    answer(document, "DescribeRouteTables")["RouteTables"][0]["Routes"].append(route)
    for entry in answer(document, "DescribeNetworkAcls")["NetworkAcls"][0]["Entries"]:
        entry["RuleAction"] = "deny"
    return document


def _add(document: _Json, service: str, operation: str, parameters: _Json, given: _Json) -> None:
    call = {"service": service, "operation": operation, "parameters": parameters}
    document["calls"].append(call | {"answer": given})


ACCOUNTS: dict[str, Callable[[], _Json]] = {
    made.__name__: made for made in (existing, new, in_use, consumed, on_instances, two_listeners, faulty)
}
# Metrics have no requirement; `probe.verdicts.seen_by_kms` uses them.
OPERATIONS = sorted({operation for _, operation in CALLS} - {"GetMetricData"})
ACTIONS = {operation: action(service, operation) for service, operation in CALLS}


def looked_at(account: str, document: _Json) -> Evidence:
    store = STORE_ID if account in {"existing", "consumed", "on_instances", "two_listeners"} else ""
    service = None if store else SERVICE_NAME
    account = audit(
        CollectedAnswers(document),
        KeyStoreSpec(region=REGION, id=store, service_name=service),
        taken_at_s=NOW_S,
        timeout_s=100.0,
    )
    given = KeyStoreSpec(region=REGION, id=store, name=None if store else "bank", service_name=service)
    spec = spec_with_defaults(given, account)
    targets = targets_for(spec, account)
    measured = tuple(one for each in targets for one in (tcp(each), tls(each)))
    return Evidence(
        taken_at_s=NOW_S,
        targets=targets,
        latest=measured,
        recent=measured,
        spec=spec,
        account=account,
        domain=domain_of(account) if spec.host else None,
        scopes=frozenset(Scope),
    )


def domain_of(account: Account) -> DomainFacts:
    """Public DNS with the verification record that AWS expects."""
    service = account.service
    wanted = service.verification if isinstance(service, EndpointService) else None
    name = f"{wanted.name}.xks.example.com" if wanted and wanted.name else ""
    record = RecordSeen(name=name, view=View.PUBLIC, server="192.0.2.1", state=RecordState.PUBLISHED)
    return DomainFacts(
        private_dns_name="myproxy-private.xks.example.com",
        registrable="example.com",
        names=(name,) if name else (),
        expected_value=wanted.value if wanted else None,
        is_public=True,
        public_zone="example.com",
        seen=(record,),
    )


def findings(account: str, document: _Json) -> dict[str, tuple[Finding, ...]]:
    evidence = looked_at(account, document)
    return {each.id: tuple(each.judge(evidence)) for each in OF_THE_ACCOUNT}


@cache
def found_in(account: str, denied: str | None = None) -> dict[str, tuple[Finding, ...]]:
    document = ACCOUNTS[account]()
    return findings(account, deny(document, denied) if denied else document)


def outcomes(found: tuple[Finding, ...]) -> set[Outcome]:
    return {each.outcome for each in found}


def turned_unknown(account: str, operation: str) -> Iterator[tuple[str, Finding]]:
    allowed = found_in(account)
    for id_, found in found_in(account, operation).items():
        if Outcome.UNKNOWN not in outcomes(allowed[id_]):
            yield from ((id_, each) for each in found if each.outcome is Outcome.UNKNOWN)


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_denied_call_changes_outcomes_only_to_unknown(operation: str, account: str) -> None:
    allowed = found_in(account)
    for id_, found in found_in(account, operation).items():
        assert outcomes(found) - {Outcome.UNKNOWN} <= outcomes(allowed[id_]), (id_, found)


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_finding_that_becomes_unknown_names_the_iam_action_to_allow(operation: str, account: str) -> None:
    for id_, found in turned_unknown(account, operation):
        assert f"allow the IAM action {ACTIONS[operation]}" in found.because, (id_, found)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_call_is_needed_by_a_requirement(operation: str) -> None:
    assert any(found for account in ACCOUNTS for found in turned_unknown(account, operation))


def test_the_accounts_have_the_faults_that_their_names_promise() -> None:
    """Otherwise the tests above would check nothing."""
    for account in ("existing", "new", "two_listeners"):
        found = found_in(account)
        bad = [id_ for id_, each in found.items() if outcomes(each) & {Outcome.VIOLATED}]
        assert bad == [], account
    wrong = [id_ for id_, each in found_in("faulty").items() if Outcome.VIOLATED in outcomes(each)]
    assert len(wrong) > 12, wrong
