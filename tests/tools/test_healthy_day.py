"""Ten recorded minutes become a day: counters and the times of events go on, everything else is repeated."""

import pytest

from tools.healthy_day import expanded, notation, repeated


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        ([1.0], "1"),
        ([1.0, 1.0], "1x1"),
        ([None], "_x1"),
        ([1.0, 1.5, 1.5, None, None, -2.0], "1 1.5x1 _x2 -2"),
        ([1796000000.125] * 2, "1796000000.125x1"),
    ],
)
def test_the_notation_is_read_as_it_is_written(values: list[float | None], text: str) -> None:
    assert notation(values) == text
    assert expanded(text) == values


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("xksprobe_probes_total{}", [5, 6, 7, 8]),
        ('xksprobe_rtt_seconds_bucket{le="0.035"}', [5, 6, 7, 8]),
        ("xksprobe_report_timestamp_seconds{}", [5, 6, 605, 606]),
        ('xksprobe_audit_last_success_timestamp_seconds{key_store="cks-1"}', [5, 6, 605, 606]),
        ("xksprobe_certificate_not_after_timestamp_seconds{}", [5, 6, 5, 6]),
        ("xksprobe_proxy_clock_offset_seconds{}", [5, 6, 5, 6]),
    ],
)
def test_the_last_scrape_of_a_repetition_is_the_first_of_the_next(series: str, expected: list[float]) -> None:
    assert repeated(series, [5.0, 6.0, 7.0], 2) == expected


def test_what_is_missing_stays_missing() -> None:
    assert repeated("xksprobe_certificate_info{}", [None, 1.0, 1.0], 2) == [None, 1.0, None, 1.0]
