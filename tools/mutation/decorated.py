"""Mutants of what mutmut leaves, by cosmic-ray: decorated functions, what runs at import, and constants.

Run in a copy of the tree, whose files it changes: `python -m tools.mutation.decorated OUT COVERING PART OF
PATH...` tries every ``OF``-th unit of the files, from ``PART`` on. A unit is a decorated function, or the
rest of a file; it is tried with the tests that run it. Writes every mutant, and whether a test failed, to
OUT.
"""

import ast
import fnmatch
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import parso.python.tree  # noqa: F401 -- before cosmic_ray, which else finds parso half imported
import pytest
from cosmic_ray.commands import init as write_work
from cosmic_ray.mutating import mutate_code, use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

from tools.mutation.change import change_between
from tools.mutation.time_limit import end_after

# One change for each operator, as mutmut has it: not every operator against every other one.
_PAIRS = (
    "Eq_NotEq NotEq_Eq Lt_LtE LtE_Lt Gt_GtE GtE_Gt Is_IsNot IsNot_Is Add_Sub Sub_Add Mul_Div Div_Mul "
    "FloorDiv_Div Mod_Div Pow_Mul BitOr_BitAnd BitAnd_BitOr BitXor_BitAnd RShift_LShift LShift_RShift"
)
_REPLACED = ("ReplaceComparisonOperator", "ReplaceBinaryOperator")
# It stops the import, or does nothing that can be seen: `@requirement`, `@dataclass`, `@cache`.
_LEFT_OUT = frozenset({"RemoveDecorator"})
_TIMEOUT_S = 120.0
_PYTEST = ("-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0")
Covering = Mapping[str, Mapping[str, list[str]]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What is tried with the same tests: a decorated function, or (``name`` empty) the rest of a file."""

    path: str
    name: str
    lines: frozenset[int]
    mutations: list[MutationSpec] = field(default_factory=list)


def is_wanted(operator_name: str) -> bool:
    name = operator_name.rpartition("/")[2]
    kind, _, pair = name.partition("_")
    return name not in _LEFT_OUT and (kind not in _REPLACED or pair in _PAIRS.split())


def units_of(path: str, source: str, *, whole: bool) -> list[Unit]:
    """``whole``: also its plain functions, because they run at import, where mutmut can't reach them."""
    functions = list(_functions(ast.parse(source).body))
    units = [
        Unit(path=path, name=name, lines=_lines(node)) for name, node in functions if not _is_plain(node)
    ]
    plain = _all(_lines(node) for _, node in functions if _is_plain(node) and not whole)
    every_line = frozenset(range(1, len(source.splitlines()) + 1))
    return [*units, Unit(path=path, name="", lines=every_line - plain - _all(each.lines for each in units))]


def _functions(body: Iterable[ast.stmt], inside: str = "") -> Iterator[tuple[str, Function]]:
    for node in body:
        if isinstance(node, Function):
            yield f"{inside}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{inside}{node.name}.")


def _is_plain(node: Function) -> bool:
    """As mutmut sees it."""
    names = [each.id if isinstance(each, ast.Name) else "" for each in node.decorator_list]
    return not names or names in (["staticmethod"], ["classmethod"])


