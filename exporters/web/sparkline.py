"""The geometry of a sparkline of round trips; the template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.web.formatting import milliseconds
from probe.model.survey import RTT_THRESHOLD_S

WIDTH = 132.0
HEIGHT = 30.0
POINTS = 60
_MARGIN = 2.0
# The limit is always visible, and one slow packet does not flatten all others.
_MIN_TOP_S = RTT_THRESHOLD_S * 1.15
_MAX_TOP_S = RTT_THRESHOLD_S * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """``lines`` are polyline points, with gaps at lost round trips; ``lost`` are their x coordinates."""

    lines: tuple[str, ...]
    lost: tuple[float, ...]
    limit_y: float
    last: tuple[float, float] | None
    label: str
    width: float = WIDTH
    height: float = HEIGHT


def sparkline(series_s: Sequence[float | None], limit_s: float = RTT_THRESHOLD_S) -> Sparkline:
    """From the last round trips in seconds, oldest first, None for a lost one."""
    shown = tuple(series_s)[-POINTS:]
    answered = [rtt_s for rtt_s in shown if rtt_s is not None]
    top_s = min(max(_MIN_TOP_S, *answered, 0.0), _MAX_TOP_S)
    first = POINTS - len(shown)  # the newest is always at the right edge
    points = [
        (_x(first + number), None if rtt_s is None else _y(rtt_s, top_s))
        for number, rtt_s in enumerate(shown)
    ]
    newest = points[-1] if points else None
    return Sparkline(
        lines=_lines(points),
        lost=tuple(x for x, y in points if y is None),
        limit_y=_y(limit_s, top_s),
        last=(newest[0], newest[1]) if newest and newest[1] is not None else None,
        label=_label(len(shown), answered, limit_s),
    )


def _x(number: int) -> float:
    return round(_MARGIN + number * (WIDTH - 2 * _MARGIN) / (POINTS - 1), 1)


def _y(rtt_s: float, top_s: float) -> float:
    share = min(max(rtt_s, 0.0), top_s) / top_s
    return round(HEIGHT - _MARGIN - share * (HEIGHT - 2 * _MARGIN), 1)


def _lines(points: Sequence[tuple[float, float | None]]) -> tuple[str, ...]:
    lines: list[list[str]] = [[]]
    for x, y in points:
        if y is None:
            lines.append([])
        else:
            lines[-1].append(f"{x},{y}")
    # A single point has no length; drawn twice with round caps it becomes a dot.
    return tuple(" ".join(line if len(line) > 1 else line * 2) for line in lines if line)


def _label(count: int, answered: Sequence[float], limit_s: float) -> str:
    if not count:
        return "no round trips yet"
    highest = f", highest {milliseconds(max(answered))} ms" if answered else ""
    return f"last {count} round trips: {count - len(answered)} lost{highest}; limit {limit_s * 1e3:g} ms"
