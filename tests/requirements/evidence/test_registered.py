"""Registered targets: health, administrative overrides, and the targets of a load balancer among them."""

from dataclasses import replace

import pytest
from support.accounts.healthy import BALANCER, DENIED, GROUP

from probe.model.account import LoadBalancer, RegisteredTarget, TargetGroup, known
from probe.model.verdicts import Outcome
from probe.requirements.declare import Finding, met, violated
from probe.requirements.evidence.registered import (
    behind_load_balancer,
    is_out,
    placed,
    state_of,
    unhealthy,
)


def target(state: str = "healthy", override: str = "", id_: str = "10.0.1.50") -> RegisteredTarget:
    return RegisteredTarget(id=id_, port=443, state=state, override=override)


def alb(
    *groups: TargetGroup, state: str = "healthy", balancer: LoadBalancer | None = None
) -> RegisteredTarget:
    balancer = balancer or replace(BALANCER, name="app/front", target_groups=groups)
    return replace(target(state, id_="arn:alb"), balancer=balancer)


def group(*states: str) -> TargetGroup:
    return replace(GROUP, targets=tuple(target(each, id_=f"10.0.1.{n}") for n, each in enumerate(states)))


def two(targets: tuple[RegisteredTarget, ...]) -> Finding:
    return met("two") if len(targets) == 2 else violated("not two")


@pytest.mark.parametrize(
    ("override", "out", "state"),
    [
        ("", False, "healthy"),
        ("no_override", False, "healthy"),
        ("zonal_shift_active", True, "zonal_shift_active"),
        ("zonal_shift_delegated_to_dns", True, ""),
        ("unknown", True, ""),
    ],
)
def test_an_override_may_keep_connections_away_from_a_healthy_target(
    override: str, out: bool, state: str
) -> None:
    assert is_out(target(override=override)) is out
    assert state_of(target(override=override)) == state


def test_an_unhealthy_target_stays_unhealthy_whatever_its_override() -> None:
    shifted = target("unhealthy", "zonal_shift_active")
    assert (is_out(shifted), state_of(shifted)) == (False, "unhealthy")


def test_the_targets_that_are_not_healthy_are_listed() -> None:
    assert unhealthy((target(),)) == ""
    found = unhealthy((target(), target("unhealthy"), target(override="zonal_shift_active")))
    assert found == ' ("10.0.1.50 unhealthy", "10.0.1.50 zonal_shift_active")'


@pytest.mark.parametrize(
    ("registered", "outcome"),
    [
        ((alb(group("healthy", "healthy")),), Outcome.MET),
        ((alb(group("healthy")),), Outcome.VIOLATED),
        ((alb(group("healthy", "healthy"), group("healthy")),), Outcome.UNKNOWN),
        ((alb(),), Outcome.UNKNOWN),
        ((), Outcome.VIOLATED),
        ((target("draining"),), Outcome.VIOLATED),
        ((target(),), Outcome.UNKNOWN),
        ((replace(target(), unread=DENIED),), Outcome.UNKNOWN),
        ((alb(replace(GROUP, targets=DENIED)),), Outcome.UNKNOWN),
        ((alb(balancer=replace(BALANCER, target_groups=DENIED)),), Outcome.UNKNOWN),
    ],
)
def test_the_own_targets_of_a_load_balancer_are_judged(
    registered: tuple[RegisteredTarget, ...], outcome: Outcome
) -> None:
    found = behind_load_balancer(registered, two)
    assert found.outcome is outcome
    assert found.because


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([("healthy",)], "not two"),
        ([("healthy",), ("healthy",)], "not two"),
        ([("healthy", "healthy"), ("healthy",)], "two; not two; which"),
    ],
)
def test_the_finding_names_the_load_balancer_and_each_reason_once(
    states: list[tuple[str, ...]], words: str
) -> None:
    found = behind_load_balancer((alb(*(group(*each) for each in states)),), two)
    assert found.because.startswith(f'behind "app/front": {words}')


def zones_and_states(registered: RegisteredTarget) -> list[tuple[str | None, str]]:
    found = placed(replace(GROUP, target_type="alb", targets=(registered,)))
    return [(each.zone, each.state) for each in known(found.targets)]


@pytest.mark.parametrize(
    ("registered", "state"),
    [
        (alb(group("healthy", "unhealthy")), "healthy"),
        (alb(group("unhealthy")), "unhealthy"),
        (alb(group("healthy"), group("unhealthy")), ""),
        (alb(group("healthy"), state="initial"), "initial"),
        (alb(replace(GROUP, targets=DENIED)), ""),
    ],
)
def test_a_load_balancer_is_in_each_of_its_zones(registered: RegisteredTarget, state: str) -> None:
    assert zones_and_states(registered) == [("eu-west-1a", state), ("eu-west-1b", state)]


def test_a_load_balancer_that_was_not_read_is_in_no_known_zone() -> None:
    assert zones_and_states(replace(target(), zone="all")) == [(None, "healthy")]
    without_zones: LoadBalancer = replace(BALANCER, zones=(), target_groups=(group("healthy"),))
    assert zones_and_states(alb(balancer=without_zones)) == [(None, "healthy")]


def test_other_target_groups_stay_as_they_are() -> None:
    assert placed(GROUP) is GROUP
    denied = replace(GROUP, target_type="alb", targets=DENIED)
    assert placed(denied) is denied
