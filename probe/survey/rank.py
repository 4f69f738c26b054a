"""Samples, or the windows of a running agent, to a ranked survey (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import Failure, Measurement
from probe.model.statistics import Summary
from probe.model.survey import RegionRtt, Survey
from probe.model.targets import Check, Identity, Method, Role, Target
from probe.statistics import MIN_SAMPLES_TO_DECIDE, summarize, within
from probe.survey import locations

_IMPOSSIBLE = "not ranked: answered faster than light in fibre gets there"
Coordinates = tuple[float, float]


def rank(
    targets: Sequence[Target],
    samples: Mapping[Identity, Sequence[Measurement]],
    threshold_s: float,
    taken_at_s: float,
    vantage: str,
    complete: bool,
    *,
    coordinates: Coordinates | None = None,
) -> Survey:
    """Candidates, nearest first.

    ``samples``: a target's identity -> its measurements in order. ``coordinates``: the vantage's, in degrees.
    With them, a Region that answers faster than light gets there is not ranked, and noted.
    """
    found = [_region(target, samples.get(target.identity, ()), threshold_s) for target in targets]
    return _survey(found, threshold_s, taken_at_s, vantage, complete=complete, coordinates=coordinates)


def from_windows(
    evidence: Evidence, *, threshold_s: float, vantage: str, coordinates: Coordinates | None = None
) -> Survey:
    """The survey that a running agent has all the time: from the TCP windows of its Regions."""
    windows = {w.target: w.summary for w in evidence.windows if w.method == Method.TCP.value}
    latest = {m.target.identity: m for m in evidence.latest if m.check is Check.TCP}
    found = [
        _judged(target, windows.get(target.name, Summary()), latest.get(target.identity), threshold_s)
        for target in evidence.targets
        if target.role is Role.REGION
    ]
    return _survey(found, threshold_s, evidence.taken_at_s, vantage, complete=True, coordinates=coordinates)


def _region(target: Target, samples: Sequence[Measurement], threshold_s: float) -> RegionRtt:
    """The last measurement says the address, and if nothing was answered, why."""
    summary = summarize([sample.rtt_s for sample in samples])
    return _judged(target, summary, samples[-1] if samples else None, threshold_s)


def _judged(target: Target, summary: Summary, last: Measurement | None, threshold_s: float) -> RegionRtt:
    place = locations.locations().get(target.region)
    failure = last.failure if last is not None and not summary.samples else None
    return RegionRtt(
        region=target.region,
        place=place.name if place else "",
        host=target.host,
        address=last.address if last else None,
        summary=summary,
        within_threshold=within(summary, threshold_s),
        reason=_reason(summary, failure, threshold_s),
        failure=failure,
    )


def _reason(summary: Summary, failure: Failure | None, threshold_s: float) -> str | None:
    """Why ``within_threshold`` is None; None when it is not."""
    if failure is not None:
        return f"unreachable: {failure.phase} {failure.reason}, no answer in {summary.lost} attempts"
    if not summary.samples:
        return "not measured yet"
    if summary.samples < MIN_SAMPLES_TO_DECIDE or summary.median_ci95_s is None:
        return f"undecided: {summary.samples} round trips, {MIN_SAMPLES_TO_DECIDE} are needed"
    if within(summary, threshold_s) is None:
        low, high, limit = (f"{value * 1e3:.6g}" for value in (*summary.median_ci95_s, threshold_s))
        return f"undecided: the median's 95 % interval, {low} to {high} ms, holds the limit {limit} ms"
    return None


def _survey(
    found: Sequence[RegionRtt],
    threshold_s: float,
    taken_at_s: float,
    vantage: str,
    *,
    complete: bool,
    coordinates: Coordinates | None,
) -> Survey:
    judged, notes = _without_impossible(found, coordinates)
    ordered = sorted(judged, key=_order)
    best = next((region for region in ordered if _is_ranked(region)), None)
    ranked = tuple(
        replace(region, rank=number, tied_with_best=_is_tied(region, best))
        if best is not None and _is_ranked(region)
        else region
        for number, region in enumerate(ordered, start=1)
    )
    return Survey(
        taken_at_s=taken_at_s,
        vantage=vantage,
        threshold_s=threshold_s,
        regions=ranked,
        recommended=next((region.region for region in ranked if region.within_threshold), None),
        notes=notes,
        complete=complete,
    )


def _without_impossible(
    found: Sequence[RegionRtt], coordinates: Coordinates | None
) -> tuple[list[RegionRtt], tuple[str, ...]]:
    """Something nearer answers for such a Region: a proxy, an accelerator, an interface endpoint."""
    judged, notes = [], []
    for region in found:
        least_s = locations.least_rtt_s(region.region, coordinates) if coordinates is not None else None
        least_seen_s = region.summary.min_s
        if least_s is None or least_seen_s is None or least_seen_s >= least_s:
            judged.append(region)
            continue
        judged.append(replace(region, within_threshold=None, reason=_IMPOSSIBLE))
        notes.append(
            f"{region.region}: {least_seen_s * 1e3:.1f} ms is less than the {least_s * 1e3:.1f} ms "
            "light needs in fibre; something nearer answers in its place"
        )
    return judged, tuple(notes)


def _is_ranked(region: RegionRtt) -> bool:
    return region.summary.median_s is not None and region.reason != _IMPOSSIBLE


def _order(region: RegionRtt) -> tuple[bool, bool, float, str]:
    """Ranked ones by their medians, then those not believed, then the unreachable; names settle the rest."""
    median_s = region.summary.median_s
    return (median_s is None, not _is_ranked(region), median_s or 0.0, region.region)


def _is_tied(region: RegionRtt, best: RegionRtt | None) -> bool:
    """The intervals of the two medians overlap; the best is not tied with itself."""
    if best is None or region is best:
        return False
    ours, theirs = region.summary.median_ci95_s, best.summary.median_ci95_s
    return ours is not None and theirs is not None and ours[0] <= theirs[1] and theirs[0] <= ours[1]
