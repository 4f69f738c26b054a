"""Draws boxes in rows, with arrows from the importer to the imported part, as SVG text. Pure.

An arrow that spans several rows gets its own narrow slot in each row between, so that it crosses no box.
Slots are ordered so that few arrows cross, then moved so that arrows are short.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations, pairwise
from statistics import fmean

Slot = str | tuple[str, str, int]  # a box, or the passage of the arrow between two boxes through a row
_BOX_HEIGHT, _BOX_WIDTH, _PASSAGE_WIDTH = 38, 110, 14
_LETTER_WIDTH, _PADDING = 7.2, 20  # average letter at 14 pixels; total horizontal padding of a name
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
    """``row`` counts from the top; ``column`` orders the groups; ``style`` is a class in `_STYLE`."""

    name: str
    row: int
    column: int
    style: str


def svg(
    boxes: Sequence[Box], arrows: Sequence[tuple[str, str]], title: str, legend: Mapping[str, str]
) -> str:
    """The drawing. ``arrows`` go down by at least one row; ``legend``: style -> meaning."""
    rows, lines = _slots_of(boxes, arrows)
    rows = _ordered(rows, lines, {box.name: box.column for box in boxes})
    across = _positions(rows, lines)
    width = max(x + _width(slot) / 2 for slot, x in across.items()) + _MARGIN
    legend_top = _MARGIN + (len(rows) - 1) * _ROW_HEIGHT + _BOX_HEIGHT + 14
    height = legend_top + 22 * len(legend) + 4
    down = {slot: _MARGIN + row * _ROW_HEIGHT for row, slots in enumerate(rows) for slot in slots}
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


def _slots_of(
    boxes: Sequence[Box], arrows: Sequence[tuple[str, str]]
) -> tuple[list[list[Slot]], list[list[Slot]]]:
    """The slots of each row, and those of each arrow: from a box, through passages, to a box."""
    row_of = {box.name: box.row for box in boxes}
    rows: list[list[Slot]] = [[] for _ in range(1 + max(row_of.values()))]
    for box in boxes:
        rows[box.row].append(box.name)
    lines: list[list[Slot]] = []
    for upper, lower in arrows:
        between = range(row_of[upper] + 1, row_of[lower])
        passages: list[Slot] = [(upper, lower, row) for row in between]
        for row, passage in zip(between, passages, strict=True):
            rows[row].append(passage)
        lines.append([upper, *passages, lower])
    return rows, lines


def _ordered(
    rows: list[list[Slot]], lines: Sequence[Sequence[Slot]], column: Mapping[str, int]
) -> list[list[Slot]]:
    """The order with the fewest crossings found by sorting slots by the positions of their neighbours."""
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
            at = {slot: float(n) for slots in rows for n, slot in enumerate(slots)}
            rows = [*rows[:row], sorted(rows[row], key=_key(column, neighbours, at)), *rows[row + 1 :]]
        if _crossings(rows, links) < _crossings(best, links):
            best = rows
    return best


def _key(
    column: Mapping[str, int], neighbours: Mapping[Slot, Sequence[Slot]], at: Mapping[Slot, float]
) -> Callable[[Slot], tuple[int, float]]:
    """Keeps groups together; a passage belongs to the group of the box where its arrow starts."""

    def key(slot: Slot) -> tuple[int, float]:
        near = [at[other] for other in neighbours.get(slot, ())]
        name = slot if isinstance(slot, str) else slot[0]
        return column[name], fmean(near) if near else at[slot]

    return key


def _crossings(rows: Sequence[Sequence[Slot]], links: Sequence[tuple[Slot, Slot]]) -> int:
    at = {slot: (row, n) for row, slots in enumerate(rows) for n, slot in enumerate(slots)}
    ends = [(at[upper], at[lower]) for upper, lower in links]
    return sum(a[0] == b[0] and (a[1] - b[1]) * (c[1] - d[1]) < 0 for (a, c), (b, d) in combinations(ends, 2))


def _positions(rows: Sequence[Sequence[Slot]], lines: Sequence[Sequence[Slot]]) -> dict[Slot, float]:
    """The centre of each slot in pixels: as near to its neighbours as the order of the row allows."""
    near = defaultdict(list)
    for line in lines:
        for upper, lower in pairwise(line):
            near[upper].append(lower)
            near[lower].append(upper)
    across = {slot: float(n * _BOX_WIDTH) for slots in rows for n, slot in enumerate(slots)}
    for _ in range(_SWEEPS):
        for slots in rows:
            wanted = [fmean([across[other] for other in near[slot]] or [across[slot]]) for slot in slots]
            across.update(zip(slots, _spaced(slots, wanted), strict=True))
    left = min(x - _width(slot) / 2 for slot, x in across.items())
    return {slot: x - left + _MARGIN for slot, x in across.items()}


def _spaced(slots: Sequence[Slot], wanted: Sequence[float]) -> list[float]:
    """The positions nearest to ``wanted`` (least squares) that keep the order and the gaps."""
    offsets = [0.0]
    for one, other in pairwise(slots):
        offsets.append(offsets[-1] + (_width(one) + _width(other)) / 2 + _GAP)
    blocks: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        blocks.append([want - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    moved = [fmean(block) for block in blocks for _ in block]
    return [start + offset for start, offset in zip(moved, offsets, strict=True)]


def _width(slot: Slot) -> float:
    """The width of a slot; a box is wide enough for its name."""
    if not isinstance(slot, str):
        return _PASSAGE_WIDTH
    return max(_BOX_WIDTH, len(slot) * _LETTER_WIDTH + _PADDING)


def _arrows(
    lines: Sequence[Sequence[Slot]], across: Mapping[Slot, float], down: Mapping[Slot, float]
) -> list[str]:
    """Each line has its own point at both boxes; the points are ordered so that lines do not cross there."""
    starts = _ports([(line[0], line[1], n) for n, line in enumerate(lines)], across)
    ends = _ports([(line[-1], line[-2], n) for n, line in enumerate(lines)], across)
    drawn = []
    for n, line in enumerate(lines):
        x, y = starts[n], down[line[0]] + _BOX_HEIGHT
        path = f"M{x:.0f} {y:.0f}"
        for slot in line[1:]:
            is_end = slot is line[-1]
            to_x, to_y = (ends[n] if is_end else across[slot]), down[slot]
            middle = (y + to_y) / 2
            path += f"C{x:.0f} {middle:.0f} {to_x:.0f} {middle:.0f} {to_x:.0f} {to_y:.0f}"
            if not is_end:
                path += f"V{to_y + _BOX_HEIGHT:.0f}"
            x, y = to_x, to_y + _BOX_HEIGHT
        drawn.append(f'<path d="{path}" marker-end="url(#head)"/>')
    return drawn


def _ports(ends: Sequence[tuple[Slot, Slot, int]], across: Mapping[Slot, float]) -> dict[int, float]:
    """The x position where each line touches its box, distributed around the centre of the box."""
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
        f'<text class="legend" x="{_MARGIN + 34}" y="{top + 22 * n + 11:.0f}">{escape(meaning)}</text>'
        for n, (style, meaning) in enumerate(legend.items())
    ]
