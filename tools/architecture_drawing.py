"""Boxes in rows, and arrows from who imports to what is imported, as SVG text. Pure.

An arrow over several rows gets a narrow place of its own in each row between, so that it crosses no box.
Rows are ordered so that few arrows cross, then moved so that arrows are short.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations, pairwise
from statistics import fmean

Place = str | tuple[str, str, int]  # a box, or where the arrow between two boxes passes a row
_BOX_HEIGHT, _BOX_WIDTH, _PASSAGE_WIDTH = 38, 110, 14
_LETTER_WIDTH, _PADDING = 7.2, 20  # of a letter on average, at 14 pixels; to the left and right of a name
_GAP, _ROW_HEIGHT, _MARGIN = 22, 84, 16
_SWEEPS = 40
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
    'width="{width}" height="{height}" role="img">'
)
_ARROW_HEAD = (
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
    'orient="auto"><path class="head" d="M0 0L10 5L0 10z"/></marker></defs>'
)
_STYLE = """<style>
text { font: 14px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
.legend { font-size: 12px; fill: #57606a; text-anchor: start }
rect { fill: #ffffff; stroke: #57606a; stroke-width: 1.5 }
.pure { fill: #ddf4ff; stroke: #0969da }
.other { stroke-dasharray: 5 3 }
path { fill: none; stroke: #57606a; stroke-width: 1.3 }
.head { fill: #57606a; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .legend { fill: #9198a1 } rect { fill: #0d1117; stroke: #9198a1 }
  .pure { fill: #0c2d52; stroke: #4493f8 } path { stroke: #9198a1 } .head { fill: #9198a1 }
}
</style>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """``row`` counts from the top, ``column`` keeps groups side by side; ``style`` is a class in `_STYLE`."""

    name: str
    row: int
    column: int
    style: str


def svg(
    boxes: Sequence[Box], arrows: Sequence[tuple[str, str]], title: str, legend: Mapping[str, str]
) -> str:
    """The picture. ``arrows`` go downwards, at least one row; ``legend``: style -> what it means."""
    rows, lines = _places(boxes, arrows)
    rows = _ordered(rows, lines, {box.name: box.column for box in boxes})
    across = _positions(rows, lines)
    width = max(x + _width(place) / 2 for place, x in across.items()) + _MARGIN
    legend_top = _MARGIN + (len(rows) - 1) * _ROW_HEIGHT + _BOX_HEIGHT + 14
    height = legend_top + 22 * len(legend) + 4
    down = {place: _MARGIN + row * _ROW_HEIGHT for row, places in enumerate(rows) for place in places}
    return "\n".join(
        [
            _HEAD.format(width=round(width), height=round(height)),
            f"<title>{escape(title)}</title>",
            _STYLE,
            _ARROW_HEAD,
            *_arrows(lines, across, down),
            *(_box(box, across[box.name], down[box.name]) for box in boxes),
            *_legend(legend, legend_top),
            "</svg>\n",
        ]
    )


def _places(
    boxes: Sequence[Box], arrows: Sequence[tuple[str, str]]
) -> tuple[list[list[Place]], list[list[Place]]]:
    """The places of each row, and of each arrow: from a box, through passages, to a box."""
    row_of = {box.name: box.row for box in boxes}
    rows: list[list[Place]] = [[] for _ in range(1 + max(row_of.values()))]
    for box in boxes:
        rows[box.row].append(box.name)
    lines: list[list[Place]] = []
    for upper, lower in arrows:
        between = range(row_of[upper] + 1, row_of[lower])
        passages: list[Place] = [(upper, lower, row) for row in between]
        for row, passage in zip(between, passages, strict=True):
            rows[row].append(passage)
        lines.append([upper, *passages, lower])
    return rows, lines


def _ordered(
    rows: list[list[Place]], lines: Sequence[Sequence[Place]], column: Mapping[str, int]
) -> list[list[Place]]:
    """The order with the fewest crossings that sorting by the neighbours' places finds."""
    links = [pair for line in lines for pair in pairwise(line)]
    above, below = defaultdict(list), defaultdict(list)
    for upper, lower in links:
        above[lower].append(upper)
        below[upper].append(lower)
    best = rows
    for sweep in range(_SWEEPS):
        neighbours = below if sweep % 2 else above
        order = range(len(rows))[::-1] if sweep % 2 else range(len(rows))
        for row in order:
            at = {place: float(n) for places in rows for n, place in enumerate(places)}
            rows = [*rows[:row], sorted(rows[row], key=_key(column, neighbours, at)), *rows[row + 1 :]]
        if _crossings(rows, links) < _crossings(best, links):
            best = rows
    return best


def _key(
    column: Mapping[str, int], neighbours: Mapping[Place, Sequence[Place]], at: Mapping[Place, float]
) -> Callable[[Place], tuple[int, float]]:
    """A group stays together: an arrow belongs to the box from which it comes."""

    def key(place: Place) -> tuple[int, float]:
        near = [at[other] for other in neighbours.get(place, ())]
        name = place if isinstance(place, str) else place[0]
        return column[name], fmean(near) if near else at[place]

    return key


def _crossings(rows: Sequence[Sequence[Place]], links: Sequence[tuple[Place, Place]]) -> int:
    at = {place: (row, n) for row, places in enumerate(rows) for n, place in enumerate(places)}
    ends = [(at[upper], at[lower]) for upper, lower in links]
    return sum(a[0] == b[0] and (a[1] - b[1]) * (c[1] - d[1]) < 0 for (a, c), (b, d) in combinations(ends, 2))


def _positions(rows: Sequence[Sequence[Place]], lines: Sequence[Sequence[Place]]) -> dict[Place, float]:
    """The middle of each place, in pixels: as near to its neighbours as the row's order allows."""
    near = defaultdict(list)
    for line in lines:
        for upper, lower in pairwise(line):
            near[upper].append(lower)
            near[lower].append(upper)
    across = {place: float(n * _BOX_WIDTH) for places in rows for n, place in enumerate(places)}
    for _ in range(_SWEEPS):
        for places in rows:
            wanted = [fmean([across[other] for other in near[place]] or [across[place]]) for place in places]
            across.update(zip(places, _apart(places, wanted), strict=True))
    left = min(x - _width(place) / 2 for place, x in across.items())
    return {place: x - left + _MARGIN for place, x in across.items()}


def _apart(places: Sequence[Place], wanted: Sequence[float]) -> list[float]:
    """The positions nearest to ``wanted`` (least squares) that keep order and distance."""
    offsets = [0.0]
    for one, other in pairwise(places):
        offsets.append(offsets[-1] + (_width(one) + _width(other)) / 2 + _GAP)
    blocks: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        blocks.append([want - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    moved = [fmean(block) for block in blocks for _ in block]
    return [start + offset for start, offset in zip(moved, offsets, strict=True)]


def _width(place: Place) -> float:
    """Of a box: that of its name, and of no less than a usual one."""
    if not isinstance(place, str):
        return _PASSAGE_WIDTH
    return max(_BOX_WIDTH, len(place) * _LETTER_WIDTH + _PADDING)


def _arrows(
    lines: Sequence[Sequence[Place]], across: Mapping[Place, float], down: Mapping[Place, float]
) -> list[str]:
    """Each line leaves and meets its boxes at a point of its own, in the order of where it comes from."""
    starts = _ports([(line[0], line[1], n) for n, line in enumerate(lines)], across)
    ends = _ports([(line[-1], line[-2], n) for n, line in enumerate(lines)], across)
    drawn = []
    for n, line in enumerate(lines):
        x, y = starts[n], down[line[0]] + _BOX_HEIGHT
        path = f"M{x:.0f} {y:.0f}"
        for place in line[1:]:
            is_end = place is line[-1]
            to_x, to_y = (ends[n] if is_end else across[place]), down[place]
            middle = (y + to_y) / 2
            path += f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
            if not is_end:
                path += f"V{to_y + _BOX_HEIGHT:.0f}"
            x, y = to_x, to_y + _BOX_HEIGHT
        drawn.append(f'<path d="{path}" marker-end="url(#head)"/>')
    return drawn


def _ports(ends: Sequence[tuple[Place, Place, int]], across: Mapping[Place, float]) -> dict[int, float]:
    """Where each line touches its box, spread over the middle of the box."""
    of_box = defaultdict(list)
    for box, neighbour, line in ends:
        of_box[box].append((across[neighbour], line))
    return {
        line: across[box] + (n - (len(touching) - 1) / 2) * min(20, 80 / len(touching))
        for box, touching in of_box.items()
        for n, (_, line) in enumerate(sorted(touching))
    }


def _box(box: Box, x: float, y: float) -> str:
    width = _width(box.name)
    return (
        f'<rect class="{box.style}" x="{x - width / 2:.0f}" y="{y:.0f}" width="{width:.0f}" '
        f'height="{_BOX_HEIGHT}" rx="6"/><text x="{x:.0f}" y="{y + 24:.0f}">{escape(box.name)}</text>'
    )


def _legend(legend: Mapping[str, str], top: float) -> list[str]:
    return [
        f'<rect class="{style}" x="{_MARGIN}" y="{top + 22 * n:.0f}" width="24" height="14" rx="3"/>'
        f'<text class="legend" x="{_MARGIN + 34}" y="{top + 22 * n + 11:.0f}">{escape(words)}</text>'
        for n, (style, words) in enumerate(legend.items())
    ]
