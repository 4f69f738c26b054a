"""The health cell."""

import pytest
from support.reports.exporter_inputs import NOW_S, SILENT, asked, health, target

from exporters.web.health import WIDTH, Health
from exporters.web.health import health as cell
from exporters.web.page import PageSink
from probe.model.measurements import KeyManagerStatus, Measurement
from probe.model.targets import Check, Target


def shown(*measured: Measurement, of: Target | None = None) -> Health:
    page, checked = PageSink(now=lambda: NOW_S), of or asked()
    page.on_targets((checked,))
    for measurement in measured:
        page.on_measurement(measurement)
    found = cell(page.snapshot().targets[0])
    assert found is not None
    return found


def test_a_target_without_health_checks_has_no_cell() -> None:
    page = PageSink(now=lambda: NOW_S)
    page.on_targets((target(),))
    assert cell(page.snapshot().targets[0]) is None


@pytest.mark.parametrize(
    ("wait_s", "total", "over"), [(0.2249, "249.9", False), (0.225, "250.0", False), (0.2251, "250.1", True)]
)
def test_a_call_over_250_ms_is_marked(wait_s: float, total: str, over: bool) -> None:
    (request,) = shown(health(asked(), wait_s=wait_s)).requests
    assert (request.mode, request.total, request.over, request.wrong) == ("cold", total, over, "")


def test_the_phases_are_side_by_side_within_the_bar() -> None:
    (request,) = shown(health(asked(), wait_s=30.0)).requests
    assert [segment.phase for segment in request.segments] == ["connect", "handshake", "wait", "receive"]
    ends = [round(segment.x + segment.width, 1) for segment in request.segments]
    assert ends == sorted(ends)
    assert ends[-1] <= WIDTH
    assert 0 < request.limit_x < WIDTH


def test_a_wait_that_is_an_upper_bound_is_marked() -> None:
    (request,) = shown(health(asked(), wait_is_upper_bound=True)).requests
    assert "wait ≤ 30.00" in [segment.words for segment in request.segments]
    assert "wait ≤ 30.00" in request.label


@pytest.mark.parametrize(
    ("measured", "wrong"),
    [
        (health(asked(), 401, error_name="AuthenticationFailedException"), "status 401 · AuthenticationFailedException"),
        (health(asked(), 200, fault="the body is empty"), "the body is empty"),
        (health(asked(), None, failure=SILENT), "wait timed out"),
        (health(asked(), None), "no response"),
    ],
    ids=["refused", "malformed", "timeout", "no response"],
)  # fmt: skip
def test_what_is_wrong_with_a_response_is_shown(measured: Measurement, wrong: str) -> None:
    (request,) = shown(measured).requests
    assert request.wrong == wrong


@pytest.mark.parametrize(
    ("withheld", "note"),
    [("common-name-matches", "not sent: common-name-matches is not met"), ("no credential", "not sent: no credential")],
)  # fmt: skip
def test_the_reason_for_a_withheld_request_is_shown(withheld: str, note: str) -> None:
    found = shown(health(asked()), health(asked(), None, NOW_S + 60, withheld=withheld))
    assert (found.note, found.requests, found.managers) == (note, (), "")
    assert shown().note == "not measured yet"


def test_key_managers_are_counted_by_state_and_it_is_bad_if_none_is_usable() -> None:
    found = shown(health(asked(), clock_offset_s=-3.0), health(asked(), check=Check.HEALTH_WARM))
    assert (found.managers, found.managers_kind, found.clock) == ("1 active, 1 degraded", "quiet", "-3 s")
    assert [request.mode for request in found.requests] == ["cold", "warm"]
    dead = shown(health(asked(), managers=(("hsm-1", KeyManagerStatus.UNAVAILABLE),)))
    assert (dead.managers, dead.managers_kind) == ("1 unavailable", "bad")
