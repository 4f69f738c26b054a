import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.aws_paths import Every, PathError, changed, steps_of


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("Name", ("Name",)),
        ("Things[0].Name", ("Things", 0, "Name")),
        ("Things[*]", ("Things", Every.ELEMENT)),
        ("Rows[1][2].A", ("Rows", 1, 2, "A")),
    ],
)
def test_a_path_has_steps(path: str, steps: tuple[Any, ...]) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize(
    "path", ["", "[0]", ".Name", "Things[-1]", "Things[0]Name", "Things[].A", "A..B", "A.", "A b"]
)
def test_an_invalid_path_is_rejected(path: str) -> None:
    with pytest.raises(PathError, match="is not a path"):
        steps_of(path)


ANSWER: dict[str, Any] = {"Things": [{"Name": "a", "Tags": ["x"]}, {"Name": "b"}], "Whole": True}


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({}, ANSWER),
        ({"Whole": False}, {**ANSWER, "Whole": False}),
        ({"Whole": None}, {"Things": ANSWER["Things"]}),
        ({"Things": []}, {"Things": [], "Whole": True}),
        ({"Things[*].Name": "c", "Whole": None}, {"Things": [{"Name": "c", "Tags": ["x"]}, {"Name": "c"}]}),
        ({"Things[0]": None, "Whole": None}, {"Things": [{"Name": "b"}]}),
        ({"Things[*]": None, "Whole": None}, {"Things": []}),
        ({"Things[2].Name": "c", "Things[0]": None}, {"Things": [{"Name": "b"}, {"Name": "c"}], "Whole": True}),
        ({"Things": [], "Things[0]": {"Name": "new"}}, {"Things": [{"Name": "new"}], "Whole": True}),
        ({"Things[0].Tags[1]": "y", "Things[1]": None}, {"Things": [{"Name": "a", "Tags": ["x", "y"]}], "Whole": True}),
        ({"Inner.Deep[0].A": 1, "Things": None}, {"Inner": {"Deep": [{"A": 1}]}, "Whole": True}),
        ({"Things[5]": None, "None": None, "Things[*].Tags": None}, None),
    ],
    ids=["no change", "value set", "value removed", "list set", "every element set", "element removed",
         "all elements removed", "element appended", "element appended to an empty list", "text appended",
         "missing structures created", "far past the end"],
)  # fmt: skip
def test_values_are_set_in_a_copy(changes: dict[str, Any], after: dict[str, Any] | None) -> None:
    before = copy.deepcopy(ANSWER)
    if after is None:
        with pytest.raises(PathError, match=r"Things\[5\]: the list has 2 elements"):
            changed(ANSWER, changes)
    else:
        assert changed(ANSWER, changes) == after
    assert before == ANSWER


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("Whole[0]", "not a list"),
        ("Whole.Name", "can have a Name"),
        ("Things[*][0]", "not a list"),
    ],
)
def test_a_path_that_does_not_exist_is_reported(path: str, message: str) -> None:
    with pytest.raises(PathError, match=message) as caught:
        changed(ANSWER, {path: 1})
    assert str(caught.value).startswith(path)


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_is_rejected(text: str) -> None:
    try:
        steps = steps_of(text)
    except PathError:
        return
    assert isinstance(steps[0], str)
