"""The parts of this tree, their purposes and their imports, read from the code."""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grimp

TOPS = ("probe", "exporters", "simulator")
PURE = "pure modules import no I/O, clock or network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A folder, or a module next to the folders. ``name`` is its path, for example ``probe/agent``.

    ``imports`` are other parts of this tree, ``libraries`` those of other projects. ``is_pure``: an import
    contract forbids sockets, files and AWS in it.
    """

    name: str
    purpose: str
    imports: tuple[str, ...]
    libraries: tuple[str, ...]
    is_pure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMap:
    """``layers``: per top-level package the names of its parts, highest layer first, from pyproject.toml."""

    layers: Mapping[str, tuple[tuple[str, ...], ...]]
    parts: Mapping[str, Part]


def read(root: Path) -> ImportMap:
    """The map of the tree at ``root``, which must be first in sys.path because grimp imports by name."""
    document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = document["tool"]["importlinter"]["contracts"]
    layers = {top: layers_of(contracts, top) for top in TOPS}
    names = [name for top in TOPS for layer in layers[top] for name in layer]
    pure = {_name(module) for each in contracts if each["name"] == PURE for module in each["source_modules"]}
    graph = grimp.build_graph(TOPS[0], *TOPS[1:], include_external_packages=True, cache_dir=None)
    imported = imports(graph, names)
    parts = {
        name: Part(
            name=name,
            purpose=_purpose(root, name),
            imports=tuple(each for each in (*names, *TOPS) if each in imported[name]),
            libraries=tuple(sorted(imported[name] - {*names, *TOPS} - set(sys.stdlib_module_names))),
            is_pure=name in pure,
        )
        for name in names
    }
    return ImportMap(layers=layers, parts=parts)


def layers_of(contracts: Sequence[Mapping[str, Any]], top: str) -> tuple[tuple[str, ...], ...]:
    """The layers in the contract for ``top``: names of parts, highest layer first."""
    (contract,) = (each for each in contracts if each.get("containers") == [top])
    return tuple(tuple(f"{top}/{name.strip()}" for name in layer.split("|")) for layer in contract["layers"])


def imports(graph: grimp.ImportGraph, names: Sequence[str]) -> dict[str, set[str]]:
    """Per part, the direct imports of its modules: other parts, other packages of this tree, libraries."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for module in graph.modules:
        importer = _part(module, names)
        if importer:
            for imported in graph.find_modules_directly_imported_by(module):
                found[importer].add(_part(imported, names) or imported.partition(".")[0])
    return {name: others - {name, name.partition("/")[0]} for name, others in found.items()}


def reduced(edges: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """The edges without those implied by others (a transitive reduction).

    >>> list(reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}))
    [('a', 'b'), ('b', 'c')]
    """
    for importer, imported in edges.items():
        for each in sorted(imported):
            if not any(each in _reachable(edges, other) for other in imported - {each}):
                yield importer, each


def _reachable(edges: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        new = edges.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def _part(module: str, names: Sequence[str]) -> str | None:
    name = _name(module)
    return next((each for each in names if name == each or name.startswith(f"{each}/")), None)


def _name(module: str) -> str:
    return module.replace(".", "/")


def _purpose(root: Path, name: str) -> str:
    """The first line of the docstring, which states the purpose of the part."""
    folder = root / name
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]
