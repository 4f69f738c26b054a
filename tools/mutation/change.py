"""What a mutant changes, written so that it is found again after the code around it was edited.

A change is the statements that differ, as Python prints them: without line numbers, layout, comments, and
without the words of texts (a text is a string with a space in it, or the fixed part of an f-string).
"""

import ast
import difflib
from dataclasses import dataclass

_ANY_TEXT = "…"


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One change of one function; ``function`` is empty for what stands outside of functions."""

    path: str
    function: str
    change: str

    def __str__(self) -> str:
        return f"{self.path}::{self.function}\n{self.change}"


def is_text(value: object) -> bool:
    """Whether a constant is written for people: words, not a name that code compares."""
    return isinstance(value, str) and " " in value


def change_between(before: str, after: str) -> str:
    """The statements of ``before`` that are not in ``after``, then those that are new; one per line."""
    lines = difflib.ndiff(_statements(before), _statements(after))
    return "\n".join(f"{line[0]} {line[2:].strip()}" for line in lines if line[0] in "-+")


def _statements(code: str) -> list[str]:
    return ast.unparse(_WithoutTexts().visit(ast.parse(code))).splitlines()


class _WithoutTexts(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(_ANY_TEXT) if is_text(node.value) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        parts = (each for each in node.values if isinstance(each, ast.FormattedValue))
        values: list[ast.expr] = []
        for part in parts:
            values += [ast.Constant(_ANY_TEXT), self.visit(part)]
        return ast.JoinedStr([*values, ast.Constant(_ANY_TEXT)])
