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
    verdict,
)

from exporters.web.page import SHOWN_ROUND_TRIPS, PageSink, _attempt
from probe.model.history import CheckState, Standing
from probe.model.statistics import Summary, Window
from probe.model.targets import Check, Method, Role
from probe.model.verdicts import Outcome


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


TCP_KEY = (target().identity, Check.TCP)


def since(before: CheckState | None, *rtts_s: float | None) -> float | None:
    """Since when TCP has been as it is, after one probe per second; ``before`` is in the history."""
    known = {TCP_KEY: before} if before else {}
    page = PageSink(now=lambda: NOW_S, standing=lambda: Standing(checks=known))
    page.on_targets((target(),))
    for second, rtt_s in enumerate(rtts_s):
        page.on_measurement(tcp(target(), rtt_s, at_s=NOW_S + second))
    at_s = page.snapshot().targets[0].since_s
    return None if at_s is None else at_s - NOW_S


def test_a_state_begins_with_the_first_probe_of_its_outcome() -> None:
    assert since(None) is None
    assert since(None, 0.004, 0.004) == 0
    assert since(None, 0.004, None, None) == 1
    assert since(None, None, 0.004) == 1


def test_a_state_from_before_the_start_continues_until_the_first_other_outcome() -> None:
    up, down = (CheckState(is_failing=failing, since_s=NOW_S - 600) for failing in (False, True))
    assert since(up, 0.004) == -600
    assert since(down, 0.004) == 0
    assert since(up, 0.004, None, 0.004) == 2


def test_a_violation_is_shown_with_its_time() -> None:
    page = PageSink(now=lambda: NOW_S)
    page.on_report(report(verdict(outcome=Outcome.VIOLATED)))
    assert list(page.snapshot().violated_since_s.values()) == [NOW_S]
