"""Each check and each role has a complete row in its table."""

import pytest

from probe.model.kinds import CHECKS, GRAVEST_FIRST, ON_PAGE, ON_PATH, PLANNED, ROLES
from probe.model.measurements import Phase
from probe.model.targets import Check, Role


@pytest.mark.parametrize("check", Check)
def test_each_check_has_a_row_in_checks(check: Check) -> None:
    kind = CHECKS[check]
    assert 0 < kind.timeout_s <= kind.interval_s or check is Check.ICMP  # pings may overlap
    assert kind.least_interval_s <= kind.interval_s
    assert len(set(kind.phases)) == len(kind.phases)
    assert (kind.method is None) == (kind.round_trip is None)
    if kind.comes_with is not None:
        assert kind.key == CHECKS[kind.comes_with].key


@pytest.mark.parametrize("role", Role)
def test_each_role_has_a_row_in_roles(role: Role) -> None:
    kind = ROLES[role]
    assert kind.checks
    assert set(kind.checks) <= set(kind.possible) <= set(PLANNED)
    if kind.needs_round_trip:
        assert Check.TCP in kind.checks


def test_keys_gravities_sections_and_titles_are_unique() -> None:
    assert len({CHECKS[check].key for check in PLANNED}) == len(PLANNED)
    assert len({kind.gravity for kind in CHECKS.values()}) == len(CHECKS) == len(GRAVEST_FIRST)
    assert len({kind.section for kind in ROLES.values()}) == len(ROLES)
    assert len({kind.title for kind in ROLES.values()}) == len(ROLES)


def test_every_phase_belongs_to_a_check() -> None:
    assert {phase for kind in CHECKS.values() for phase in kind.phases} == set(Phase)


def test_the_lists_of_roles_and_checks_are_in_the_documented_order() -> None:
    assert ON_PATH == (Role.PROXY, Role.NODE, Role.BACKEND)
    assert set(ON_PATH) < set(ON_PAGE)
    assert PLANNED == (Check.ICMP, Check.TCP, Check.TLS, Check.DNS, Check.HEALTH_COLD)
