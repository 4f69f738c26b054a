"""The geometry of a chart of one check over time; the template draws it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exporters.web.formatting import NONE, milliseconds, percent
from probe.model.history import MinuteSummary

WIDTH, HEIGHT = 720.0, 140.0
_LEAST_MARK = 8.0  # height of the mark of a step in which few probes failed
_ABOVE_MEDIAN = 8  # a single slow probe does not flatten everything else
_ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that a chart shows, from ``from_s`` until before ``to_s``."""

    from_s: int
    to_s: int
    step_s: int

    def x(self, at_s: float) -> float:
        return round((at_s - self.from_s) / (self.to_s - self.from_s) * WIDTH, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """``medians`` and ``maxima`` are polyline points, with gaps where nothing was measured.

    ``failures`` are bars (x, y, width, height): the higher, the more of a step's probes failed. ``limit_y``
    is None if the limit is above the chart, or if there is none.
    """

    title: str
    words: str
    top: str
    medians: tuple[str, ...]
    maxima: tuple[str, ...]
    failures: tuple[tuple[float, float, float, float], ...]
    limit_y: float | None
    limit: str
    width: float = WIDTH
    height: float = HEIGHT


def chart(title: str, points: Mapping[int, MinuteSummary], span: Span, limit_s: float | None = None) -> Chart:
    """A chart of ``points`` by their start time. ``limit_s`` is AWS's limit for this check, if any."""
    top_s = _top_s(points.values())
    medians = [(at_s, each.median_s) for at_s, each in sorted(points.items())]
    maxima = [(at_s, each.max_s) for at_s, each in sorted(points.items())]
    is_limit_shown = limit_s is not None and limit_s <= top_s
    return Chart(
        title=title,
        words=_words(points.values()),
        top=f"{round(top_s * 1e3, 3):g} ms",
        medians=_lines(medians, span, top_s),
        maxima=_lines(maxima, span, top_s),
        failures=tuple(_mark(at_s, each, span) for at_s, each in sorted(points.items()) if each.failures),
        limit_y=_y(limit_s, top_s) if limit_s is not None and is_limit_shown else None,
        limit=f"{limit_s * 1e3:g} ms limit" if limit_s is not None else "",
    )


def _top_s(summaries: Iterable[MinuteSummary]) -> float:
    """A round number above all maxima, but not far above all medians."""
    known = [(each.median_s or 0.0, each.max_s) for each in summaries if each.max_s is not None]
    highest_s = max((max_s for _, max_s in known), default=0.0)
    median_s = max((median_s for median_s, _ in known), default=0.0)
    wanted_s = max(min(highest_s, _ABOVE_MEDIAN * median_s), 1e-4)
    power = 1e-4
    while power * 10 < wanted_s:
        power *= 10
    return next((power * each for each in _ROUND if power * each >= wanted_s), power * 10)


def _y(seconds: float, top_s: float) -> float:
    return round(HEIGHT - min(seconds, top_s) / top_s * HEIGHT, 1)


def _lines(values: Sequence[tuple[int, float | None]], span: Span, top_s: float) -> tuple[str, ...]:
    """Consecutive steps are connected; a single one is drawn as wide as its step."""
    known = [(at_s, value) for at_s, value in values if value is not None]
    lines: list[list[tuple[int, float]]] = [known[:1]] if known else []
    for (before_s, _), point in pairwise(known):
        if point[0] - before_s > span.step_s:
            lines.append([])
        lines[-1].append(point)
    return tuple(_polyline(line, span, top_s) for line in lines)


def _polyline(line: Sequence[tuple[int, float]], span: Span, top_s: float) -> str:
    if len(line) == 1:
        at_s, value = line[0]
        line = [(at_s, value), (at_s + span.step_s, value)]
        return " ".join(f"{span.x(at_s)},{_y(value, top_s)}" for at_s, value in line)
    return " ".join(f"{span.x(at_s + span.step_s / 2)},{_y(value, top_s)}" for at_s, value in line)


def _mark(at_s: int, summary: MinuteSummary, span: Span) -> tuple[float, float, float, float]:
    height = round(max(_LEAST_MARK, summary.failures / summary.sent * HEIGHT), 1)
    width = max(1.5, round(span.x(at_s + span.step_s) - span.x(at_s), 1))
    return span.x(at_s), round(HEIGHT - height, 1), width, height


def _words(summaries: Iterable[MinuteSummary]) -> str:
    whole = MinuteSummary()
    for each in summaries:
        whole.merge(each)
    if not whole.sent:
        return "nothing was measured"
    failed = f"{whole.failures:,} of {whole.sent:,} failed ({percent(whole.failures / whole.sent)})"
    if whole.max_s is None:
        return failed
    median = milliseconds(whole.median_s) if whole.median_s is not None else NONE
    return f"median about {median} ms, highest {milliseconds(whole.max_s)} ms; {failed}"
