"""Scrapes become the lines of a recording: one line per series that a rule selects."""

from support.network.healthy_recording import lines_of
from support.network.running_agent import Sample

BEGAN_S = 1_796_000_000.0


def test_each_series_is_a_line_with_its_value_in_each_scrape() -> None:
    scrapes = [
        [Sample("build_info", {"version": "0.1.0"}, 1.0), Sample("loop_lag_seconds", {}, 0.02)],
        [Sample("build_info", {"version": "0.1.0"}, 1.0), Sample("loop_lag_seconds", {}, 0.03)],
    ]
    # No rule selects the lag.
    assert lines_of(scrapes, BEGAN_S) == ['1x1\txksprobe_build_info{version="0.1.0"}']


def test_a_series_that_begins_late_or_ends_early_is_missing_in_the_other_scrapes() -> None:
    ip, other = {"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}
    scrapes = [
        [Sample("proxy_clock_offset_seconds", ip, 0.5)],
        [Sample("proxy_clock_offset_seconds", ip, 0.25), Sample("proxy_clock_offset_seconds", other, -1.0)],
        [Sample("proxy_clock_offset_seconds", other, -1.0)],
    ]
    assert lines_of(scrapes, BEGAN_S) == [
        '0.5 0.25 _x1\txksprobe_proxy_clock_offset_seconds{ip="192.0.2.1"}',
        '_x1 -1x1\txksprobe_proxy_clock_offset_seconds{ip="192.0.2.2"}',
    ]


def test_times_count_from_the_start_of_the_recording_and_durations_do_not() -> None:
    scrape = [
        Sample("report_timestamp_seconds", {}, BEGAN_S - 0.4284),
        Sample("proxy_clock_offset_seconds", {}, 3.0),
    ]
    assert lines_of([scrape], BEGAN_S) == [
        "-0.428\txksprobe_report_timestamp_seconds{}",
        "3\txksprobe_proxy_clock_offset_seconds{}",
    ]
