"""Reads values of the expected type from untrusted JSON; other types count as missing. Never raises."""

from collections.abc import Mapping
from typing import Any

MAX_TEXT = 4096
MAX_ENTRIES = 5000
MAX_PORT = 65535


def text(of: object, key: str) -> str | None:
    """The text at ``key``, cut at 4,096 characters; None if there is none."""
    value = of.get(key) if isinstance(of, Mapping) else None
    return value[:MAX_TEXT] if isinstance(value, str) else None


def words(of: object, key: str) -> str:
    return text(of, key) or ""


def number(of: object, key: str) -> int | None:
    value = of.get(key) if isinstance(of, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def port(of: object, key: str) -> int | None:
    """The number at ``key``, if it is a valid port."""
    value = number(of, key)
    return value if value is not None and 0 < value <= MAX_PORT else None


def flag(of: object, key: str) -> bool | None:
    value = of.get(key) if isinstance(of, Mapping) else None
    return value if isinstance(value, bool) else None


def mapping(of: object, key: str) -> Mapping[str, Any]:
    value = of.get(key) if isinstance(of, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def has_long_list(value: object) -> bool:
    """Whether a list inside has more entries than are read."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, list):
            if len(each) > MAX_ENTRIES:
                return True
            left.extend(each)
        elif isinstance(each, Mapping):
            left.extend(each.values())
    return False


def texts(of: object, key: str) -> tuple[str, ...]:
    """The texts of a list; other types and empty texts are left out."""
    value = of.get(key) if isinstance(of, Mapping) else None
    found = value[:MAX_ENTRIES] if isinstance(value, list) else []
    return tuple(each[:MAX_TEXT] for each in found if isinstance(each, str) and each)


def entries(of: object, key: str) -> tuple[Mapping[str, Any], ...] | None:
    """The objects of a list. A missing list gives None, an empty list ()."""
    value = of.get(key) if isinstance(of, Mapping) else None
    if not isinstance(value, list):
        return None
    return tuple(each for each in value[:MAX_ENTRIES] if isinstance(each, Mapping))
