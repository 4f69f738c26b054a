"""Round-trip statistics of a window of samples; None where there are too few samples."""

from dataclasses import dataclass


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
