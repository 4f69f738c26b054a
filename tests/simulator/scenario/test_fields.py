import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.fields import MAX_ITEMS, NO_NAME, Fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
READERS: dict[str, Any] = {
    "mapping": lambda fields, value: fields.mapping("here", value, ("a",)),
    "items": lambda fields, value: fields.items("here", value, fields.text),
    "text": lambda fields, value: fields.text("here", value),
    "texts": lambda fields, value: fields.texts("here", value),
    "name": lambda fields, value: fields.name("here", value),
    "flag": lambda fields, value: fields.flag("here", value),
    "share": lambda fields, value: fields.share("here", value),
    "duration": lambda fields, value: fields.duration_s("here", value),
    "one of": lambda fields, value: fields.one_of("here", value, ("a", "b")),
    "matching": lambda fields, value: fields.matching("here", value, re.compile("a+"), "write a"),
}


@pytest.mark.parametrize(
    ("reader", "value", "read"),
    [
        ("mapping", {"a": 1}, {"a": 1}),
        ("items", ["a", "b"], ("a", "b")),
        ("text", "", ""),
        ("texts", ["a"], ("a",)),
        ("name", "a-1.b", "a-1.b"),
        ("flag", True, True),
        ("share", 0, 0.0),
        ("share", 1, 1.0),
        ("duration", "0ms", 0.0),
        ("duration", "60s", 60.0),
        ("duration", "35.6ms", 0.0356),
        ("duration", "250us", 0.00025),
        ("one of", "b", "b"),
        ("matching", "aa", "aa"),
    ],
)
def test_valid_values_are_read(reader: str, value: object, read: object) -> None:
    fields = Fields()
    assert READERS[reader](fields, value) == (pytest.approx(read) if isinstance(read, float) else read)
    assert fields.mistakes == []


@pytest.mark.parametrize(
    ("reader", "value", "stand_in", "mistake"),
    [
        ("mapping", [], {}, "here: write 'key: value' pairs"),
        ("mapping", {"b": 1}, {"b": 1}, "here.b: unknown key; valid keys: a"),
        ("items", {}, (), "here: write a list"),
        ("items", ["a", 1], ("a", ""), "here[1]: write a string"),
        ("text", 1, "", "here: write a string"),
        ("texts", ["a", 1], (), "here: write a list of strings"),
        ("name", "-a", NO_NAME, "here: write a name of letters, digits, '.' and '-'"),
        ("name", "a" * 129, NO_NAME, "here: write a name of letters, digits, '.' and '-'"),
        ("flag", "yes", False, "here: write true or false"),
        ("share", 1.01, 0.0, "here: write a number from 0 to 1, such as 0.02"),
        ("share", True, 0.0, "here: write a number from 0 to 1, such as 0.02"),
        ("one of", "c", "a", "here: write one of: a, b"),
        ("one of", ["a"], "a", "here: write one of: a, b"),
        ("matching", "b", None, "here: write a"),
        ("matching", 1, None, "here: write a"),
    ],
)
def test_an_error_is_noted_with_its_path_and_a_default_is_used(
    reader: str, value: object, stand_in: object, mistake: str
) -> None:
    fields = Fields()
    assert READERS[reader](fields, value) == stand_in
    assert fields.mistakes == [mistake]


@pytest.mark.parametrize(
    "duration",
    ["60.1s", "35", "-1ms", "1 ms", "٣ms", 35, None],
    ids=["over a minute", "no unit", "negative", "a space", "other digits", "a number", "nothing"],
)
def test_a_duration_has_a_unit_and_a_maximum(duration: object) -> None:
    fields = Fields()
    assert fields.duration_s("here", duration) == 0.0
    assert fields.mistakes == ["here: write a duration from 0ms to 60s with its unit, such as 35.6ms"]


@pytest.mark.parametrize(("count", "is_valid"), [(MAX_ITEMS, True), (MAX_ITEMS + 1, False)])
def test_a_list_has_a_maximum_length(count: int, is_valid: bool) -> None:
    fields = Fields()
    fields.items("here", ["a"] * count, fields.text)
    assert fields.mistakes == ([] if is_valid else [f"here: give at most {MAX_ITEMS}, not {count}"])


@pytest.mark.parametrize("reader", READERS)
@given(value=JSON)
def test_any_value_is_read_or_noted_without_an_exception(reader: str, value: object) -> None:
    READERS[reader](Fields(), value)
