"""Updates the generated parts of docs/schemas/; ``--check`` only compares.

A schema is written by hand except for three parts. An ``enum`` whose ``title`` is in `WORDS` gets the values
of that enumeration. An object whose ``title`` is in `KEYS` gets one property per key, all like the first one.
A definition that is also in common.json is a copy of it, so that each schema is self-contained: to validate a
document, one file is enough.
"""

import copy
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from exporters.headline import State
from probe import doctor
from probe.model.account import ApiErrorKind
from probe.model.aws_metrics import OTHER_EXCEPTION, PROXY_EXCEPTIONS
from probe.model.kinds import CHECKS, OF_STORE
from probe.model.large_client_hello import HelloAnswer
from probe.model.measurements import ClientHelloProfile, KeyManagerStatus, Phase, Reason, Timestamps
from probe.model.targets import Check, Method, Mode, Role
from probe.model.verdicts import Basis, Level, Likelihood, Operation, Outcome

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schemas"
COMMON = "common.json"
OF_ANOTHER_TOOL = frozenset({"configuration.json"})
_ENUMERATIONS: tuple[type[StrEnum], ...] = (
    *(
        Basis,
        ApiErrorKind,
        Check,
        Level,
        Likelihood,
        HelloAnswer,
        KeyManagerStatus,
        Method,
        Mode,
        Operation,
        Outcome,
        Phase,
        Reason,
        Role,
        State,
    ),
    Timestamps,
)
WORDS: Mapping[str, tuple[str, ...]] = {
    **{each.__name__: tuple(each) for each in _ENUMERATIONS},
    # `ClientHelloProfile.LARGE` is never that of a measured handshake.
    "ClientHelloProfile": (ClientHelloProfile.KMS, ClientHelloProfile.DIAGNOSING),
    "Role with verdicts of a key store": OF_STORE,
    "State of a finding": tuple(doctor.State),
    "Outcome of what was looked at": tuple(each for each in Outcome if each is not Outcome.NOT_APPLICABLE),
}
KEYS: Mapping[str, tuple[str, ...]] = {
    **{f"by {name}": words for name, words in WORDS.items()},
    "by exception": (*PROXY_EXCEPTIONS, OTHER_EXCEPTION),
    **{f"by phase of {check}": kind.phases for check, kind in CHECKS.items()},
    **{
        f"by phase of {check} to an address": tuple(p for p in kind.phases if p is not Phase.RESOLVE)
        for check, kind in CHECKS.items()
    },
}
_REFERENCE = "#/$defs/"
_WIDTH = 100

Schema = dict[str, Any]


def schemas(folder: Path = FOLDER) -> dict[Path, str]:
    """The expected content of each file."""
    read = {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    own = {path: schema for path, schema in read.items() if path.name not in OF_ANOTHER_TOOL}
    for schema in own.values():
        _fill(schema)
    shared = own[folder / COMMON]["$defs"]
    for path, schema in own.items():
        if path.name != COMMON:
            _share(schema, shared)
    return {path: written(schema) + "\n" for path, schema in own.items()}


def _fill(node: Any) -> None:
    """Fill in the values of the model, in place."""
    for part in _parts(node):
        title = part.get("title", "")
        if title in WORDS and "enum" in part:
            part["enum"] = [*map(str, WORDS[title]), *([None] if None in part["enum"] else [])]
        elif title in KEYS and part.get("properties"):
            first = next(iter(part["properties"].values()))
            part["properties"] = {str(key): copy.deepcopy(first) for key in KEYS[title]}
            if "required" in part:
                part["required"] = list(part["properties"])


def _share(schema: Schema, shared: Mapping[str, Schema]) -> None:
    """Copy the definitions that ``schema`` refers to, also indirectly, and remove unused copies."""
    own = {name: part for name, part in schema.get("$defs", {}).items() if name not in shared}
    wanted, seen = list(_references([schema | {"$defs": {}}, own])), set(own)
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            wanted += _references(shared[name])
    schema["$defs"] = {name: own.get(name) or shared[name] for name in sorted(seen)}


def _references(node: Any) -> Iterator[str]:
    return (
        part["$ref"].removeprefix(_REFERENCE) for part in _parts(node) if isinstance(part.get("$ref"), str)
    )


def _parts(node: Any) -> Iterator[Schema]:
    """Every object in ``node``, outer ones first."""
    if isinstance(node, dict):
        yield node
    inner: Iterable[Any] = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for part in inner:
        yield from _parts(part)


def written(node: Any, indent: int = 0) -> str:
    """JSON formatted for reading: an object or list without nested ones is written on one line."""
    line = json.dumps(node, ensure_ascii=False)
    inner = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    if not any(isinstance(part, dict | list) for part in inner) and len(line) + indent <= _WIDTH:
        return line
    if not inner:
        return line
    before, margin = " " * (indent + 2), " " * indent
    if isinstance(node, dict):
        rows = [f"{json.dumps(key)}: {written(part, indent + 2)}" for key, part in node.items()]
    else:
        rows = [written(part, indent + 2) for part in inner]
    opening, closing = "{}" if isinstance(node, dict) else "[]"
    return f"{opening}\n{before}" + f",\n{before}".join(rows) + f"\n{margin}{closing}"


def main(arguments: list[str]) -> int:
    stale = {path: text for path, text in schemas().items() if path.read_text(encoding="utf-8") != text}
    if "--check" not in arguments:
        for path, text in stale.items():
            path.write_text(text, encoding="utf-8")
        return 0
    for path in stale:
        print(f"docs/schemas/{path.name} is out of date; run: python tools/schemas.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
