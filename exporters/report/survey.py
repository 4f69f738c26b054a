"""Candidate Regions: ranked, and compared with the threshold."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from exporters.report import fields, formatting
from exporters.report.fitting import FittingTable, shortened
from probe.model.survey import RegionRtt, Survey
from probe.model.text import clean

_LOCATION_COLUMNS = 10  # the longest word of a location


def document(survey: Survey) -> dict[str, object]:
    """As in ``docs/schemas/survey.json``."""
    return {
        "schema_version": fields.SCHEMA_VERSION,
        "threshold_seconds": survey.threshold_s,
        "taken_at": fields.time(survey.taken_at_s),
        "vantage": clean(survey.vantage),
        "complete": survey.complete,
        "regions": [_region(region) for region in survey.regions],
        "recommended": survey.recommended,
        "notes": [clean(note, fields.TEXT_LIMIT) for note in survey.notes],
    }


def _region(region: RegionRtt) -> dict[str, object]:
    summary = region.summary
    return {
        "region": clean(region.region),
        "place": clean(region.place),
        "rank": region.rank,
        "samples": summary.samples,
        "lost": summary.lost,
        "rtt_seconds": fields.rtt(summary),
        "median_ci95_seconds": fields.interval(summary.median_ci95_s),
        "jitter_seconds": fields.seconds(summary.jitter_s),
        "jitter_rfc3550_seconds": fields.seconds(summary.jitter_rfc3550_s),
        "within_threshold": region.within_threshold,
        "tied_with_best": region.tied_with_best,
        "reason": fields.text(region.reason),
        "address": fields.text(region.address),
        "method": region.method.value,
    }


def render(survey: Survey) -> RenderableType:
    """The recommendation first, then the table, then the reasons why Regions are undecided."""
    where = clean(survey.vantage) or "here"
    head = Text.assemble(
        ("Round trips, probed from ", "dim"), where, (f" · {formatting.moment(survey.taken_at_s)}", "dim")
    )
    unfinished = (
        () if survey.complete else (Text("Interrupted: these are the results so far", style="yellow"),)
    )
    return Group(head, *unfinished, _answer(survey), body(survey))


def body(survey: Survey) -> RenderableType:
    """The table and its notes, for a report with its own header."""
    return Group(_table(survey), *_notes(survey))


def _answer(survey: Survey) -> Text:
    limit = f"{survey.threshold_s * 1e3:g} ms"
    if survey.recommended is None:
        undecided = any(region.within_threshold is None for region in survey.regions)
        if undecided:
            return Text(f"No Region is known to be within {limit} yet.", style="bold yellow")
        return Text(f"No Region is within {limit}.", style="bold red")
    best = next((r for r in survey.regions if r.region == survey.recommended), None)
    median = formatting.milliseconds(best.summary.median_s, " ms") if best else formatting.MISSING
    return Text.assemble(
        ("Recommended: ", "bold green"),
        (clean(survey.recommended), "bold"),
        f", median {median}, within {limit}",
    )


def _table(survey: Survey) -> FittingTable:
    """A narrow terminal shows fewer columns. The interval goes first, because the verdict already uses it."""
    limit = f"≤ {survey.threshold_s * 1e3:g} ms"
    usual = ("#", "Region", "location", "median", "95 % interval", "p95", "lost")
    detailed = (*usual, "min", "p99", "jitter", "samples", "address", "method")
    without = [("95 % interval",), ("p95",), ("location",), ("lost",), ("#",)]
    return FittingTable(
        variants=[(*columns, limit) for columns in (detailed, *shortened(usual, without))],
        rows=[dict(_cells(region, survey.threshold_s, limit)) for region in survey.regions],
        numbers=("#", "median", "95 % interval", "p95", "lost", "min", "p99", "jitter", "samples"),
        flexible={"location": _LOCATION_COLUMNS},
    )


def _cells(region: RegionRtt, threshold_s: float, limit: str) -> Iterable[tuple[str, Text]]:
    summary = region.summary
    low_high = summary.median_ci95_s
    interval = f"{low_high[0] * 1e3:.2f}–{low_high[1] * 1e3:.2f}" if low_high else formatting.MISSING  # noqa: RUF001 - a range
    yield (
        "#",
        Text(
            formatting.MISSING
            if region.rank is None
            else f"{'=' if region.tied_with_best else ''}{region.rank}"
        ),
    )
    yield "Region", Text(clean(region.region), style="bold" if region.rank == 1 else "")
    yield "location", Text(clean(region.place))
    yield "median", Text(formatting.short(summary.median_s), style=_colour(summary.median_s, threshold_s))
    yield "95 % interval", Text(interval)
    yield "p95", Text(formatting.short(summary.p95_s))
    yield "lost", Text(str(summary.lost), style="red" if summary.lost else "")
    yield "min", Text(formatting.short(summary.min_s))
    yield "p99", Text(formatting.short(summary.p99_s))
    yield "jitter", Text(formatting.short(summary.jitter_s))
    yield "samples", Text(str(summary.samples))
    yield "address", Text(clean(region.address or formatting.MISSING))
    yield "method", Text(region.method.value)
    yield limit, _within(region)


def _colour(median_s: float | None, threshold_s: float) -> str:
    if median_s is None:
        return "dim"
    return "green" if median_s <= threshold_s else "red"


def _within(region: RegionRtt) -> Text:
    match region.within_threshold:
        case True:
            return Text("yes", style="green")
        case False:
            return Text("no", style="red")
        case _:
            silent = region.summary.samples == 0
            return Text("no answer", style="bold red") if silent else Text("undecided", style="yellow")


def _notes(survey: Survey) -> Iterable[Text]:
    tied = [clean(region.region) for region in survey.regions if region.tied_with_best]
    if len(tied) > 1:
        yield Text(f"= no measurable difference between {', '.join(tied)}", style="dim")
    for region in survey.regions:
        if region.within_threshold is None and region.reason:
            yield Text(f"{clean(region.region)}: {clean(region.reason, fields.TEXT_LIMIT)}", style="yellow")
    for note in survey.notes:
        yield Text(f"note: {clean(note, fields.TEXT_LIMIT)}", style="yellow")
    yield Text("times in ms, lower is better; 95 % interval: confidence interval of the median", style="dim")
