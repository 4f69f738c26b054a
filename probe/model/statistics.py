"""Round-trip statistics of a window of samples, None where there are too few; the bounds of histograms."""

from dataclasses import dataclass

# The upper bounds of the buckets of all histograms, from a LAN to the other side of the globe. AWS's limits
# for a round trip (0.035) and for a whole proxy call (0.25) must be exact bounds: then the share within them
# is a ratio of two counters, without interpolation.
BOUNDS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03),
    *(0.035, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 1.0, 2.5),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Statistics of ``samples`` answered and ``lost`` unanswered round trips; None where there are too few.

    p95 needs 20 samples, p99 100 (nearest rank). ``median_ci95_s`` is the exact binomial
    (order-statistic) 95 % confidence interval of the median, None below 6 samples. ``jitter_s`` is the
    mean absolute difference of consecutive answered round trips, None below 2; ``jitter_rfc3550_s`` smooths
    the same differences as RFC 3550, section 6.4.1, does: about the newest 16 have most of the weight.
    """

    samples: int = 0
    lost: int = 0
    min_s: float | None = None
    median_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    median_ci95_s: tuple[float, float] | None = None
    jitter_s: float | None = None
    jitter_rfc3550_s: float | None = None

    @property
    def loss_ratio(self) -> float | None:
        total = self.samples + self.lost
        return self.lost / total if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The recent round trips of one target by one method, over the last ``span_s`` seconds."""

    target: str
    method: str
    span_s: float
    summary: Summary
