"""Whether each parser has a property test: anything in, and no exception but those that it documents.

A property is a function under hypothesis's ``@given`` that uses the parser, by itself or through functions
of its file. It is looked for in the parser's own test and in tests/fuzz.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_FUZZ = "tests/fuzz"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def parsers(root: Path, others: Sequence[str]) -> list[str]:
    """Paths of the modules that read what others wrote: all of `wire`, and ``others``."""
    wire = sorted(path for path in (root / "probe/wire").glob("*.py") if path.name != "__init__.py")
    return [*(path.relative_to(root).as_posix() for path in wire), *others]


def without_property(root: Path, tests: Mapping[str, str], excused: Mapping[str, str]) -> Iterator[str]:
    """Faults. ``tests``: each parser -> its own test; ``excused``: parser -> why it needs no property."""
    fuzz = sorted((root / _FUZZ).glob("*.py"))
    for parser, test in tests.items():
        files = [file for file in (root / test, *fuzz) if file.is_file()]
        if not (root / parser).is_file():
            yield f"tools/check_tree.py: OTHER_PARSERS names {parser}, which is not there; take it out"
            continue
        has_one = any(has_property(file.read_text(encoding="utf-8"), _dotted(parser)) for file in files)
        if not has_one and parser not in excused:
            yield f"{parser}: no test under @given uses it; add one to {test} or {_FUZZ}"
        if has_one and parser in excused:
            yield f"tools/check_tree.py: {parser} has a property; take it out of WITHOUT_PROPERTY"
    for name in excused:
        if name not in tests:
            yield f"tools/check_tree.py: WITHOUT_PROPERTY names {name}, which is no parser; take it out"


def has_property(source: str, module: str) -> bool:
    r"""Whether ``source`` has a function under @given that uses ``module``.

    >>> has_property("from probe.wire import pem\n@given(x)\ndef test(x): pem.read(x)", "probe.wire.pem")
    True
    """
    tree = ast.parse(source)
    wanted, uses = _bound(tree, module), dict(_uses(tree))
    return any(wanted & _reached(name, uses) for name in _given(tree))


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _bound(tree: ast.Module, module: str) -> set[str]:
    """The names under which ``tree`` knows the module or parts of it."""
    package, _, leaf = module.rpartition(".")
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in (module, package):
            names |= {
                each.asname or each.name for each in node.names if node.module == module or each.name == leaf
            }
    return names


def _given(tree: ast.Module) -> Iterator[str]:
    """The names of functions under @given."""
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            calls = (each.func for each in node.decorator_list if isinstance(each, ast.Call))
            if any(isinstance(call, ast.Name) and call.id == "given" for call in calls):
                yield node.name


def _uses(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Each function and constant of the file, with the names in it."""
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            yield node.name, _names(node)
        elif isinstance(node, ast.Assign):
            yield from ((target.id, _names(node)) for target in node.targets if isinstance(target, ast.Name))


def _reached(name: str, uses: Mapping[str, set[str]]) -> set[str]:
    """The names that a function uses, and those that what it uses does."""
    reached: set[str] = set()
    pending = {name}
    while pending:
        found = uses.get(pending.pop(), set()) - reached
        reached |= found
        pending |= found
    return reached


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
