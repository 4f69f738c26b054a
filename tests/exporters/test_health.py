"""The latest health requests and their results."""

from support.reports.exporter_inputs import FLEET, NOW_S, SILENT, asked, health, tcp

from exporters.health import LatestHealth
from exporters.health import latest_health as latest_health_of
from probe.model.measurements import KeyManagerStatus
from probe.model.targets import Check, Mode


def test_the_latest_request_per_mode_is_kept_in_any_order_of_arrival() -> None:
    old, new = health(asked(), 401, NOW_S - 60), health(asked())
    warm = health(asked(), check=Check.HEALTH_WARM)
    assert latest_health_of((new, warm, old)).requests == {Mode.COLD: new, Mode.WARM: warm}


def test_values_missing_in_the_latest_response_come_from_an_earlier_one() -> None:
    latest = latest_health_of((health(asked(), at_s=NOW_S - 60, clock_offset_s=2.0), health(asked(), 503)))
    assert (latest.managers, latest.clock_offset_s) == (FLEET, 2.0)
    assert latest.counts() == {
        KeyManagerStatus.ACTIVE: 1,
        KeyManagerStatus.DEGRADED: 1,
        KeyManagerStatus.UNAVAILABLE: 0,
    }
    assert LatestHealth().counts() is None


def test_a_clock_offset_of_zero_is_a_value() -> None:
    assert latest_health_of((health(asked(), clock_offset_s=0.0),)).clock_offset_s == 0.0


def test_withheld_requests_hide_earlier_results_until_one_is_sent_again() -> None:
    withheld = health(asked(), None, NOW_S, withheld="common-name-matches")
    latest = latest_health_of((health(asked(), at_s=NOW_S - 60), withheld))
    assert latest == LatestHealth(withheld="common-name-matches")
    again = health(asked(), None, NOW_S + 60, failure=SILENT)
    assert latest.after(again) == LatestHealth(requests={Mode.COLD: again})


def test_an_older_warm_response_is_not_shown_with_a_failed_cold_request() -> None:
    before = latest_health_of(
        (health(asked(), at_s=NOW_S - 60), health(asked(), at_s=NOW_S - 60, check=Check.HEALTH_WARM))
    )
    assert set(before.requests) == {Mode.COLD, Mode.WARM}
    failed = health(asked(), None, failure=SILENT)
    assert before.after(failed).requests == {Mode.COLD: failed}
    refused = health(asked(), 401)
    assert set(before.after(refused).requests) == {Mode.COLD, Mode.WARM}


def test_other_checks_and_purposes_change_nothing() -> None:
    before = latest_health_of((health(asked()),))
    assert before.after(tcp(asked())) is before
    assert before.after(health(asked(), 405, purpose="get")) is before
