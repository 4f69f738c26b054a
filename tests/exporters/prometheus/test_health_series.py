"""Health requests as counters, a histogram and gauges."""

import pytest
from support.reports.exporter_inputs import NOW_S, SILENT, asked, health

from exporters.prometheus.health_series import CODES, OTHER, HealthSeries
from probe.model.measurements import KeyManagerStatus
from probe.model.targets import Check, Mode

CHECKS = (Check.TCP, Check.HEALTH_COLD, Check.HEALTH_WARM)


def series() -> HealthSeries:
    made = HealthSeries()
    made.become(CHECKS)
    return made


def test_every_status_code_is_initialised_to_zero_per_mode() -> None:
    assert set(series().answers) == {(mode, code) for mode in Mode for code in (*map(str, CODES), OTHER)}
    assert not any(series().answers.values())
    assert not series().durations
    assert series().managers == {}


@pytest.mark.parametrize(
    ("status", "code"), [(200, "200"), (401, "401"), (504, "504"), (302, OTHER), (999, OTHER)]
)
def test_a_response_is_counted_by_its_status_or_as_other(status: int, code: str) -> None:
    made = series()
    made.measured(health(asked(), status))
    assert [key for key, n in made.answers.items() if n] == [(Mode.COLD, code)]


def test_a_request_without_a_complete_response_is_not_counted() -> None:
    made = series()
    made.measured(health(asked(), None, failure=SILENT))
    made.measured(health(asked(), 200, failure=SILENT))
    assert not any(made.answers.values())
    assert not made.durations


def test_cold_and_warm_have_a_histogram_each() -> None:
    made = series()
    made.measured(health(asked(), wait_s=0.225))  # 0.25 s in total
    made.measured(health(asked(), check=Check.HEALTH_WARM))
    within = dict(made.durations[Mode.COLD].cumulative())
    assert (within[0.2], within[0.25]) == (0, 1)
    assert made.durations[Mode.WARM].sum_s == pytest.approx(0.031)


def test_key_managers_come_from_the_last_response_that_listed_any() -> None:
    made = series()
    made.measured(health(asked(), at_s=NOW_S))
    made.measured(health(asked(), 503, NOW_S + 60))
    made.measured(health(asked(), at_s=NOW_S - 60, managers=(("old", KeyManagerStatus.UNAVAILABLE),)))
    assert made.managers == {
        KeyManagerStatus.ACTIVE: 1,
        KeyManagerStatus.DEGRADED: 1,
        KeyManagerStatus.UNAVAILABLE: 0,
    }


def test_the_clock_offset_comes_from_the_last_response_with_a_date() -> None:
    made = series()
    made.measured(health(asked(), 401, NOW_S, clock_offset_s=-400.0))
    made.measured(health(asked(), 401, NOW_S + 1))
    assert made.clock_offset_s == -400.0


def test_health_series_are_kept_only_while_the_target_has_the_health_check() -> None:
    made = series()
    made.measured(health(asked(), clock_offset_s=1.0))
    made.become(CHECKS)
    assert (made.answers[Mode.COLD, "200"], made.clock_offset_s) == (1, 1.0)
    made.become((Check.TCP,))
    assert (made.answers, made.durations, made.managers, made.clock_offset_s) == ({}, {}, {}, None)
