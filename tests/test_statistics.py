"""Summaries of samples, compared with naive implementations of the definitions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model.statistics import Summary
from probe.statistics import median_rank, nearest_rank, summarize, within

rtt = st.floats(min_value=0, max_value=10, allow_nan=False)
samples = st.lists(st.none() | rtt, max_size=150)


@given(samples)
def test_answered_and_lost_round_trips_add_up(rtts: list[float | None]) -> None:
    summary = summarize(rtts)
    assert summary.lost == rtts.count(None)
    assert summary.samples + summary.lost == len(rtts)


@given(st.lists(rtt, min_size=1, max_size=150), st.sampled_from([50, 95, 99]))
def test_a_quantile_is_the_smallest_sample_not_exceeded_by_that_share_of_samples(
    values: list[float], percent: int
) -> None:
    naive = min(
        v for v in values if Fraction(sum(w <= v for w in values), len(values)) >= Fraction(percent, 100)
    )
    assert nearest_rank(sorted(values), percent) == naive


@given(samples)
def test_jitter_is_the_mean_difference_of_consecutive_answered_round_trips(rtts: list[float | None]) -> None:
    answered = [v for v in rtts if v is not None]
    steps = [abs(answered[n + 1] - answered[n]) for n in range(len(answered) - 1)]
    expected = pytest.approx(sum(steps) / len(steps)) if steps else None
    assert summarize(rtts).jitter_s == expected


@pytest.mark.parametrize(
    ("rtts", "smoothed"),
    [
        ([], None),
        ([0.1], None),
        ([0.1, None], None),
        ([0.1, 0.1], 0.0),
        ([0.1, None, 0.26], 0.01),  # a sixteenth of the first difference
        ([0.1, 0.26, 0.1], 0.01 + (0.16 - 0.01) / 16),
    ],
)
def test_rfc_3550_smooths_by_a_sixteenth(rtts: list[float | None], smoothed: float | None) -> None:
    assert summarize(rtts).jitter_rfc3550_s == (None if smoothed is None else pytest.approx(smoothed))


def test_the_rfc_3550_jitter_converges_to_a_constant_jitter() -> None:
    summary = summarize([0.1, 0.2] * 100)
    assert summary.jitter_s == pytest.approx(0.1)
    assert summary.jitter_rfc3550_s == pytest.approx(0.1, rel=1e-4)


@given(samples)
def test_the_confidence_interval_contains_the_median(rtts: list[float | None]) -> None:
    summary = summarize(rtts)
    if summary.median_ci95_s is None:
        assert summary.samples < 6
    else:
        low, high = summary.median_ci95_s
        assert summary.median_s is not None
        assert low <= summary.median_s <= high


def exact_rank(n: int) -> int | None:
    """The largest l with P(Binomial(n, 1/2) < l) <= 1/40, in integers."""
    total, rank, chosen = 0, 0, 1  # chosen: the binomial coefficient, n over rank
    while 40 * (total + chosen) <= 2**n:
        total += chosen
        chosen = chosen * (n - rank) // (rank + 1)
        rank += 1
    return rank or None


def test_the_rank_of_the_interval_is_the_exact_binomial_one() -> None:
    assert [n for n in range(400) if median_rank(n) != exact_rank(n)] == []
    assert median_rank(1024) == exact_rank(1024)
    assert median_rank(6000) == exact_rank(6000)


@pytest.mark.parametrize(
    ("n", "rank"),
    [
        (5, None),
        (6, 1),
        (8, 1),
        (9, 2),
        (10, 2),
        (12, 3),
        (15, 4),
        (20, 6),
        (25, 8),
        (30, 10),
        (50, 18),
        (100, 40),
    ],
)
def test_ranks_agree_with_published_tables(n: int, rank: int | None) -> None:
    assert median_rank(n) == rank


@pytest.mark.parametrize(
    ("n", "has_p95", "has_p99"), [(19, False, False), (20, True, False), (99, True, False), (100, True, True)]
)
def test_high_quantiles_need_enough_samples(n: int, has_p95: bool, has_p99: bool) -> None:
    summary = summarize([0.01] * n)
    assert (summary.p95_s is not None, summary.p99_s is not None) == (has_p95, has_p99)


def test_without_replies_a_summary_has_only_losses() -> None:
    assert summarize([]) == Summary()
    assert summarize([None, None]) == Summary(lost=2)
    assert summarize([None]).loss_ratio == 1.0


@pytest.mark.parametrize(
    ("rtts", "verdict"),
    [
        ([0.0344] * 20, True),
        ([0.0356] * 20, False),
        ([0.035] * 20, None),
        ([0.0344] * 19, None),
        ([0.0344] * 10 + [0.0356] * 10, None),
        ([0.0344] * 15 + [0.0356] * 5, True),
        ([0.0344] * 14 + [0.0356] * 6, None),
    ],
    ids=["below", "above", "at the limit", "too few", "on both sides", "just decided", "just undecided"],
)
def test_within_is_decided_by_the_confidence_interval(rtts: list[float], verdict: bool | None) -> None:
    assert within(summarize(rtts), 0.035) is verdict
