"""The two plots as SVG text, for light and dark pages. Pure."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from bench.tables import OWN, CostRow, Results, Row, p99

_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.small { font-size: 11px; fill: #57606a }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
.c0 { fill: #0969da; stroke: #0969da } .c1 { fill: #bc4c00; stroke: #bc4c00 }
.c2 { fill: #1a7f37; stroke: #1a7f37 } .c3 { fill: #8250df; stroke: #8250df }
rect { fill-opacity: 0.55; stroke-opacity: 0 }
.whisker { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small { fill: #9198a1 } .grid { stroke: #3d444d } .whisker { stroke: #e6edf3 }
  .c0 { fill: #4493f8; stroke: #4493f8 } .c1 { fill: #f0883e; stroke: #f0883e }
  .c2 { fill: #3fb950; stroke: #3fb950 } .c3 { fill: #ab7df8; stroke: #ab7df8 }
}
</style>"""
_WIDTH, _LEFT, _RIGHT = 860, 270, 100
_COLOURS = 4
_MIN_US = 0.1  # smaller values are drawn here, because a logarithmic axis has no zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot; ``alt`` is its text alternative."""

    file: str
    alt: str
    svg: str


def drawn(results: Results) -> list[Plot]:
    """The plots for which there are numbers."""
    plots = []
    if any(row.found.errors_us for row in results.rows):
        plots.append(
            Plot(
                file="performance-error.svg",
                alt="Error against the capture by tool, method and load, logarithmic: median to p99",
                svg=error_plot(results.rows),
            )
        )
    if results.costs:
        plots.append(
            Plot(
                file="performance-cost.svg",
                alt="CPU time per ping by tool and socket buffers: median, minimum and maximum",
                svg=cost_plot(results.costs),
            )
        )
    return plots


def error_plot(rows: Sequence[Row]) -> str:
    """A lane per tool and method, with a line per load from the median to p99."""
    known = [row for row in rows if row.found.errors_us]
    lanes = sorted(dict.fromkeys((row.tool, row.method) for row in known), key=lambda lane: lane[0] != OWN)
    loads = list(dict.fromkeys(row.load for row in known))
    farthest_us = max(p99(row.found.errors_us) for row in known)
    decades = max(1, math.ceil(math.log10(max(farthest_us, _MIN_US) / _MIN_US)))
    lane_height, top = 18 * len(loads) + 14, 76
    bottom = top + lane_height * len(lanes)

    def across(us: float) -> float:
        share = math.log10(max(abs(us), _MIN_US) / _MIN_US) / decades
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    parts = [_text(20, 28, "Error against the capture, µs: ● median, | 99th percentile", "title")]
    parts += _legend(loads, 52)
    for decade in range(decades + 1):
        us = _MIN_US * 10**decade
        parts += [
            f'<line class="grid" x1="{across(us):.1f}" x2="{across(us):.1f}" y1="{top}" y2="{bottom}"/>',
            _text(across(us), bottom + 18, f"{us:g}", "small", "middle"),
        ]
    for number, (tool, method) in enumerate(lanes):
        middle = top + lane_height * (number + 0.5)
        parts.append(_text(_LEFT - 14, middle + 4, f"{tool} · {method}", "", "end"))
        parts.append(
            f'<line class="grid" x1="20" x2="{_WIDTH - 20}" y1="{middle + lane_height / 2:.1f}" '
            f'y2="{middle + lane_height / 2:.1f}"/>'
        )
        for row in known:
            if (row.tool, row.method) == (tool, method):
                y = middle + (loads.index(row.load) - (len(loads) - 1) / 2) * 18
                parts += _error_line(row, f"c{loads.index(row.load) % _COLOURS}", across, y)
    return _svg(bottom + 34, parts)


def cost_plot(costs: Sequence[CostRow]) -> str:
    """A bar for each row: the median; a whisker from the minimum to the maximum."""
    conditions = list(dict.fromkeys(row.condition for row in costs))
    max_us = max(run.each_us for row in costs for run in row.runs)
    step_us = _round_step(max_us / 5)
    end_us = math.ceil(max_us / step_us) * step_us
    top, lane_height = 76, 40
    bottom = top + lane_height * len(costs)

    def across(us: float) -> float:
        return _LEFT + us / end_us * (_WIDTH - _LEFT - _RIGHT)

    parts = [_text(20, 28, "CPU per ping, µs: bar median, line minimum to maximum of the runs", "title")]
    parts += _legend([f"buffer limit: {condition}" for condition in conditions], 52)
    for number in range(round(end_us / step_us) + 1):
        x = across(number * step_us)
        parts += [
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>',
            _text(x, bottom + 18, f"{number * step_us:g}", "small", "middle"),
        ]
    for number, row in enumerate(costs):
        each_us, y = [run.each_us for run in row.runs], top + lane_height * (number + 0.5)
        colour = f"c{conditions.index(row.condition) % _COLOURS}"
        parts += [
            _text(_LEFT - 14, y + 4, row.tool, "", "end"),
            (
                f'<rect class="{colour}" x="{_LEFT}" y="{y - 9:.1f}" '
                f'width="{across(row.median_us) - _LEFT:.1f}" height="18" rx="2"/>'
            ),
            (
                f'<line class="whisker" x1="{across(min(each_us)):.1f}" x2="{across(max(each_us)):.1f}" '
                f'y1="{y:.1f}" y2="{y:.1f}"/>'
            ),
            _text(across(max(each_us)) + 10, y + 4, f"{row.median_us:.1f}", "small"),
        ]
    return _svg(bottom + 34, parts)


def _error_line(row: Row, colour: str, across: Callable[[float], float], y: float) -> Iterator[str]:
    median_us, p99_us = statistics.median(row.found.errors_us), p99(row.found.errors_us)
    begin, end = across(median_us), across(p99_us)
    yield (
        f'<line class="{colour}" stroke-width="2" x1="{begin:.1f}" x2="{end:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<circle class="{colour}" cx="{begin:.1f}" cy="{y:.1f}" r="4.5"/>'
        f'<line class="{colour}" stroke-width="3" x1="{end:.1f}" x2="{end:.1f}" '
        f'y1="{y - 6:.1f}" y2="{y + 6:.1f}"/>'
    )
    yield _text(max(begin, end) + 10, y + 4, f"{median_us:.1f} | {p99_us:.1f}", "small")


def _legend(names: Sequence[str], y: float) -> Iterator[str]:
    x = 20.0
    for number, name in enumerate(names):
        yield f'<circle class="c{number % _COLOURS}" cx="{x + 5:.1f}" cy="{y - 4:.1f}" r="5"/>'
        yield _text(x + 16, y, name)
        x += 40 + 7.5 * len(name)


def _round_step(minimum: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, …"""
    power = 10.0 ** math.floor(math.log10(minimum))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= minimum)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" '
        f'width="{_WIDTH}" height="{height:.0f}" role="img">'
    )
    return "\n".join([head, _STYLE, *parts, "</svg>"]) + "\n"
