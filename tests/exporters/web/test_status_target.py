"""One target as JSON."""

from support.reports.exporter_inputs import NOW_S, SILENT, asked, health, target

from exporters.web.page import PageSink
from exporters.web.status_target import target as document
from probe.model.measurements import Measurement
from probe.model.targets import Check, Target


def shown(of: Target, *measured: Measurement) -> dict[str, object]:
    page = PageSink(now=lambda: NOW_S)
    page.on_targets((of,))
    for measurement in measured:
        page.on_measurement(measurement)
    return document(page.snapshot().targets[0])


def test_every_check_is_listed_before_its_first_attempt() -> None:
    checks = shown(asked())["checks"]
    assert isinstance(checks, dict)
    assert list(checks) == ["icmp", "tcp", "tls", "health_cold", "health_warm"]
    assert checks["health_warm"] == {"last_attempt_at": None, "failure": None, "last_failure": None}


def test_health_is_listed_per_phase_in_seconds() -> None:
    of = asked()
    status = shown(
        of,
        health(of, clock_offset_s=-1.0, wait_is_upper_bound=True),
        health(of, 503, check=Check.HEALTH_WARM),
    )
    assert status["health"] == {
        "cold": {
            "at": "2027-01-15T08:00:00.000000Z",
            "phases_seconds": {
                "resolve": None, "connect": 0.004, "handshake": 0.02, "send": None, "wait": 0.03, "receive": 0.001,
            },
            "total_seconds": 0.055, "status": 200, "error_name": None, "failure": None, "wait_is_upper_bound": True,
        },
        "warm": {
            "at": "2027-01-15T08:00:00.000000Z",
            "phases_seconds": {"send": None, "wait": 0.03, "receive": 0.001},
            "total_seconds": 0.031, "status": 503, "error_name": None, "failure": None, "wait_is_upper_bound": False,
        },
        "key_managers": {"ACTIVE": 1, "DEGRADED": 1, "UNAVAILABLE": 0},
        "clock_offset_seconds": -1.0,
        "withheld": None,
    }  # fmt: skip


def test_a_withheld_request_has_a_reason_and_a_target_without_health_checks_has_no_health() -> None:
    of = asked()
    status = shown(of, health(of), health(of, None, NOW_S + 1, withheld="no credential"))["health"]
    assert status == {
        "cold": None, "warm": None, "key_managers": None, "clock_offset_seconds": None, "withheld": "no credential"
    }  # fmt: skip
    assert shown(target())["health"] is None
    failed = shown(of, health(of, None, failure=SILENT))["health"]
    assert isinstance(failed, dict)
    assert failed["cold"]["failure"]["reason"] == "timed_out"
