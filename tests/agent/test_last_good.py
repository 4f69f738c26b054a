"""What cannot be read keeps its last good value for 15 minutes, then it is unknown."""

from dataclasses import fields, replace

import pytest
from support.accounts.healthy import ACCOUNT, STORE

from probe.agent.last_good import KEPT_S, current, current_domain, over, unread
from probe.model.account import (
    Account,
    ApiErrorKind,
    EndpointConnection,
    EndpointService,
    LoadBalancer,
    Unavailable,
    Vpc,
    known,
)
from probe.model.facts import DomainFacts, RecordSeen, RecordState, View

NOW_S = 10_000.0
DENIED = Unavailable(call="ec2:DescribeVpcs", because="denied", cause=ApiErrorKind.ACCESS_DENIED)
GOOD = replace(
    ACCOUNT,
    taken_at_s=NOW_S - 300.0,
    key_stores=(STORE,),
    connections=(EndpointConnection(owner="111122223333", state="available"),),
)
PARTS = [each.name for each in fields(Account) if each.type and "Unavailable" in str(each.type)]


def nothing(at_s: float = NOW_S) -> Account:
    return unread(GOOD.region, at_s, "denied")


def balancer(account: Account) -> LoadBalancer:
    return known(account.load_balancers)[0]


def vpc(account: Account) -> Vpc:
    return known(account.vpcs)[0]


def test_the_tests_cover_every_part_of_an_account() -> None:
    assert {"id", "key_stores", "service", "load_balancers", "vpcs", "failed_calls"} <= set(PARTS)


def test_without_an_audit_there_is_no_account_and_a_complete_audit_is_used_as_it_is() -> None:
    assert current((), NOW_S) is None
    newest = replace(GOOD, taken_at_s=NOW_S)
    assert current((newest, GOOD), NOW_S) == newest


def test_if_nothing_can_be_read_everything_is_kept_with_its_age() -> None:
    kept = current((nothing(), GOOD), NOW_S)
    assert kept == GOOD


@pytest.mark.parametrize(
    ("age_s", "is_kept"),
    [(KEPT_S - 1, True), (KEPT_S, True), (KEPT_S + 1, False)],
    ids=["before", "at", "after"],
)
def test_a_part_is_kept_for_15_minutes(age_s: float, *, is_kept: bool) -> None:
    old = replace(GOOD, taken_at_s=NOW_S - age_s)
    account = current((nothing(), old), NOW_S)
    assert account is not None
    for name in PARTS:
        if name == "failed_calls":
            continue
        part = getattr(account, name)
        assert part == (getattr(GOOD, name) if is_kept else getattr(nothing(), name)), name


def test_if_no_audit_ends_any_more_everything_is_unknown() -> None:
    account = current((replace(GOOD, taken_at_s=NOW_S - KEPT_S - 1),), NOW_S)
    assert account is not None
    assert isinstance(account.key_stores, Unavailable)
    assert account.key_stores.because == "no audit has ended for 15 minutes"


def test_a_part_may_come_from_an_audit_before_the_last() -> None:
    older = replace(GOOD, taken_at_s=NOW_S - 600.0)
    partly = replace(GOOD, taken_at_s=NOW_S - 300.0, principals=DENIED)
    newest = replace(GOOD, taken_at_s=NOW_S, principals=DENIED, connections=DENIED)
    account = current((newest, partly, older), NOW_S)
    assert account is not None
    assert (account.principals, account.connections) == (GOOD.principals, GOOD.connections)
    assert account.taken_at_s == older.taken_at_s


def test_a_part_that_was_never_read_has_the_newest_reason() -> None:
    newest = replace(GOOD, taken_at_s=NOW_S, principals=DENIED)
    before = replace(GOOD, principals=replace(DENIED, because="throttled"))
    account = current((newest, before), NOW_S)
    assert account == newest


@pytest.mark.parametrize("name", ["attributes", "listeners", "nodes", "target_groups"])
def test_a_part_of_a_load_balancer_is_kept(name: str) -> None:
    broken = replace(balancer(GOOD), **{name: DENIED})
    new = replace(GOOD, taken_at_s=NOW_S, load_balancers=(broken, *known(GOOD.load_balancers)[1:]))
    assert over(new, GOOD) == GOOD


