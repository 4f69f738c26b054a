"""Round trips summed up: what a window of samples says, with nulls where it is too small to say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``samples`` answered and ``lost`` unanswered round trips, in seconds; None where too few.

    p95 needs 20 samples, p99 100 (nearest rank). ``median_ci95_s`` is the exact binomial
    (order-statistic) 95 % interval of the median, None below 6 samples. ``jitter_s`` is the mean
    absolute difference of consecutive answered round trips, None below 2; ``jitter_rfc3550_s`` is the same
    difference smoothed as RFC 3550, section 6.4.1, smooths its own: the newest 16 or so count.
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
    """The recent round trips of one target by one method. ``span_s`` is how far back it reaches."""

    target: str
    method: str
    span_s: float
    summary: Summary
