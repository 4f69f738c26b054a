"""Which measurements count, are answered, or are outdated."""

from dataclasses import replace

import pytest
from support.reports.exporter_inputs import NOW_S, SILENT, asked, health, target, tcp

from exporters.checks import ROUND_TRIPS, counts, current, is_answered, is_of_health, plans_of, total_s
from probe.model.measurements import Measurement, Phase
from probe.model.targets import Check, Method


def test_a_follow_up_check_has_the_plan_of_its_main_check() -> None:
    plans = plans_of(asked())
    assert list(plans) == [Check.ICMP, Check.TCP, Check.TLS, Check.HEALTH_COLD, Check.HEALTH_WARM]
    assert plans[Check.HEALTH_WARM] is plans[Check.HEALTH_COLD]
    assert Check.HEALTH_WARM not in plans_of(target())


def test_the_round_trips_that_matter_most_to_kms_come_first() -> None:
    assert list(ROUND_TRIPS.items()) == [(Method.TCP, Check.TCP), (Method.ICMP, Check.ICMP)]


@pytest.mark.parametrize(
    ("measured", "of_health", "counted", "answered"),
    [
        (tcp(target()), False, True, False),
        (health(asked()), True, True, True),
        (health(asked(), 401), True, True, True),
        (health(asked(), None, failure=SILENT), True, True, False),
        (health(asked(), 200, failure=SILENT), True, True, False),
        (health(asked(), None, withheld="no credential"), True, False, False),
        (health(asked(), purpose="unsigned"), False, False, False),
    ],
    ids=["a connect", "200", "401", "silence", "cut short", "withheld", "unsigned"],
)
def test_measurements_are_classified_by_purpose_and_answer(
    measured: Measurement, of_health: bool, counted: bool, answered: bool
) -> None:
    assert (is_of_health(measured), counts(measured), is_answered(measured)) == (of_health, counted, answered)


def test_the_total_excludes_name_resolution() -> None:
    assert total_s(health(asked())) == pytest.approx(0.055)
    assert total_s(health(asked(), check=Check.HEALTH_WARM)) == pytest.approx(0.031)
    resolved = health(asked())
    with_name = replace(resolved, phases_s={**resolved.phases_s, Phase.RESOLVE: 1.0})
    assert total_s(with_name) == pytest.approx(0.055)


def test_there_is_no_total_without_a_response_or_with_a_discarded_phase() -> None:
    assert total_s(health(asked(), None, failure=SILENT)) is None
    discarded = replace(
        health(asked()), phases_s={Phase.HANDSHAKE: 0.02, Phase.WAIT: 0.03, Phase.RECEIVE: 0.001}
    )
    assert total_s(discarded) is None


@pytest.mark.parametrize(("warm_at_s", "kept"), [(NOW_S, True), (NOW_S - 1, False)])
def test_a_warm_exchange_older_than_the_latest_cold_one_is_outdated(warm_at_s: float, kept: bool) -> None:
    newest = {Check.HEALTH_COLD: NOW_S, Check.HEALTH_WARM: warm_at_s, Check.TCP: NOW_S - 60}
    assert (Check.HEALTH_WARM in current(newest, float)) is kept
    assert Check.TCP in current(newest, float)
