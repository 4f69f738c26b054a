"""Validates the values of a scenario file and collects all errors with their paths."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")
_E = TypeVar("_E", bound=str)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(us|ms|s)", re.ASCII)
_UNIT_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,126}[A-Za-z0-9])?", re.ASCII)
NO_NAME = "x"  # placeholder for an invalid name
MAX_ITEMS = 250  # per list: each kind of host has its own /24


class Fields:
    """Collects errors as ``path: what to do`` and continues with a default, so that one run finds all."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def note(self, path: str, what_to_do: str) -> None:
        self.mistakes.append(f"{path}: {what_to_do}")

    def mapping(self, path: str, value: object, keys: Sequence[str] | None = None) -> dict[str, Any]:
        """A mapping; with ``keys``, any other key is an error."""
        if not isinstance(value, Mapping):
            self.note(path, "write 'key: value' pairs")
            return {}
        for key in value:
            if keys is not None and key not in keys:
                self.note(f"{path}.{key}", f"unknown key; valid keys: {', '.join(keys)}")
        return {str(key): item for key, item in value.items()}

    def items(self, path: str, value: object, read: Callable[[str, object], _T]) -> tuple[_T, ...]:
        """The results of ``read(path, item)`` for each item of a list."""
        if not isinstance(value, list):
            self.note(path, "write a list")
            return ()
        self.fits(path, len(value))
        return tuple(read(f"{path}[{index}]", item) for index, item in enumerate(value))

    def fits(self, path: str, count: int) -> None:
        if count > MAX_ITEMS:
            self.note(path, f"give at most {MAX_ITEMS}, not {count}")

    def text(self, path: str, value: object) -> str:
        if isinstance(value, str):
            return value
        self.note(path, "write a string")
        return ""

    def texts(self, path: str, value: object) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.note(path, "write a list of strings")
        return ()

    def name(self, path: str, value: object) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        self.note(path, "write a name of letters, digits, '.' and '-'")
        return NO_NAME

    def flag(self, path: str, value: object) -> bool:
        if not isinstance(value, bool):
            self.note(path, "write true or false")
        return value is True

    def share(self, path: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self.note(path, "write a number from 0 to 1, such as 0.02")
            return 0.0
        return float(value)

    def duration_s(self, path: str, value: object) -> float:
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        duration_s = float(match[1]) * _UNIT_S[match[2]] if match else -1.0
        if not 0 <= duration_s <= 60:  # noqa: PLR2004  # a minute is beyond any deadline of the agent
            self.note(path, "write a duration from 0ms to 60s with its unit, such as 35.6ms")
            return 0.0
        return duration_s

    def one_of(self, path: str, value: object, allowed: Sequence[_E]) -> _E:
        """The member of ``allowed`` with this value."""
        for member in allowed:
            if isinstance(value, str) and member == value:
                return member
        self.note(path, f"write one of: {', '.join(allowed)}")
        return allowed[0]

    def matching(self, path: str, value: object, pattern: re.Pattern[str], what_to_do: str) -> str | None:
        """A string that matches the pattern; None if it does not."""
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self.note(path, what_to_do)
        return None
