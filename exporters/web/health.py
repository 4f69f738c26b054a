"""The health requests to one target: the time KMS would have waited, per phase, and the responses."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporters.checks import CALL_PHASES, REQUESTS, is_answered, plans_of, total_s
from exporters.web.formatting import NONE, milliseconds
from exporters.web.snapshot import TargetState
from probe.model.measurements import (
    WITHHELD_FOR_OURSELVES,
    HealthDetails,
    KeyManagerStatus,
    Measurement,
    Phase,
)
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Mode

WIDTH, HEIGHT = 132.0, 12.0
LIMIT_MS = f"{CALL_LIMIT_S * 1e3:g}"
_OK = 200
# The limit is always visible, and a proxy that takes seconds does not compress the phases of the others.
_MIN_TOP_S, _MAX_TOP_S = CALL_LIMIT_S * 1.15, CALL_LIMIT_S * 4
_MIN_WIDTH = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One phase of a bar. ``words`` are its name and its time in milliseconds."""

    phase: str
    x: float
    width: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBar:
    """The latest request of one mode. ``total`` is in milliseconds, "n/a" unless it was answered."""

    mode: str
    total: str
    over: bool
    wrong: str
    segments: tuple[Segment, ...]
    limit_x: float
    label: str
    limit: str = LIMIT_MS
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """``note``: why there is no data. ``managers`` and ``clock`` are "" until a response has them."""

    note: str
    requests: tuple[RequestBar, ...]
    managers: str
    managers_kind: str
    clock: str


def health(state: TargetState) -> Health | None:
    """None for a target without health checks."""
    if not plans_of(state.target).keys() & set(REQUESTS.values()):
        return None
    latest = state.health
    counts = latest.counts() or {}
    usable = [n for manager, n in counts.items() if n and manager is not KeyManagerStatus.UNAVAILABLE]
    return Health(
        note=_note(latest.withheld) if latest.withheld else "" if latest.requests else "not measured yet",
        requests=tuple(_request(mode, latest.requests[mode]) for mode in Mode if mode in latest.requests),
        managers=", ".join(f"{n} {manager.value.lower()}" for manager, n in counts.items() if n),
        managers_kind="bad" if counts and not usable else "quiet",
        clock=f"{latest.clock_offset_s:+.0f} s" if latest.clock_offset_s is not None else "",
    )


def _note(withheld: str) -> str:
    return (
        f"not sent: {withheld}" if withheld in WITHHELD_FOR_OURSELVES else f"not sent: {withheld} is not met"
    )


def _request(mode: Mode, measurement: Measurement) -> RequestBar:
    total = total_s(measurement)
    known = {phase: measurement.phases_s[phase] for phase in CALL_PHASES if phase in measurement.phases_s}
    top_s = min(max(_MIN_TOP_S, sum(known.values())), _MAX_TOP_S)
    segments = _segments(known, top_s, bounded=_is_bounded(measurement))
    listed = ", ".join(segment.words for segment in segments)
    return RequestBar(
        mode=mode.value,
        total=milliseconds(total),
        over=total is not None and total > CALL_LIMIT_S,
        wrong=_wrong(measurement),
        segments=segments,
        limit_x=round(CALL_LIMIT_S / top_s * WIDTH, 1),
        label=f"{mode.value}, phases in ms: {listed or NONE}; limit {LIMIT_MS} ms",
    )


def _segments(known: Mapping[Phase, float], top_s: float, *, bounded: bool) -> tuple[Segment, ...]:
    """The segments side by side, cut at the right edge."""
    segments, x = [], 0.0
    for phase, duration_s in known.items():
        width = min(max(_MIN_WIDTH, duration_s / top_s * WIDTH), max(0.0, WIDTH - x))
        bound = "≤ " if bounded and phase is Phase.WAIT else ""
        words = f"{phase.value} {bound}{milliseconds(duration_s)}"
        segments.append(Segment(phase=phase.value, x=round(x, 1), width=round(width, 1), words=words))
        x += width
    return tuple(segments)


def _is_bounded(measurement: Measurement) -> bool:
    details = measurement.details
    return isinstance(details, HealthDetails) and details.wait_is_upper_bound


def _wrong(measurement: Measurement) -> str:
    """What is wrong with the response. The text is untrusted: the template cleans it."""
    details, failure = measurement.details, measurement.failure
    if failure is not None:
        return f"{failure.phase} {failure.reason.replace('_', ' ')}"
    if not isinstance(details, HealthDetails) or not is_answered(measurement):
        return "no response"
    status = "" if details.status == _OK else f"status {details.status}"
    return " · ".join(filter(None, (status, details.error_name, details.fault)))
