"""Ranks Regions by their samples, or by the windows of a running agent (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import Failure, Measurement
from probe.model.statistics import Summary
from probe.model.survey import RegionRtt, Survey
from probe.model.targets import Check, Identity, Method, Role, Target
from probe.statistics import MIN_SAMPLES_TO_DECIDE, summarize, within
from probe.survey import locations

_IMPOSSIBLE = "not ranked: the round trip is shorter than light in fibre would need"
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
    """The survey of the candidates, shortest round trip first.

    ``samples``: a target's identity -> its measurements in order. ``coordinates`` are the vantage's, in
    degrees. With them, a Region with a round trip shorter than light allows is not ranked, but noted.
    """
    found = [_from_samples(target, samples.get(target.identity, ()), threshold_s) for target in targets]
    return _survey(found, threshold_s, taken_at_s, vantage, complete=complete, coordinates=coordinates)


def from_windows(
    evidence: Evidence, *, threshold_s: float, vantage: str, coordinates: Coordinates | None = None
) -> Survey:
    """The survey of a running agent, from the TCP windows of its Regions."""
    windows = {w.target: w.summary for w in evidence.windows if w.method == Method.TCP.value}
    latest = {m.target.identity: m for m in evidence.latest if m.check is Check.TCP}
    found = [
        _region_rtt(target, windows.get(target.name, Summary()), latest.get(target.identity), threshold_s)
        for target in evidence.targets
        if target.role is Role.REGION
    ]
    return _survey(found, threshold_s, evidence.taken_at_s, vantage, complete=True, coordinates=coordinates)


def _from_samples(target: Target, samples: Sequence[Measurement], threshold_s: float) -> RegionRtt:
    summary = summarize([sample.rtt_s for sample in samples])
    return _region_rtt(target, summary, samples[-1] if samples else None, threshold_s)


def _region_rtt(target: Target, summary: Summary, last: Measurement | None, threshold_s: float) -> RegionRtt:
    """``last``, the last measurement, provides the address, and the failure if there is no sample."""
    location = locations.locations().get(target.region)
    failure = last.failure if last is not None and not summary.samples else None
    return RegionRtt(
        region=target.region,
        place=location.name if location else "",
        host=target.host,
        address=last.address if last else None,
        summary=summary,
        within_threshold=within(summary, threshold_s),
        reason=_reason(summary, failure, threshold_s),
        failure=failure,
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _reason(summary: Summary, failure: Failure | None, threshold_s: float) -> str | None:
    """Why ``within_threshold`` is None; None when it is not."""
    if failure is not None:
        return f"no reply in {_counted(summary.lost, 'attempt')}: {failure.reason} in {failure.phase}"
    if not summary.samples:
        return "not measured yet"
    if summary.samples < MIN_SAMPLES_TO_DECIDE or summary.median_ci95_s is None:
        given = _counted(summary.samples, "round trip")
        return f"undecided: {given}, but {MIN_SAMPLES_TO_DECIDE} are needed"
    if within(summary, threshold_s) is None:
        low, high, limit = (f"{value * 1e3:.6g}" for value in (*summary.median_ci95_s, threshold_s))
        return (
            f"undecided: the median's 95 % confidence interval, {low} to {high} ms, "
            f"contains the limit of {limit} ms"
        )
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
    checked, notes = _mark_impossible(found, coordinates)
    ordered = sorted(checked, key=_order)
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


def _mark_impossible(
    found: Sequence[RegionRtt], coordinates: Coordinates | None
) -> tuple[list[RegionRtt], tuple[str, ...]]:
    """Marks Regions whose RTT is impossibly short: a proxy, accelerator or interface endpoint replied."""
    checked, notes = [], []
    for region in found:
        possible_s = locations.min_rtt_s(region.region, coordinates) if coordinates is not None else None
        measured_s = region.summary.min_s
        if possible_s is None or measured_s is None or measured_s >= possible_s:
            checked.append(region)
            continue
        checked.append(replace(region, within_threshold=None, reason=_IMPOSSIBLE))
        notes.append(
            f"{region.region}: {measured_s * 1e3:.1f} ms is less than the {possible_s * 1e3:.1f} ms that "
            "light in fibre needs; something nearer replies instead of the Region"
        )
    return checked, tuple(notes)


def _is_ranked(region: RegionRtt) -> bool:
    return region.summary.median_s is not None and region.reason != _IMPOSSIBLE


def _order(region: RegionRtt) -> tuple[bool, bool, float, str]:
    """A sort key: ranked Regions by median, then impossible ones, then unreachable ones; ties by name."""
    median_s = region.summary.median_s
    return (median_s is None, not _is_ranked(region), median_s or 0.0, region.region)


def _is_tied(region: RegionRtt, best: RegionRtt | None) -> bool:
    """Whether the confidence intervals of the two medians overlap; the best is not tied with itself."""
    if best is None or region is best:
        return False
    ours, theirs = region.summary.median_ci95_s, best.summary.median_ci95_s
    return ours is not None and theirs is not None and ours[0] <= theirs[1] and theirs[0] <= ours[1]
