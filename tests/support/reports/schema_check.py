"""Checks a value against the subset of JSON Schema (draft 2020-12) that docs/schemas/ uses.

An unknown keyword is an error, because a keyword that is ignored would look as if it were checked.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
NOT_CHECKED = {"$schema", "$defs", "title", "description", "format"}


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def faults(value: Any, name: str) -> list[str]:
    """Each fault with its path; empty if ``value``, converted to JSON and back, is valid by the schema."""
    root = schema(name)
    return list(_faults(json.loads(json.dumps(value, allow_nan=False)), root, root, "$"))


def _faults(value: Any, keywords: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[str]:
    for keyword, wanted in keywords.items():
        if keyword not in NOT_CHECKED:
            yield from _keyword(keyword, wanted, value, keywords, root, path)


def _keyword(  # noqa: C901, PLR0912 - one case per keyword, as in the standard
    keyword: str, wanted: Any, value: Any, keywords: dict[str, Any], root: dict[str, Any], path: str
) -> Iterator[str]:
    match keyword:
        case "$ref":
            yield from _faults(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, path)
        case "anyOf" | "oneOf":
            matches = sum(not list(_faults(value, option, root, path)) for option in wanted)
            if matches == 0 or (keyword == "oneOf" and matches > 1):
                yield f"{path}: matches {matches} schemas of {keyword}"
        case "type":
            names = [wanted] if isinstance(wanted, str) else wanted
            if not any(_is(value, name) for name in names):
                yield f"{path}: {value!r} must be one of {names}"
        case "const" | "enum":
            if value not in (wanted if keyword == "enum" else [wanted]):
                yield f"{path}: {value!r} must be {wanted}"
        case "required" if isinstance(value, dict):
            yield from (f"{path}.{name}: missing" for name in wanted if name not in value)
        case "properties" if isinstance(value, dict):
            for name, part in wanted.items():
                if name in value:
                    yield from _faults(value[name], part, root, f"{path}.{name}")
        case "additionalProperties" if isinstance(value, dict):
            yield from (f"{path}.{name}: unknown" for name in value.keys() - keywords["properties"].keys())
        case "items" if isinstance(value, list):
            for index, part in enumerate(value):
                yield from _faults(part, wanted, root, f"{path}[{index}]")
        case "minItems" | "maxItems" if isinstance(value, list):
            if (len(value) < wanted) if keyword == "minItems" else (len(value) > wanted):
                yield f"{path}: {len(value)} items"
        case "minimum" | "maximum" if isinstance(value, int | float):
            if (value < wanted) if keyword == "minimum" else (value > wanted):
                yield f"{path}: {value} is outside the {keyword} of {wanted}"
        case "pattern" if isinstance(value, str):
            if not re.search(wanted, value):
                yield f"{path}: {value!r} does not match {wanted}"
        case (
            "required"
            | "additionalProperties"
            | "properties"
            | "items"
            | "minItems"
            | "maxItems"
            | "minimum"
            | "maximum"
            | "pattern"
        ):
            return  # the standard ignores these keywords for values of other types
        case _:
            raise NotImplementedError(keyword)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
