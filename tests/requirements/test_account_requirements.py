"""Each requirement about the account: one change to a healthy account, and the expected outcome."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.changes import PUBLIC, connected, consumer, seen_as_consumer
from support.accounts.healthy import (
    ACCOUNT,
    BALANCER,
    DENIED,
    OTHER,
    SERVICE_ID,
    STORE,
    admitting,
    looked_at,
    the_one,
    with_account,
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


def test_a_denied_call_is_reported_with_the_iam_action_to_allow() -> None:
    found = the_one(BY_ID["kms-is-an-allowed-principal"], with_account(principals=DENIED))
    assert "ec2:DescribeX" in found.because


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
