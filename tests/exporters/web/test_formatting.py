"""Formatting of numbers and times on the page."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.web import formatting
from exporters.web.formatting import date, percent, span


def test_the_examples_in_the_docstrings_are_correct() -> None:
    assert doctest.testmod(formatting).failed == 0


@given(st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True))
def test_a_loss_is_never_rounded_to_0_or_100_percent(ratio: float) -> None:
    assert percent(ratio) not in {"0 %", "0.0 %", "100 %", "100.0 %"}


@pytest.mark.parametrize(
    ("seconds", "text"), [(119.9, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (-1, "0 s")]
)
def test_a_span_uses_the_largest_unit_that_gives_at_least_two(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_an_unknown_date_is_shown_as_not_available() -> None:
    assert date(None) == "n/a"
