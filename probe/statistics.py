"""Summarises round-trip samples: nearest-rank quantiles, confidence interval of the median, jitter. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import exp, lgamma, log

from probe.model.statistics import Summary

MIN_SAMPLES_P95 = 20
MIN_SAMPLES_P99 = 100
# A verdict on the median needs as many samples as the 95th percentile: fewer may cover only a lucky second.
MIN_SAMPLES_TO_DECIDE = 20
MIN_SAMPLES_FOR_INTERVAL = 6  # (1/2)^5 is above 2.5 %, (1/2)^6 is below
_RFC3550_GAIN = 16  # section 6.4.1 and appendix A.8
_TAIL = 0.025  # the probability on each side of a 95 % confidence interval


def summarize(rtts_s: Sequence[float | None]) -> Summary:
    """The summary of ``rtts_s``: seconds, in the order of sending, None for a lost round trip.

    Quantiles are nearest-rank, so each is a measured round trip; the median of an even number
    of samples is the lower of the two middle ones. ``jitter_s`` skips lost round trips.
    """
    answered = [rtt for rtt in rtts_s if rtt is not None]
    if not answered:
        return Summary(lost=len(rtts_s))
    ordered = sorted(answered)
    return Summary(
        samples=len(ordered),
        lost=len(rtts_s) - len(ordered),
        min_s=ordered[0],
        median_s=nearest_rank(ordered, 50),
        p95_s=nearest_rank(ordered, 95) if len(ordered) >= MIN_SAMPLES_P95 else None,
        p99_s=nearest_rank(ordered, 99) if len(ordered) >= MIN_SAMPLES_P99 else None,
        median_ci95_s=_median_interval(ordered),
        jitter_s=_jitter(answered),
        jitter_rfc3550_s=_jitter_rfc3550(answered),
    )


def within(summary: Summary, threshold_s: float) -> bool | None:
    """Whether the median is within ``threshold_s``; None while undecided.

    It is undecided below 20 samples, and while the median's 95 % confidence interval contains the threshold.
    """
    if summary.samples < MIN_SAMPLES_TO_DECIDE or summary.median_ci95_s is None:
        return None
    low, high = summary.median_ci95_s
    if low <= threshold_s <= high:
        return None
    return high < threshold_s


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """The smallest sample that is not exceeded by at least ``percent`` per cent of the samples.

    >>> nearest_rank([1.0, 2.0, 3.0, 4.0], 50)
    2.0
    """
    return ordered[-(-percent * len(ordered) // 100) - 1]


@lru_cache(maxsize=4096)
def median_rank(samples: int) -> int | None:
    """The rank l for which the l-th smallest and l-th largest sample enclose the median with 95 % confidence.

    It is the largest l with P(Binomial(samples, 1/2) < l) <= 2.5 %; None below 6 samples, where none exists.
    Probabilities are summed from the middle outwards, which takes about sqrt(``samples``) steps.

    >>> median_rank(5), median_rank(6), median_rank(20)
    (None, 1, 6)
    """
    if samples < MIN_SAMPLES_FOR_INTERVAL:
        return None
    k = (samples - 1) // 2  # the largest k below the middle; below, ``tail`` is P(X <= k)
    tail = 0.5 if samples % 2 else (1 - _chance(samples, samples // 2)) / 2
    probability = _chance(samples, k)
    while tail > _TAIL:
        tail -= probability
        probability *= k / (samples - k + 1)
        k -= 1
    return k + 1


def _chance(samples: int, k: int) -> float:
    """P(Binomial(samples, 1/2) = k)."""
    return exp(lgamma(samples + 1) - lgamma(k + 1) - lgamma(samples - k + 1) - samples * log(2))


def _median_interval(ordered: Sequence[float]) -> tuple[float, float] | None:
    rank = median_rank(len(ordered))
    return None if rank is None else (ordered[rank - 1], ordered[-rank])


def _jitter(answered: Sequence[float]) -> float | None:
    differences = [abs(b - a) for a, b in pairwise(answered)]
    return sum(differences) / len(differences) if differences else None


def _jitter_rfc3550(answered: Sequence[float]) -> float | None:
    """J += (|D| - J) / 16, starting at 0. RFC 3550 uses one-way delays, this function round trips."""
    if len(answered) < 2:  # noqa: PLR2004 - a difference needs two samples
        return None
    smoothed = 0.0
    for a, b in pairwise(answered):
        smoothed += (abs(b - a) - smoothed) / _RFC3550_GAIN
    return smoothed