def _lines(node: ast.stmt | ast.expr) -> frozenset[int]:
    return frozenset(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def is_left_out(tree: ast.AST, position: tuple[int, int]) -> bool:
    """Whether it is in a type (`X | None` is not a sum) or a decorator: a change only stops the import."""
    return any(
        (each.lineno, each.col_offset) <= position < (each.end_lineno or 0, each.end_col_offset or 0)
        for node in ast.walk(tree)
        for each in _types_and_decorators(node)
    )


def _types_and_decorators(node: ast.AST) -> list[ast.expr]:
    types = (getattr(node, "annotation", None), getattr(node, "returns", None))
    return [*filter(None, types), *getattr(node, "decorator_list", [])]


def _all(sets: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset[int]().union(*sets)


def runs_at_import(path: str, pyproject: Path = Path("pyproject.toml")) -> bool:
    """Whether mutmut is told to leave the file."""
    patterns = tomllib.loads(pyproject.read_text())["tool"]["mutmut"]["do_not_mutate"]
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def _with_mutations(path: str) -> list[Unit]:
    source = Path(path).read_text(encoding="utf-8")
    units, tree = units_of(path, source, whole=runs_at_import(path)), ast.parse(source)
    with tempfile.TemporaryDirectory() as directory, use_db(f"{directory}/work", WorkDB.Mode.create) as work:
        write_work([Path(path)], work, {})
        specs = [item.mutations[0] for item in work.work_items]
    for spec in specs:
        unit = next((each for each in units if spec.start_pos[0] in each.lines), None)
        if unit is not None and is_wanted(spec.operator_name) and not is_left_out(tree, spec.start_pos):
            unit.mutations.append(spec)
    return [unit for unit in units if unit.mutations]


def _tests_of(unit: Unit, covering: Covering) -> list[str]:
    """Tests that run a line of it, or of its file if it is the rest; all tests if none does, as at import.

    The most special ones come first, as they are the most likely to fail.
    """
    of_file = covering.get(unit.path, {})
    wanted = _union(tests for line, tests in of_file.items() if not unit.name or int(line) in unit.lines)
    of_files = [_union(lines.values()) for lines in covering.values()]
    files_run = {test: sum(test in tests for tests in of_files) for test in wanted}
    return sorted(wanted, key=lambda test: (files_run[test], test)) or sorted(_union(of_files))


def _union(tests: Iterable[Iterable[str]]) -> set[str]:
    return {test for some in tests for test in some}


def _tried(unit: Unit, tests: list[str]) -> Iterator[dict[str, object]]:
    path = Path(unit.path)
    source = path.read_text(encoding="utf-8")
    outcomes = set[bool]()
    for spec in unit.mutations:
        operator = get_operator(spec.operator_name)()
        change = _change(source, mutate_code(source, operator, spec.occurrence))
        if not change:
            continue
        with use_mutation(path, operator, spec.occurrence):
            killed = _fails(tests)
        outcomes.add(killed)
        yield {"path": unit.path, "function": unit.name, "change": change, "killed": killed}
    if False not in outcomes and _fails(tests):
        raise RuntimeError(f"{unit.path} {unit.name}: its tests fail although nothing is changed")


def _change(before: str, after: str) -> str:
    """Empty within a text, and for what is not Python: cosmic-ray changes the `*` of `def f(*, a)`, too."""
    try:
        return change_between(before, after)
    except SyntaxError:
        return ""


def _fails(tests: list[str]) -> bool:
    """In a process of its own, which has imported nothing of this tree yet. To take too long is to fail."""
    child = os.fork()
    if child == 0:
        end_after(_TIMEOUT_S, 1)
        _silence()
        os._exit(int(pytest.main([*_PYTEST, *tests])))
    return os.waitpid(child, 0)[1] != 0


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())


def _import_libraries(tests: list[str]) -> None:
    """What the tests import, but for modules of this tree: it is most of the time that a run takes."""
    sys.dont_write_bytecode = True
    pytest.main([*_PYTEST, "--collect-only", "-qq", *sorted({test.partition("::")[0] for test in tests})])
    for name, module in list(sys.modules.items()):
        if _is_of_this_tree(module) and name != __name__:
            del sys.modules[name]


def _is_of_this_tree(module: object) -> bool:
    """A folder without `__init__.py` has no file, and holds on to the modules imported from it."""
    places = (getattr(module, "__file__", None), *getattr(module, "__path__", ()))
    return any(str(place).startswith(str(Path.cwd())) for place in places)


def main(out: Path, covering: Covering, part: int, of: int, paths: list[str]) -> None:
    units = [unit for path in paths for unit in _with_mutations(path)]
    _import_libraries(sorted(_union(tests for lines in covering.values() for tests in lines.values())))
    found = [result for unit in units[part::of] for result in _tried(unit, _tests_of(unit, covering))]
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")),
        int(sys.argv[3]),
        int(sys.argv[4]),
        sys.argv[5:],
    )
