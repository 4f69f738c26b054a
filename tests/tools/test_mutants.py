"""Mutation testing: when two mutants are the same, what cosmic-ray changes, and how a run is compared with the list."""

import ast
import runpy
from pathlib import Path
from typing import Any

import pytest

from tools.mutation import survivors
from tools.mutation.change import Mutant, change_between, is_text
from tools.mutation.units import is_left_out, is_wanted, runs_at_import, units_of

ROOT = Path(__file__).parents[2]
BEFORE = '''
def is_far(distance):
    """Whether it is far."""
    if distance > 10:
        return f"it is {distance} m away"
    return "it is near"
'''


def test_a_change_is_the_statements_that_differ() -> None:
    assert (
        change_between(BEFORE, BEFORE.replace("> 10", ">= 10")) == "- if distance > 10:\n+ if distance >= 10:"
    )


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("Whether it is far.", "Says whether it is far."),
        ("it is near", "nearby, that is"),
        ("it is {distance} m away", "{distance} metres"),
        ("    if", "    # a remark\n\n    if"),
        ("distance > 10", "(distance\n        > 10)"),
    ],
    ids=["docstring", "text", "text with a value", "comment", "layout"],
)
def test_a_mutant_is_recognized_after_an_edit_of_text_or_layout(was: str, becomes: str) -> None:
    edited = BEFORE.replace(was, becomes)
    assert edited != BEFORE
    for mutation in (("10", "11"), ("near", "nearly"), ("return f", "return None and f")):
        assert change_between(edited, edited.replace(*mutation)) == change_between(
            BEFORE, BEFORE.replace(*mutation)
        )


@pytest.mark.parametrize(
    ("value", "is_one"), [("it is off", True), ("healthy", False), ("a-b_c", False), (3, False), ("", False)]
)
def test_a_text_is_a_string_with_a_space(value: object, *, is_one: bool) -> None:
    assert is_text(value) is is_one


SOURCE = """
LIMIT: int | None = 3 | 4


def plain(a: int | None = None):
    return a + 1


@requirement(level=2)
def decorated(evidence: A | B) -> int | None:
    return evidence - 1


class Thing:
    size = 5

    @property
    def half(self):
        return self.size / 2

    @staticmethod
    def double(x):
        return x * 2
"""


def units(*, whole: bool) -> dict[str, str]:
    lines = SOURCE.splitlines()
    found = units_of("thing.py", SOURCE, whole=whole)
    return {unit.name: "\n".join(lines[line - 1] for line in sorted(unit.lines)) for unit in found}


def test_cosmic_ray_changes_decorated_functions_and_code_outside_functions() -> None:
    found = units(whole=False)
    assert set(found) == {"decorated", "Thing.half", ""}
    assert "self.size / 2" in found["Thing.half"]
    assert "LIMIT" in found[""]
    assert "size = 5" in found[""]
    for of_mutmut in ("a + 1", "x * 2"):
        assert not any(of_mutmut in text for text in found.values())


def test_cosmic_ray_changes_all_of_a_file_that_runs_at_import() -> None:
    assert "a + 1" in units(whole=True)[""]
    assert runs_at_import("probe/requirements/declare.py", ROOT / "pyproject.toml")
    assert not runs_at_import("probe/requirements/dates.py", ROOT / "pyproject.toml")


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ("| None = 3", True),
        ("| 4", False),
        ("| B", True),
        ("| None:", True),
        ("level=2", True),
        ("- 1", False),
    ],
)
def test_types_and_decorators_are_not_changed(text: str, *, is_in: bool) -> None:
    line, column = next((n, row.index(text)) for n, row in enumerate(SOURCE.splitlines(), 1) if text in row)
    assert is_left_out(ast.parse(SOURCE), (line, column)) is is_in


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("core/ReplaceComparisonOperator_Lt_LtE", True),
        ("core/ReplaceComparisonOperator_Lt_Eq", False),
        ("core/ReplaceBinaryOperator_Add_Sub", True),
        ("core/ReplaceBinaryOperator_Add_Pow", False),
        ("core/NumberReplacer", True),
        ("core/RemoveDecorator", False),
    ],
)
def test_each_operator_has_one_replacement(operator: str, *, expected: bool) -> None:
    assert is_wanted(operator) is expected


A, B = Mutant("probe/a.py", "f", "- x\n+ y"), Mutant("probe/b.py", "", "- X = 1\n+ X = 2")


def listed(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "survivors.toml"
    file.write_text(text, encoding="utf-8")
    return survivors.read(file)


def test_a_printed_group_is_read_once_it_has_a_reason(tmp_path: Path) -> None:
    printed = survivors.as_toml([A, B, B])
    with pytest.raises(ValueError, match="no reason"):
        listed(tmp_path, printed)
    assert listed(tmp_path, printed.replace('reason = ""', 'reason = "equal"')) == {A: 1, B: 2}


@pytest.mark.parametrize(
    ("results", "expected", "new", "gone", "dead"),
    [
        ([(A, False)], {A: 1}, (), (), ()),
        ([(A, False)], {}, (A,), (), ()),
        ([(A, False), (A, False)], {A: 1}, (A,), (), ()),
        ([(A, False), (A, True)], {A: 1}, (), (), ()),
        ([(A, True)], {A: 1}, (), (), (A,)),
        ([(B, True)], {A: 1}, (), (A,), ()),
    ],
)
def test_a_survivor_is_new_unless_it_is_listed_as_often_as_it_survives(
    results: list[tuple[Mutant, bool]], expected: dict[Mutant, int], new: Any, gone: Any, dead: Any
) -> None:
    compared = survivors.compare(results, expected)
    assert (compared.new, compared.gone, compared.dead) == (new, gone, dead)


def test_the_committed_list_can_be_read() -> None:
    for mutant in survivors.read(ROOT / "tests" / "mutants" / "survivors.toml"):
        assert (ROOT / mutant.path).is_file(), mutant
        assert mutant.change.startswith(("-", "+")), mutant


@pytest.mark.parametrize(("killed", "is_low"), [(94, True), (95, False)])
def test_a_folder_below_its_minimum_score_is_reported(killed: int, *, is_low: bool) -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "mutants.py"))
    results = [(Mutant("probe/signing/a.py", "f", str(n)), n < killed) for n in range(100)]
    text, low = tool["table"]({"signing": results})
    assert f"{killed}.0 %" in text
    assert bool(low) is is_low
