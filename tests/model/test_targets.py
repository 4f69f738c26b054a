"""Targets, their planned checks and identities, and the enum values used in labels and documents."""

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
def test_plan_returns_the_plan_of_a_check_or_none(check: Check, plan: PlannedCheck | None) -> None:
    assert PROXY.plan(check) == plan


def test_a_target_without_plans_has_no_check() -> None:
    bare = Target(name="proxy", role=Role.PROXY, host="10.0.0.5")
    assert {bare.plan(check) for check in Check} == {None}


def test_only_the_port_has_a_default_and_it_is_443() -> None:
    bare = Target(name="proxy", role=Role.PROXY, host="10.0.0.5")
    assert (bare.port, bare.server_name, bare.question) == (443, None, None)
    assert (bare.zone, bare.region, bare.key_store) == ("", "", "")


def test_equal_targets_have_equal_hashes_and_targets_are_immutable() -> None:
    again: Any = Target(name="proxy", role=Role.PROXY, host="proxy.example.com", plans=(TCP, TLS))
    assert len({PROXY, again}) == 1
    with pytest.raises(FrozenInstanceError):
        again.host = "10.0.0.5"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (Role, "proxy node backend key_manager region resolver"),
        (Check, "icmp tcp tls dns health_cold health_warm"),
        (Method, "icmp tcp"),
    ],
)
def test_enum_values_used_in_labels_and_documents_are_stable(values: Any, expected: str) -> None:
    assert [str(value) for value in values] == expected.split()


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
def test_the_identity_does_not_depend_on_name_zone_region_and_plans(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    assert (replace(PROXY, **changes).identity == PROXY.identity) is is_same