def test_the_targets_of_a_group_are_kept_and_a_removed_one_is_not() -> None:
    (group, *rest) = known(balancer(GOOD).target_groups)

    def with_group(**changes: object) -> Account:
        changed = replace(balancer(GOOD), target_groups=(replace(group, **changes), *rest))  # type: ignore[arg-type]
        return replace(GOOD, taken_at_s=NOW_S, load_balancers=(changed,))

    assert over(with_group(targets=DENIED), GOOD) == replace(GOOD, load_balancers=(balancer(GOOD),))
    fewer = known(group.targets)[:1]
    (found, *_) = known(balancer(over(with_group(targets=fewer), GOOD)).target_groups)
    assert found.targets == fewer


@pytest.mark.parametrize(
    "name", ["cidrs", "dns_support", "dns_hostnames", "subnets", "route_tables", "network_acls"]
)
def test_a_part_of_a_vpc_is_kept(name: str) -> None:
    broken = replace(vpc(GOOD), **{name: DENIED})
    assert over(replace(GOOD, taken_at_s=NOW_S, vpcs=(broken,)), GOOD).vpcs == GOOD.vpcs


@pytest.mark.parametrize("name", ["principals", "connections", "load_balancers", "vpcs", "security_groups"])
def test_parts_of_another_service_are_not_kept(name: str) -> None:
    assert isinstance(GOOD.service, EndpointService)
    other = replace(GOOD.service, name=GOOD.service.name + "1")
    new = replace(GOOD, taken_at_s=NOW_S, service=other, **{name: DENIED})
    assert getattr(over(new, GOOD), name) == DENIED


def test_a_consumers_view_does_not_replace_the_owners() -> None:
    """If the account's own services cannot be listed, AWS still shows the service, without load balancers."""
    assert isinstance(GOOD.service, EndpointService)
    seen = replace(GOOD.service, is_owner_view=False, load_balancer_arns=())
    new = replace(GOOD, taken_at_s=NOW_S, services=DENIED, service=seen, load_balancers=(), vpcs=())
    kept = over(new, GOOD)
    assert (kept.service, kept.load_balancers, kept.vpcs) == (GOOD.service, GOOD.load_balancers, GOOD.vpcs)


def test_a_key_store_that_cannot_be_read_does_not_remove_its_service() -> None:
    new = replace(GOOD, taken_at_s=NOW_S, key_stores=DENIED, service=None, load_balancers=())
    assert over(new, GOOD).load_balancers == GOOD.load_balancers


def test_a_service_that_aws_no_longer_has_is_not_kept() -> None:
    new = replace(GOOD, taken_at_s=NOW_S, service=None, load_balancers=(), principals=())
    assert over(new, GOOD) == new


ANSWERED = DomainFacts(
    private_dns_name="a.example.com",
    registrable="example.com",
    expected_value="v",
    is_public=True,
    seen=(RecordSeen(name="_x.example.com", view=View.PUBLIC, server="s", state=RecordState.PUBLISHED),),
    taken_at_s=NOW_S - KEPT_S,
)
SILENT = replace(ANSWERED, seen=(replace(ANSWERED.seen[0], state=RecordState.TIMED_OUT),), taken_at_s=NOW_S)


def test_a_record_that_no_name_server_answers_is_kept_for_15_minutes() -> None:
    assert current_domain(SILENT, ANSWERED, NOW_S) is ANSWERED
    assert current_domain(SILENT, ANSWERED, NOW_S + 1) is SILENT
    assert current_domain(SILENT, None, NOW_S) is SILENT


def test_a_record_that_is_answered_or_another_one_replaces_the_last() -> None:
    absent = replace(ANSWERED, seen=(replace(ANSWERED.seen[0], state=RecordState.ABSENT),), taken_at_s=NOW_S)
    assert current_domain(absent, ANSWERED, NOW_S) is absent
    for other in (replace(SILENT, expected_value="w"), replace(SILENT, private_dns_name="b.example.com")):
        assert current_domain(other, ANSWERED, NOW_S) is other
    unknown = replace(ANSWERED, is_public=None, seen=(), taken_at_s=NOW_S)
    assert current_domain(unknown, ANSWERED, NOW_S) is ANSWERED
