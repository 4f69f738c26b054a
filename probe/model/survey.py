"""Results of a survey: round trips to candidate Regions, ranked and compared with the threshold."""

from dataclasses import dataclass, field

from probe.model.measurements import Failure
from probe.model.statistics import Summary
from probe.model.targets import Method

# XKS proxy API specification 1.0.3, "GetKeyMetadata considerations": ping "SHOULD be 35ms or less"; AWS's
# VPC connectivity page recommends the same between the Region and the external key manager.
RTT_THRESHOLD_S = 0.035
# KMS's timeout for one call to the proxy is 250 ms in total (same specification).
CALL_LIMIT_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRtt:
    """One candidate Region. ``rank`` is 1 for the shortest round trip, None without samples.

    ``within_threshold`` is None while undecided (the confidence interval contains the threshold, or there are
    too few samples) or unreachable; ``reason`` states which.
    """

    region: str
    place: str = ""
    host: str = ""
    address: str | None = None
    method: Method = Method.TCP
    summary: Summary = field(default_factory=Summary)
    rank: int | None = None
    within_threshold: bool | None = None
    tied_with_best: bool = False
    reason: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All candidates, shortest round trip first, unreachable ones last.

    ``recommended`` is None unless a Region is within the threshold.
    """

    taken_at_s: float
    vantage: str
    threshold_s: float = RTT_THRESHOLD_S
    regions: tuple[RegionRtt, ...] = ()
    recommended: str | None = None
    notes: tuple[str, ...] = ()
    complete: bool = True
