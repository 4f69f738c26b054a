"""Summaries of a minute: what is added, how two are merged, and the estimated median."""

import pytest

from probe.model.history import MinuteSummary
from probe.model.measurements import Reason
from probe.model.statistics import BOUNDS_S


def summary(*durations_s: float | None, failed: tuple[Reason, ...] = ()) -> MinuteSummary:
    made = MinuteSummary()
    for duration_s in durations_s:
        made.add(duration_s, None)
    for reason in failed:
        made.add(None, reason)
    return made


def test_a_failed_probe_counts_as_sent_and_has_no_duration() -> None:
    made = summary(0.004, failed=(Reason.TIMED_OUT, Reason.REFUSED, Reason.TIMED_OUT))
    assert (made.sent, made.failures) == (4, 3)
    assert made.failed == {Reason.TIMED_OUT: 2, Reason.REFUSED: 1}
    assert (made.min_s, made.max_s, sum(made.counts.values())) == (0.004, 0.004, 1)


def test_a_probe_whose_duration_was_discarded_counts_as_sent_only() -> None:
    made = summary(None)
    assert (made.sent, made.failures, made.min_s, made.counts) == (1, 0, None, {})


@pytest.mark.parametrize(
    ("duration_s", "index"),
    [(0.035, BOUNDS_S.index(0.035)), (0.0350001, BOUNDS_S.index(0.035) + 1), (99.0, len(BOUNDS_S))],
)
def test_a_duration_equal_to_a_bound_is_within_it(duration_s: float, index: int) -> None:
    assert summary(duration_s).counts == {index: 1}


def test_merging_two_summaries_is_the_same_as_adding_all_probes_to_one() -> None:
    first, second = summary(0.004, 0.2, failed=(Reason.RESET,)), summary(0.001, 9.0, failed=(Reason.RESET,))
    first.merge(second)
    assert first == summary(0.004, 0.2, 0.001, 9.0, failed=(Reason.RESET, Reason.RESET))


def test_merging_a_summary_without_durations_keeps_minimum_and_maximum() -> None:
    made = summary(0.004)
    made.merge(summary(failed=(Reason.TIMED_OUT,)))
    assert (made.min_s, made.max_s, made.sent) == (0.004, 0.004, 2)


@pytest.mark.parametrize(
    ("durations_s", "median_s"),
    [
        ((), None),
        ((0.004,), 0.004),
        ((0.004, 0.03), 0.005),
        ((0.004, 0.028, 0.029), 0.029),
        ((3.0, 4.0), 4.0),
    ],
)
def test_the_median_is_the_bound_of_its_bucket_but_not_above_the_maximum(
    durations_s: tuple[float, ...], median_s: float | None
) -> None:
    assert summary(*durations_s).median_s == median_s
