"""Checks that each parser has a property test: for any input, it raises only documented exceptions.

A property test is a function under hypothesis's ``@given`` that uses the parser, directly or through
functions in the same file. It must be in the parser's own test file or in tests/fuzz.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_FUZZ = "tests/fuzz"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def parsers(root: Path, others: Sequence[str]) -> list[str]:
    """Paths of the modules that parse untrusted input: all of `wire`, and ``others``."""
    wire = sorted(path for path in (root / "probe/wire").glob("*.py") if path.name != "__init__.py")
    return [*(path.relative_to(root).as_posix() for path in wire), *others]


def without_property(root: Path, tests: Mapping[str, str], excused: Mapping[str, str]) -> Iterator[str]:
    """Faults. ``tests``: parser -> its test file; ``excused``: parser -> why it needs no property test."""
    fuzz = sorted((root / _FUZZ).glob("*.py"))
    for parser, test in tests.items():
        files = [file for file in (root / test, *fuzz) if file.is_file()]
        if not (root / parser).is_file():
            yield f"tools/check_tree.py: OTHER_PARSERS lists {parser}, which does not exist; remove it"
            continue
        has_one = any(has_property(file.read_text(encoding="utf-8"), _dotted(parser)) for file in files)
        if not has_one and parser not in excused:
            yield f"{parser}: no property test (@given) uses it; add one to {test} or {_FUZZ}"
        if has_one and parser in excused:
            yield f"tools/check_tree.py: {parser} has a property test; remove it from WITHOUT_PROPERTY"
    for name in excused:
        if name not in tests:
            yield f"tools/check_tree.py: WITHOUT_PROPERTY lists {name}, which is not a parser; remove it"


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
    """The names under which ``tree`` imports the module or parts of it."""
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
    """Each function and constant of the file with the names it uses."""
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            yield node.name, _names(node)
        elif isinstance(node, ast.Assign):
            yield from ((target.id, _names(node)) for target in node.targets if isinstance(target, ast.Name))


def _reached(name: str, uses: Mapping[str, set[str]]) -> set[str]:
    """The names that a function uses, directly or indirectly."""
    reached: set[str] = set()
    pending = {name}
    while pending:
        found = uses.get(pending.pop(), set()) - reached
        reached |= found
        pending |= found
    return reached


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
