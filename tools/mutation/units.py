"""Which parts of a file cosmic-ray changes: decorated functions, what runs at import, and constants. Pure.

Needs nothing that only `make mutants` installs, so that it is tested with the rest.
"""

import ast
import fnmatch
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cosmic_ray.work_item import MutationSpec

# One change for each operator, as mutmut has it: not every operator against every other one.
_PAIRS = (
    "Eq_NotEq NotEq_Eq Lt_LtE LtE_Lt Gt_GtE GtE_Gt Is_IsNot IsNot_Is Add_Sub Sub_Add Mul_Div Div_Mul "
    "FloorDiv_Div Mod_Div Pow_Mul BitOr_BitAnd BitAnd_BitOr BitXor_BitAnd RShift_LShift LShift_RShift"
)
_REPLACED = ("ReplaceComparisonOperator", "ReplaceBinaryOperator")
# It stops the import, or does nothing that can be seen: `@requirement`, `@dataclass`, `@cache`.
_LEFT_OUT = frozenset({"RemoveDecorator"})
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What is tried with the same tests: a decorated function, or (``name`` empty) the rest of a file."""

    path: str
    name: str
    lines: frozenset[int]
    mutations: "list[MutationSpec]" = field(default_factory=list)


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
