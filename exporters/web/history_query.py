"""Reads the parameters of ``/api/v1/history``: a target, a range of time, and the time between points."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from probe.model.history import MINUTE_S
from probe.model.text import clean

MAX_POINTS = 2000
DEFAULT_POINTS = 300
DEFAULT_SPAN_S = 3600
PARAMETERS = ("target", "from", "to", "step")
_LATEST_S = 253402300740  # the last minute of the year 9999
_UNIX = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:]{8}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_STEP = re.compile(r"[0-9]{1,9}")
_SHOWN = 80


class BadQueryError(ValueError):
    """A parameter is wrong; the text is one line that says what is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """A range in whole minutes, from ``from_s`` until before ``to_s``."""

    target: str
    from_s: int
    to_s: int
    step_s: int


def history_query(given: Mapping[str, Sequence[str]], now_s: float) -> HistoryQuery:
    """``given`` are the values of each parameter. Raises `BadQueryError`."""
    for name, values in given.items():
        if name not in PARAMETERS:
            raise BadQueryError(f"{_shown(name)} is not a parameter; possible are {', '.join(PARAMETERS)}")
        if len(values) > 1:
            raise BadQueryError(f"{name} is given {len(values)} times; give it once")
    one = {name: values[0] for name, values in given.items()}
    if not one.get("target"):
        raise BadQueryError("target is missing; give the name of a target, as in /api/v1/targets")
    to_s = _ceiling(_time("to", one["to"]) if "to" in one else now_s)
    from_s = _floor(_time("from", one["from"])) if "from" in one else max(0, to_s - DEFAULT_SPAN_S)
    if from_s >= to_s:
        raise BadQueryError("from is not before to; give an earlier from or a later to")
    return HistoryQuery(
        target=one["target"], from_s=from_s, to_s=to_s, step_s=_step(one.get("step"), to_s - from_s)
    )


def default_step_s(span_s: int, points: int = DEFAULT_POINTS) -> int:
    """The shortest step in whole minutes that gives at most so many points.

    >>> default_step_s(3600), default_step_s(86400), default_step_s(7 * 86400)
    (60, 300, 2040)
    """
    return _ceiling(span_s / points)


def _step(text: str | None, span_s: int) -> int:
    if text is None:
        return default_step_s(span_s)
    step_s = int(text) if _STEP.fullmatch(text) else 0
    if step_s < MINUTE_S or step_s % MINUTE_S:
        raise BadQueryError(f"step {_shown(text)} is not a multiple of 60; give seconds, such as 60 or 300")
    if -(-span_s // step_s) > MAX_POINTS:
        shortest_s = default_step_s(span_s, MAX_POINTS)
        raise BadQueryError(f"step {step_s} gives more than {MAX_POINTS} points; use {shortest_s} or more")
    return step_s


def _time(name: str, text: str) -> float:
    """Unix seconds or RFC 3339. In a URL, an unescaped + is read as a space."""
    zoned = text.replace(" ", "+")
    try:
        if _UNIX.fullmatch(text):
            seconds = float(text)
        elif _RFC_3339.fullmatch(zoned):
            seconds = datetime.fromisoformat(zoned.upper()).timestamp()
        else:
            seconds = -1.0
    except (ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds <= _LATEST_S:
        raise BadQueryError(
            f"{name} {_shown(text)} is not a time; give one such as 2027-01-31T08:00:00Z, or Unix seconds"
        )
    return seconds


def _floor(seconds: float) -> int:
    return int(seconds // MINUTE_S) * MINUTE_S


def _ceiling(seconds: float) -> int:
    return -int(-seconds // MINUTE_S) * MINUTE_S


def _shown(text: str) -> str:
    return f"'{clean(text, _SHOWN)}'"
