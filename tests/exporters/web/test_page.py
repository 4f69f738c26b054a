"""The sink behind the page."""

from dataclasses import replace
from typing import Any

import pytest
from support.reports.exporter_inputs import (
    ANSWERED,
    DUPLICATE,
    LATE,
    LOST,
    NOW_S,
    asked,
    certificate,
    echoes,
    health,
    report,
    survey,
    target,
    tcp,
    tls,
)

from exporters.web.page import SHOWN_ROUND_TRIPS, PageSink, _attempt
from probe.model.statistics import Summary, Window
from probe.model.targets import Check, Method, Role


def sink(**settings: object) -> PageSink:
    made = PageSink(now=lambda: NOW_S, **settings)  # type: ignore[arg-type]
    made.on_targets((target(),))
    return made


def test_the_latest_result_of_each_kind_is_kept() -> None:
    page = sink()
    page.on_measurement(tcp(target(), None, NOW_S - 30))
    page.on_measurement(tcp(target(), 0.004, NOW_S))
    page.on_measurement(tls(target(), certificate()))
    page.on_report(report())
    page.on_survey(survey())
    (state,) = page.snapshot().targets
    assert state.attempts[Check.TCP].rtt_s == 0.004
    assert state.failures[Check.TCP].at_s == NOW_S - 30
    assert state.tls is not None
    assert page.snapshot().reports == (report(),)
    assert page.snapshot().survey == survey()


def test_a_lost_ping_that_completes_late_does_not_hide_a_newer_reply() -> None:
    page = sink()
    page.on_measurement(tcp(target(), 0.004, NOW_S))
    page.on_measurement(tcp(target(), None, NOW_S - 2))
    (state,) = page.snapshot().targets
    assert state.attempts[Check.TCP].failure is None
    assert state.failures[Check.TCP].at_s == NOW_S - 2


def test_duplicates_and_late_replies_are_not_attempts() -> None:
    page = sink()
    page.on_echoes((target(),), echoes(LOST, DUPLICATE, LATE))
    (state,) = page.snapshot().targets
    assert state.attempts[Check.ICMP].failure is not None
    page.on_echoes((target(),), echoes(LOST, ANSWERED))
    (state,) = page.snapshot().targets
    assert state.attempts[Check.ICMP].rtt_s == 0.002


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"zone": "elsewhere"}, True),
        ({"name": "renamed"}, True),
        ({"plans": target().plans[1:]}, True),
        ({"host": "10.0.0.2"}, False),
        ({"port": 8443}, False),
        ({"server_name": "other.example.com"}, False),
        ({"role": Role.BACKEND}, False),
        ({"key_store": "cks-2"}, False),
    ],
    ids=lambda changes: next(iter(changes)) if isinstance(changes, dict) else "",
)
def test_state_starts_again_only_for_another_identity(changes: dict[str, Any], kept: bool) -> None:
    page, after = sink(), replace(target(), **changes)
    page.on_measurement(tcp(target()))
    page.on_targets((after,))
    page.on_measurement(tls(target(), certificate()))
    (state,) = page.snapshot().targets
    assert state.target == after
    assert (set(state.attempts) == {Check.TCP, Check.TLS}) is kept
    assert (not state.attempts) is not kept


def test_each_key_store_keeps_its_latest_report_as_long_as_it_has_targets() -> None:
    page = sink()
    page.on_report(report(key_store="cks-2"))
    page.on_report(report())
    page.on_report(report(key_store="cks-2", taken_at_s=NOW_S + 10))
    assert [each.key_store for each in page.snapshot().reports] == ["cks-2", "cks-1"]
    assert page.snapshot().reports[0].taken_at_s == NOW_S + 10
    page.on_targets((target(),))
    assert [each.key_store for each in page.snapshot().reports] == ["cks-1"]


def test_conduct_tests_and_withheld_requests_are_not_samples() -> None:
    page = sink()
    page.on_targets((asked(),))
    page.on_measurement(health(asked(), 405, purpose="get"))
    page.on_measurement(health(asked(), None, withheld="no credential"))
    (state,) = page.snapshot().targets
    assert (state.attempts, state.health.withheld) == ({}, "no credential")
    assert not any(page.snapshot().health.samples.values())


def test_results_of_unknown_targets_are_dropped() -> None:
    page = sink()
    page.on_measurement(tcp(target("gone")))
    page.on_echoes((target("gone"),), echoes(ANSWERED))
    assert [state.target.name for state in page.snapshot().targets] == ["node-1"]


def test_windows_and_series_come_from_the_history() -> None:
    window = Window(target="node-1", method="tcp", span_s=600, summary=Summary(samples=3))
    page = sink(windows=lambda: (window,), series=lambda _name, _method: (0.001,) * 100)
    (state,) = page.snapshot().targets
    assert state.windows == {Method.TCP: window}
    assert {m: len(s) for m, s in state.series.items()} == dict.fromkeys(Method, SHOWN_ROUND_TRIPS)


def test_a_reply_with_a_discarded_time_shows_no_round_trip() -> None:
    attempt = _attempt(replace(echoes(ANSWERED), rtt_ns=(-1,), stamps=(None,)), 0)
    assert (attempt.rtt_s, attempt.failure) == (None, None)
