"""Parses and formats durations in user input: ``250ms``, ``15s``, ``10m``, ``1h``."""

import re

_FORM = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)")
_PER_SECOND = {"ms": 1000.0}
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Seconds. Raises ValueError for any other format; its text describes the right one.

    >>> parse_duration("35ms"), parse_duration("10m")
    (0.035, 600.0)
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("is not a duration; use a number with a unit, such as 250ms, 15s, 10m or 1h")
    number, unit = float(match[1]), match[2]
    # Divided, not multiplied by 0.001, so that 35ms is exactly the same float as the limit, 0.035.
    return number / _PER_SECOND[unit] if unit in _PER_SECOND else number * _SECONDS[unit]


def format_duration(seconds: float) -> str:
    """The shortest of those formats, with microsecond precision.

    >>> format_duration(0.035), format_duration(90), format_duration(600)
    ('35ms', '90s', '10m')
    """
    if seconds < 1:
        return f"{_plain(seconds * 1000)}ms"
    for unit in ("h", "m"):
        if seconds % _SECONDS[unit] == 0:
            return f"{_plain(seconds / _SECONDS[unit])}{unit}"
    return f"{_plain(seconds)}s"


def _plain(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")
