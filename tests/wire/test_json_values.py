"""Reading values of the expected type from untrusted JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.wire.json_values import (
    MAX_ENTRIES,
    MAX_TEXT,
    entries,
    flag,
    mapping,
    number,
    port,
    text,
    texts,
    words,
)

_ANY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.lists(st.integers() | st.text())
    | st.dictionaries(st.text(), st.integers())
)


@given(_ANY, st.text())
def test_any_input_gives_the_expected_type_or_nothing(of: object, key: str) -> None:
    for value, kind in ((text(of, key), str), (number(of, key), int), (flag(of, key), bool)):
        assert value is None or type(value) is kind
    assert isinstance(words(of, key), str)
    assert isinstance(mapping(of, key), dict)
    assert isinstance(texts(of, key), tuple)
    assert entries(of, key) is None or isinstance(entries(of, key), tuple)


def test_true_is_not_a_number() -> None:
    assert number({"a": True}, "a") is None
    assert number({"a": 1}, "a") == 1


def test_texts_and_lists_are_bounded() -> None:
    assert len(text({"a": "x" * (MAX_TEXT + 1)}, "a") or "") == MAX_TEXT
    assert len(entries({"a": [{}] * (MAX_ENTRIES + 1)}, "a") or ()) == MAX_ENTRIES


def test_a_missing_list_is_none_and_an_empty_list_is_an_empty_tuple() -> None:
    assert entries({}, "a") is None
    assert entries({"a": []}, "a") == ()
    assert entries({"a": [1, {"b": 2}]}, "a") == ({"b": 2},)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0, None),
        (1, 1),
        (65535, 65535),
        (65536, None),
        (-1, None),
        (10**30, None),
        (True, None),
        ("443", None),
    ],
)
def test_a_port_is_between_1_and_65535(value: object, read: int | None) -> None:
    assert port({"k": value}, "k") == read
