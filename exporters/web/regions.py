"""The survey as rows with bars: which Regions are within the threshold."""

from dataclasses import dataclass

from exporters.web.formatting import milliseconds
from probe.model.survey import RegionRtt, Survey

BAR_WIDTH = 220.0
_MIN_SCALE = 2.0  # the threshold is at most in the middle of the bar
_MAX_SCALE = 8.0  # a distant Region must not compress the bars of the near ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``bar``, ``low`` and ``high`` are lengths on a bar of ``BAR_WIDTH``; None without samples."""

    rank: str
    region: str
    place: str
    median: str
    interval: str
    samples: str
    kind: str
    verdict: str
    why: str
    bar: float | None
    low: float | None
    high: float | None
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    rows: tuple[Row, ...]
    threshold: str
    threshold_x: float
    recommended: str | None
    vantage: str
    notes: tuple[str, ...]
    complete: bool


def table(survey: Survey | None) -> Table | None:
    """Ranked Regions first, then the others; None without candidates."""
    if survey is None or not survey.regions:
        return None
    scale_s = _scale(survey)
    ordered = sorted(survey.regions, key=lambda r: (r.rank is None, r.rank or 0))
    return Table(
        rows=tuple(_row(region, scale_s) for region in ordered),
        threshold=f"{survey.threshold_s * 1e3:g}",
        threshold_x=_length(survey.threshold_s, scale_s),
        recommended=survey.recommended,
        vantage=survey.vantage,
        notes=survey.notes,
        complete=survey.complete,
    )


def _scale(survey: Survey) -> float:
    """Seconds at the right end of the bars."""
    longest_s = max((r.summary.median_s or 0.0 for r in survey.regions), default=0.0) * 1.1
    min_s, max_s = survey.threshold_s * _MIN_SCALE, survey.threshold_s * _MAX_SCALE
    return min(max(longest_s, min_s), max_s) or 1.0


def _row(region: RegionRtt, scale_s: float) -> Row:
    summary, kind, verdict = region.summary, *_verdict(region)
    interval = summary.median_ci95_s
    return Row(
        rank=str(region.rank) if region.rank else "",
        region=region.region,
        place=region.place,
        median=milliseconds(summary.median_s),
        interval=f"{milliseconds(interval[0])} to {milliseconds(interval[1])}" if interval else "",
        samples=f"{summary.samples} / {summary.lost} lost" if summary.lost else str(summary.samples),
        kind=kind,
        verdict=verdict,
        why=region.reason or "",
        bar=None if summary.median_s is None else _length(summary.median_s, scale_s),
        low=_length(interval[0], scale_s) if interval else None,
        high=_length(interval[1], scale_s) if interval else None,
        cut=summary.median_s is not None and summary.median_s > scale_s,
    )


def _verdict(region: RegionRtt) -> tuple[str, str]:
    if region.within_threshold is not None:
        return ("good", "within") if region.within_threshold else ("bad", "over")
    if not region.summary.samples and (region.summary.lost or region.failure):
        return "bad", "unreachable"
    return "undecided", "undecided"


def _length(duration_s: float, scale_s: float) -> float:
    return round(min(duration_s / scale_s, 1.0) * BAR_WIDTH, 1)
