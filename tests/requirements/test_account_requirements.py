"""Each requirement about the account: one change to a healthy account, and the expected outcome."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.changes import (
    IN_ONE_ZONE,
    KMS,
    PUBLIC,
    connected,
    consumer,
    principals,
    routed,
    seen_as_consumer,
    target,
    without_account_id,
)
from support.accounts.healthy import (
    ACCOUNT,
    BALANCER,
    DENIED,
    GROUP,
    LISTENER,
    OTHER,
    OWN,
    SERVICE_ID,
    STORE,
    VPC,
    admitting,
    looked_at,
    proposed,
    the_one,
    with_account,
    with_balancer,
    with_group,
    with_service,
    with_vpc,
)
from support.accounts.healthy import SPEC as P
from support.accounts.requirement_cases import (
    CASES,
    MET,
    NOT_APPLICABLE,
    UNKNOWN,
    VIOLATED,
)
from support.reports import findings_text

from probe.model.account import (
    EndpointConnection,
    Route,
    SecurityGroup,
    SecurityRule,
    TargetGroup,
    known,
)
from probe.model.evidence import Evidence
from probe.model.store import PUBLIC_CONNECTIVITY
from probe.model.verdicts import Likelihood, Outcome, Scope
from probe.requirements import CATALOGUE, Rule

BY_ID = {declared.id: declared for declared in CATALOGUE}
OF_THE_ACCOUNT = [
    declared
    for declared in CATALOGUE
    if declared.published.scope is Scope.ACCOUNT
    and not declared.judge.__module__.endswith((".health", ".health_conduct", ".credential", ".domain"))
]

GROUP_IN_ONE_ZONE = replace(GROUP, targets=IN_ONE_ZONE)
WITHOUT_ZONE_IDS = tuple(replace(each, zone_id="") for each in known(VPC.subnets))
WITHOUT_LAST_PORT, WITHOUT_FIRST_PORT = (
    SecurityGroup(id="sg-1", inbound=(SecurityRule(protocol="tcp", cidrs=("0.0.0.0/0",), **port),))
    for port in ({"from_port": 443}, {"to_port": 443})
)


@pytest.mark.parametrize(("id_", "outcome", "evidence"), CASES)
def test_each_example_has_its_expected_outcome(id_: str, outcome: Outcome, evidence: Evidence) -> None:
    found = the_one(BY_ID[id_], evidence)
    assert found.outcome is outcome, found.because
    assert found.subject
    assert found.because


@pytest.mark.parametrize("declared", OF_THE_ACCOUNT, ids=lambda each: each.id)
def test_a_healthy_account_violates_nothing_and_leaves_nothing_unknown(declared: Rule) -> None:
    found = the_one(declared, looked_at())
    assert found.outcome in (MET, NOT_APPLICABLE), found.because


@pytest.mark.parametrize("declared", OF_THE_ACCOUNT, ids=lambda each: each.id)
def test_without_an_account_only_requirements_on_given_settings_are_met(declared: Rule) -> None:
    found = the_one(declared, looked_at(None))
    given = declared.id.endswith("well-formed") or declared.id in {
        "region-supports-external-key-stores",
        "endpoint-service-is-in-the-store-region",
    }
    assert found.outcome is (MET if given else UNKNOWN)


@pytest.mark.parametrize(
    ("groups", "outcome"),
    [
        ((admitting("0.0.0.0/0"),), MET),
        ((admitting("0.0.0.0/0", protocol="-1", port=0),), MET),
        ((admitting("0.0.0.0/0", protocol="all", port=0),), MET),
        ((WITHOUT_LAST_PORT,), VIOLATED),
        ((WITHOUT_FIRST_PORT,), VIOLATED),
        ((admitting("0.0.0.0/0", port=442),), VIOLATED),
        ((admitting("0.0.0.0/0", protocol="udp"),), VIOLATED),
        ((admitting("10.0.0.0/8"),), VIOLATED),
        ((admitting(),), VIOLATED),
        ((admitting(others=("sg-2",)),), VIOLATED),
        ((admitting(others=("pl-1",)),), UNKNOWN),
        ((admitting("10.0.0.0/8", others=("pl-1",)),), UNKNOWN),
        ((admitting("0.0.0.0/0", others=("pl-1",)),), MET),
        ((), UNKNOWN),
        (DENIED, UNKNOWN),
    ],
)
def test_security_groups_enforced_on_privatelink_must_allow_everyone(groups: Any, outcome: Outcome) -> None:
    account = replace(
        ACCOUNT, load_balancers=(replace(BALANCER, enforces_inbound_rules=True),), security_groups=groups
    )
    declared = BY_ID["load-balancer-admits-privatelink-traffic"]
    assert the_one(declared, looked_at(account)).outcome is outcome


UNCERTAIN = replace(GROUP, attributes=DENIED)  # whether it gets connections from nodes in other zones
UNHEALTHY = replace(UNCERTAIN, arn="arn:tg2", targets=(target("unhealthy", "eu-west-1a"),))


def forwarding_to(*groups: TargetGroup) -> Evidence:
    """The listener on port 443 forwards to all of these target groups."""
    arns = tuple(group.arn for group in groups)
    return with_balancer(listeners=(replace(LISTENER, target_group_arns=arns),), target_groups=groups)


@pytest.mark.parametrize(
    ("id_", "evidence"),
    [
        ("kms-is-an-allowed-principal", with_account(principals=DENIED)),
        ("endpoint-service-is-unused", with_account(service=DENIED)),
        (
            "endpoint-service-exists",
            looked_at(replace(ACCOUNT, service=None, id=DENIED), replace(P, service_owner=OTHER)),
        ),
        ("every-zone-has-a-healthy-target", with_balancer(target_groups=DENIED)),
        ("every-zone-has-a-healthy-target", with_balancer(listeners=DENIED)),
        ("every-zone-has-a-healthy-target", forwarding_to(replace(UNCERTAIN, targets=IN_ONE_ZONE))),
        (
            "every-zone-has-a-healthy-target",
            forwarding_to(replace(UNCERTAIN, targets=IN_ONE_ZONE), UNHEALTHY),
        ),
        (
            "every-zone-has-a-healthy-target",
            forwarding_to(UNHEALTHY, replace(UNCERTAIN, targets=IN_ONE_ZONE)),
        ),
    ],
)
def test_a_denied_call_is_reported_with_the_iam_action_to_allow(id_: str, evidence: Evidence) -> None:
    found = the_one(BY_ID[id_], evidence)
    assert (found.outcome, "allow ec2:DescribeX" in found.because) == (UNKNOWN, True), found.because


def test_a_target_without_a_health_result_is_not_blamed_on_a_denied_call() -> None:
    waiting = replace(UNCERTAIN, targets=(target("initial", "eu-west-1a"),))
    found = the_one(BY_ID["every-zone-has-a-healthy-target"], forwarding_to(waiting))
    assert (found.outcome, "ec2:DescribeX" in found.because) == (UNKNOWN, False), found.because


def test_the_account_id_is_not_needed_if_no_owner_is_declared() -> None:
    missing = with_account(service=None, id=DENIED)
    assert the_one(BY_ID["endpoint-service-exists"], missing).outcome is VIOLATED


@pytest.mark.parametrize(
    ("id_", "outcome", "evidence"),
    [
        ("endpoint-service-offers-every-load-balancer-zone", UNKNOWN, with_service(zones=())),
        ("endpoint-service-offers-every-load-balancer-zone", UNKNOWN, with_balancer(zones=())),
        ("load-balancer-is-active", UNKNOWN, with_account(load_balancers=())),
        ("service-owner-is-declared", NOT_APPLICABLE, with_service(owner=None)),
        ("service-owner-is-declared", UNKNOWN, consumer(owner=None)),
        (
            "every-zone-has-a-healthy-target",
            VIOLATED,
            with_balancer(attributes={}, target_groups=(GROUP_IN_ONE_ZONE,)),
        ),
        ("subnets-are-private", MET, with_vpc(subnets=WITHOUT_ZONE_IDS)),
    ],
)
def test_a_value_missing_in_the_response_of_aws_has_a_default_or_makes_the_outcome_unknown(
    id_: str, outcome: Outcome, evidence: Evidence
) -> None:
    found = the_one(BY_ID[id_], evidence)
    assert (found.outcome, found.subject != "") == (outcome, True), found.because


def test_a_service_name_without_a_region_is_unknown() -> None:
    for name in ("vpce-svc-1", "com.amazonaws.vpce.vpce-svc-1"):
        found = the_one(BY_ID["endpoint-service-is-in-the-store-region"], proposed(service_name=name))
        assert (found.outcome, "no Region" in found.because) == (UNKNOWN, True), found.because


def test_a_denied_call_for_our_services_does_not_matter_for_the_service_of_another_account() -> None:
    visible = seen_as_consumer(owner=OTHER)
    assert the_one(BY_ID["endpoint-service-exists"], visible).outcome is MET
    assert f"account {OTHER}" in the_one(BY_ID["kms-is-an-allowed-principal"], visible).because


ROOT, ROLE = f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OWN}:role/xks"


@pytest.mark.parametrize(
    ("evidence", "outcome"),
    [
        (principals(KMS.principal, ROOT, ROLE), MET),
        (without_account_id(KMS.principal, ROOT, ROLE), UNKNOWN),
        (replace(principals(KMS.principal, ROOT), spec=replace(P, store_account=OWN)), MET),
        (replace(principals(KMS.principal, ROOT), spec=replace(P, store_account=OTHER)), VIOLATED),
        (replace(without_account_id(KMS.principal, ROOT), spec=replace(P, store_account=OTHER)), VIOLATED),
    ],
    ids=[
        "our own account",
        "perhaps our own account",
        "the store's account",
        "not the store's",
        "our id denied",
    ],
)
def test_only_principals_of_the_key_stores_account_are_needed_besides_kms(
    evidence: Evidence, outcome: Outcome
) -> None:
    assert the_one(BY_ID["allowed-principals-are-minimal"], evidence).outcome is outcome


def test_the_address_type_of_a_target_group_that_is_not_ipv4_is_reported() -> None:
    found = the_one(BY_ID["target-group-is-ip-tcp-443"], with_group(address_type="ipv6"))
    assert (found.outcome, '"ipv6"' in found.because) == (VIOLATED, True), found.because


@pytest.mark.parametrize(
    ("via", "outcome"),
    [
        ("vgw-1", VIOLATED),
        ("tgw-1", VIOLATED),
        ("pcx-1", VIOLATED),
        ("local", NOT_APPLICABLE),
        ("eni-1", NOT_APPLICABLE),
    ],
)
def test_a_route_to_a_part_of_the_vpcs_range_must_not_lead_out_of_the_vpc(via: str, outcome: Outcome) -> None:
    evidence = routed(Route(destination="10.0.9.0/24", via=via))
    assert the_one(BY_ID["vpc-does-not-overlap-the-data-centre"], evidence).outcome is outcome


def test_a_range_of_the_data_centre_may_be_given_by_any_address_in_it() -> None:
    for given, outcome in (("10.0.255.7/24", VIOLATED), ("192.168.255.7/24", MET)):
        evidence = proposed(data_centre=(given,))
        assert the_one(BY_ID["vpc-does-not-overlap-the-data-centre"], evidence).outcome is outcome


def test_a_denied_call_for_our_own_service_is_reported_with_the_iam_action_to_allow() -> None:
    for id_ in (
        "kms-is-an-allowed-principal",
        "load-balancer-is-active",
        "endpoint-service-offers-every-load-balancer-zone",
        "endpoint-service-is-unused",
    ):
        found = the_one(BY_ID[id_], seen_as_consumer())
        assert (found.outcome, "allow ec2:DescribeX" in found.because) == (UNKNOWN, True), found.because


def test_a_connection_of_another_account_suggests_that_the_service_is_in_use() -> None:
    found = the_one(BY_ID["endpoint-service-is-unused"], connected(OTHER))
    assert OTHER in found.because
    assert {(each.error, each.likelihood) for each in found.kms_errors or ()} == {
        ("XksProxyVpcEndpointServiceInUseException", Likelihood.POSSIBLE)
    }


def test_the_connection_to_the_service_of_an_existing_store_is_its_own() -> None:
    account = replace(
        ACCOUNT, key_stores=(STORE,), connections=(EndpointConnection(owner=OTHER, state="available"),)
    )
    found = the_one(BY_ID["endpoint-service-is-unused"], looked_at(account, replace(P, id=STORE.id)))
    assert found.outcome is MET


@pytest.mark.parametrize(
    ("id_", "changes"),
    [
        ("proxy-endpoint-is-well-formed", {"uri_endpoint": None}),
        ("proxy-path-is-well-formed", {"uri_path": None}),
        ("endpoint-service-name-is-well-formed", {"service_name": None}),
        ("endpoint-service-exists", {"service_name": None}),
        ("acceptance-is-not-required", {"service_name": None}),
        ("load-balancer-is-active", {"service_name": None}),
    ],
)
def test_a_missing_setting_names_the_denied_call_that_would_return_it(
    id_: str, changes: dict[str, None]
) -> None:
    account = replace(ACCOUNT, key_stores=DENIED, service=None, load_balancers=())
    found = the_one(BY_ID[id_], looked_at(account, replace(P, id=STORE.id, **changes)))
    assert (found.outcome, "allow ec2:DescribeX" in found.because) == (UNKNOWN, True), found.because


def test_a_service_of_another_account_names_its_owner() -> None:
    found = the_one(BY_ID["kms-is-an-allowed-principal"], consumer())
    assert OTHER in found.because


def test_two_public_stores_may_share_an_endpoint_but_not_a_path() -> None:
    declared = BY_ID["proxy-address-is-unused"]
    for path, outcome in (("/b/kms/xks/v1", MET), (P.uri_path, VIOLATED)):
        other = replace(STORE, id="cks-2", connectivity=PUBLIC_CONNECTIVITY, uri_path=path)
        assert the_one(declared, looked_at(replace(ACCOUNT, key_stores=(other,)), PUBLIC)).outcome is outcome


def test_every_declared_outcome_has_an_example() -> None:
    reached: dict[str, set[Outcome]] = {}
    for id_, outcome, _ in CASES:
        reached.setdefault(id_, set()).add(outcome)
    for declared in OF_THE_ACCOUNT:
        if declared.id in reached:  # test_key_store_form.py has examples for the format of the settings
            assert reached[declared.id] == set(declared.published.outcomes)


def test_the_text_of_each_example_is_the_reviewed_one() -> None:
    findings_text.check("account", CASES)


RESOLVES = "vpc-resolves-dns-names"


@pytest.mark.parametrize(
    ("evidence", "because"),
    [
        (with_account(vpcs=()), "no VPC was found"),
        (with_account(vpcs=DENIED), "ec2:DescribeX"),
        (with_account(load_balancers=DENIED), "ec2:DescribeX"),
        (looked_at(None), "account"),
    ],
    ids=["no VPC", "VPCs denied", "load balancers denied", "no account"],
)
def test_an_unknown_vpc_is_reported_under_the_endpoint_service(evidence: Evidence, because: str) -> None:
    found = the_one(BY_ID[RESOLVES], evidence)
    assert (found.outcome, found.subject) == (UNKNOWN, SERVICE_ID)
    assert because in found.because
    assert found.values["REGION"] == P.region


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        (f"com.amazonaws.vpce.eu-west-1.{'x' * 65}", "x" * 64),
        ("vpce-svc-1", "vpce-svc-1"),
        (None, "endpoint service"),
    ],
    ids=["the last part, at most 64 characters", "an id", "none"],
)
def test_a_service_that_is_not_visible_is_named_after_the_given_name(name: str | None, subject: str) -> None:
    account = replace(ACCOUNT, service=None)
    for evidence in (
        looked_at(account, replace(P, service_name=name)),
        looked_at(None, replace(P, service_name=name)),
    ):
        assert the_one(BY_ID["acceptance-is-not-required"], evidence).subject == subject


@pytest.mark.parametrize(
    ("id_", "changes", "option"),
    [
        ("acceptance-is-not-required", {"service_name": None}, "--endpoint-service"),
        ("proxy-endpoint-is-well-formed", {"uri_endpoint": None}, "--uri-endpoint"),
        ("proxy-path-is-well-formed", {"uri_path": None}, "--uri-path"),
    ],
)
def test_a_value_that_is_not_given_is_reported_with_its_option(
    id_: str, changes: dict[str, None], option: str
) -> None:
    found = the_one(BY_ID[id_], looked_at(replace(ACCOUNT, service=None), replace(P, **changes)))
    assert found.outcome is UNKNOWN
    assert found.because.endswith(f"set {option}")


@pytest.mark.parametrize(
    ("requirement", "account", "outcome"),
    [
        ("key-store-quota-has-room", {"key_stores": (STORE,) * 9}, MET),
        ("key-store-quota-has-room", {"key_stores": (STORE,) * 10}, VIOLATED),
        ("key-store-is-connected", {}, NOT_APPLICABLE),
        ("credential-is-the-one-kms-holds", {}, NOT_APPLICABLE),
        ("credential-is-well-formed", {}, UNKNOWN),
    ],
)
def test_a_key_store_with_a_label_instead_of_an_id_is_judged_as_one_that_does_not_exist_yet(
    requirement: str, account: dict[str, Any], outcome: Outcome
) -> None:
    evidence = looked_at(replace(ACCOUNT, **account), replace(P, id="production"))
    assert the_one(BY_ID[requirement], evidence).outcome is outcome
