"""Histogram buckets include samples that equal their bound."""

from functools import reduce
from math import inf
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.prometheus.definitions import BOUNDS_S
from exporters.prometheus.histogram import Histogram


@pytest.mark.parametrize(
    ("duration_s", "within"),
    [(0.0349999, 1), (0.035, 1), (0.0350001, 0)],
    ids=["just below", "at the limit", "just above"],
)
def test_a_sample_equal_to_a_bound_is_within_it(duration_s: float, within: int) -> None:
    histogram = Histogram()
    histogram.observe(duration_s)
    assert dict(histogram.cumulative())[0.035] == within


@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=50))
def test_every_sample_counts_once_in_every_bucket_that_includes_it(durations_s: list[float]) -> None:
    histogram = Histogram()
    for duration_s in durations_s:
        histogram.observe(duration_s)
    for bound, count in histogram.cumulative():
        assert count == sum(duration_s <= bound for duration_s in durations_s)
    assert histogram.cumulative()[-1] == (inf, len(durations_s))
    assert histogram.sum_s == reduce(add, durations_s, 0.0)  # sum() of Python 3.12 corrects rounding errors
    assert len(histogram.cumulative()) == len(BOUNDS_S) + 1
