"""Formats pydantic's errors as "path: what is wrong; what to do", and removes invalid parts of the input."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from probe.config.values import shown, what
from probe.model.text import clean
from probe.wire.yaml_document import path_text

# An example value for each required key.
_EXAMPLES = {
    "address": "10.20.1.10",
    "host": "hsm-1.example.com",
    "icmp": "1s",
    "id": "cks-1234567890abcdef0",
    "name": "nlb-use1-az1",
    "private_dns_name": "myproxy-private.xks.example.com",
    "region": "eu-central-1",
}
Location = Sequence[str | int]
_CREDENTIAL = "credential"
_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
_NOT_A_NAME = "(not a name)"


def located(error: ErrorDetails, raw: Mapping[str, Any]) -> ErrorDetails:
    """The error with its path as in the file, where a single key store need not be in a list."""
    where = error["loc"]
    if where[0] == "key_store" and not isinstance(raw.get("key_store"), list):
        return {**error, "loc": (*where[:1], *where[2:])}
    return error


def line(error: ErrorDetails, schema: type[BaseModel]) -> str:
    """The error, without what may be secret: the value of a credential, and text that is not a name."""
    where, message = error["loc"], _message(error, schema)
    if _CREDENTIAL in where:
        message = message.replace(shown(error["input"]), "the value (not shown)")
    if error["type"] == "extra_forbidden" and not _NAME.fullmatch(str(where[-1])):
        where = (*where[:-1], _NOT_A_NAME)
    return f"{path_text(where)}: {message}"


def _message(error: ErrorDetails, schema: type[BaseModel]) -> str:
    value, key = error["input"], str(error["loc"][-1])
    match error["type"]:
        case "extra_forbidden":
            return _unknown_key(key, model_at(schema, error["loc"][:-1]))
        case "missing":
            return f"is missing; add it, for example `{key}: {_EXAMPLES.get(key, '…')}`"
        case "list_type":
            return f"{what(value)}; expected a list, with a line starting with `- ` for each entry"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{what(value)}; expected a mapping such as {_mapping_of(schema, error['loc'])}"
        case "too_long":
            return f"has more than {error['ctx']['max_length']} entries; delete some"
        case _:
            return clean(error["msg"], 400)


def _unknown_key(key: str, model: type[BaseModel] | None) -> str:
    known = tuple(model.model_fields) if model else ()
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f"unknown key; did you mean {near[0]!r}?"
    return f"unknown key; valid keys: {', '.join(known)}"


def _mapping_of(schema: type[BaseModel], location: Location) -> str:
    model = model_at(schema, location)
    fields = model.model_fields if model else {}
    required = [name for name, field in fields.items() if field.is_required()]
    names = required or list(fields)[:1]
    return "{" + ", ".join(f"{name}: {_EXAMPLES.get(name, '…')}" for name in names) + "}"


def model_at(schema: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The model that describes the mapping at ``location``."""
    model: type[BaseModel] | None = schema
    for part in location:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part) if model else None
        model = _model_in(field.annotation) if field else None
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = getattr(annotation, "__args__", ()) or ()
    return next((found for part in inner if (found := _model_in(part))), None)


def without(
    raw: Mapping[str, Any], locations: Sequence[Location]
) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """``raw`` without its invalid parts, so that the rest can be checked, too.

    The second value has the original indexes of the remaining list entries, by key.
    """
    pruned: dict[str, Any] = {}
    positions: dict[str, list[int]] = {}
    invalid: dict[str | int, list[tuple[str | int, ...]]] = {}
    for where in locations:
        invalid.setdefault(where[0], []).append(tuple(where[1:]))
    for key, value in raw.items():
        below = invalid.get(key, [])
        if () in below:
            continue
        if isinstance(value, list):
            entries = {where[0] for where in below}
            kept = [n for n in range(len(value)) if n not in entries]
            positions[key] = kept
            pruned[key] = [value[n] for n in kept]
        elif not below:
            pruned[key] = value
        elif key in ("intervals", "timeouts") and isinstance(value, dict):
            pruned[key] = {name: v for name, v in value.items() if (name,) not in below}
    return pruned, positions
