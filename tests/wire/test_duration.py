"""Parsing and formatting of durations in user input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.wire.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("35ms", 0.035),
        ("15s", 15.0),
        ("1.5s", 1.5),
        ("10m", 600.0),
        ("1h", 3600.0),
        ("0s", 0.0),
    ],
)
def test_each_unit_is_read_exactly(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "15", "15 s", "1d", "-1s", "1e3s", ".5s", "1.s", "१s", "1s\n", "inf", "1m30s"]
)
def test_any_other_format_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.integers(1, 10**9))
def test_a_formatted_duration_is_parsed_back_unchanged(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-9)


@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    assert is_duration_or_expected_error(text)


def is_duration_or_expected_error(text: str) -> bool:
    try:
        return parse_duration(text) >= 0
    except ValueError as error:
        return "is not a duration" in str(error)
