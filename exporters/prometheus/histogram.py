"""A histogram of durations: a bisection and two additions per sample."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from math import inf

from exporters.prometheus.definitions import BOUNDS_S


class Histogram:
    """A classic Prometheus histogram. A sample equal to a bound counts as within it.

    >>> h = Histogram((0.035, 0.25))
    >>> for s in (0.035, 0.0350001, 9.0): h.observe(s)
    >>> h.cumulative()
    [(0.035, 1), (0.25, 2), (inf, 3)]
    """

    __slots__ = ("_bounds_s", "counts", "sum_s")

    def __init__(self, bounds_s: Sequence[float] = BOUNDS_S) -> None:
        self._bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)
        self.sum_s = 0.0

    def observe(self, duration_s: float) -> None:
        self.counts[bisect_left(self._bounds_s, duration_s)] += 1
        self.sum_s += duration_s

    def cumulative(self) -> list[tuple[float, int]]:
        """Each upper bound in seconds (the last is infinite) with the number of samples up to it."""
        return list(zip((*self._bounds_s, inf), accumulate(self.counts), strict=True))
