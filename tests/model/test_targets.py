"""Targets and their plans, and words that others rely on."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from probe.model.targets import Check, Method, PlannedCheck, Question, Role, Target

TCP = PlannedCheck(check=Check.TCP, interval_s=15.0, timeout_s=2.0)
TLS = PlannedCheck(check=Check.TLS, interval_s=60.0, timeout_s=5.0)
PROXY = Target(name="proxy", role=Role.PROXY, host="proxy.example.com", plans=(TCP, TLS))


@pytest.mark.parametrize(
    ("check", "plan"), [(Check.TCP, TCP), (Check.TLS, TLS), (Check.ICMP, None), (Check.HEALTH_COLD, None)]
)
def test_a_target_has_the_plan_of_each_check_or_none(check: Check, plan: PlannedCheck | None) -> None:
    assert PROXY.plan(check) == plan


def test_a_target_without_plans_is_not_checked_at_all() -> None:
    bare = Target(name="proxy", role=Role.PROXY, host="10.0.0.5")
    assert {bare.plan(check) for check in Check} == {None}


def test_nothing_is_assumed_of_a_target_but_the_port_of_https() -> None:
    bare = Target(name="proxy", role=Role.PROXY, host="10.0.0.5")
    assert (bare.port, bare.server_name, bare.question) == (443, None, None)
    assert (bare.zone, bare.region, bare.key_store) == ("", "", "")


def test_equal_targets_are_one_key_and_none_changes() -> None:
    again: Any = Target(name="proxy", role=Role.PROXY, host="proxy.example.com", plans=(TCP, TLS))
    assert len({PROXY, again}) == 1
    with pytest.raises(FrozenInstanceError):
        again.host = "10.0.0.5"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (Role, "proxy node backend key_manager region resolver"),
        (Check, "icmp tcp tls dns health_cold health_warm"),
        (Method, "icmp tcp"),
    ],
)
def test_words_in_labels_and_documents_are_never_renamed(values: Any, words: str) -> None:
    assert [str(value) for value in values] == words.split()


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"name": "other"}, True),
        ({"zone": "use1-az2"}, True),
        ({"region": "eu-west-1"}, True),
        ({"plans": (TCP,)}, True),
        ({"role": Role.NODE}, False),
        ({"host": "10.0.0.5"}, False),
        ({"port": 8443}, False),
        ({"server_name": "a.example.com"}, False),
        ({"question": Question(name="example.com")}, False),
        ({"key_store": "cks-2"}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_identity_is_what_is_asked_and_where_not_what_it_is_called(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    assert (replace(PROXY, **changes).identity == PROXY.identity) is is_same
