"""Parsing of YAML and its limits. The error messages are tested with golden/config_errors."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from probe.wire import yaml_document
from probe.wire.input_error import InputError


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("2026-11-23", "2026-11-23"),
        ("0x10", "0x10"),
        ("1e3", "1e3"),
        ("'7'", "7"),
        ("7", 7),
        ("-7", -7),
        ("0.5", 0.5),
        ("true", True),
        ("~", None),
        ("", None),
        ("9" * 18, int("9" * 18)),
        ("9" * 19, "9" * 19),
    ],
)
def test_scalars_follow_yaml_1_2(scalar: str, value: object) -> None:
    (read,) = yaml_document.parse(f"key: {scalar}", "t").values()
    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "has_hint"),
    [("a:\n\t- 1\n", True), ("a:\n \tb: 1\n", True), ("a: [1\n", False), ("a: @\n", False)],
)
def test_a_tab_where_yaml_expects_spaces_is_named(text: str, has_hint: bool) -> None:
    with pytest.raises(InputError) as caught:
        yaml_document.parse(text, "t")
    (line,) = caught.value.errors
    assert line.endswith("; indent with spaces, not tabs") is has_hint


def test_aliases_are_followed() -> None:
    assert yaml_document.parse("a: &x [1, 2]\nb: *x\n", "t") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(("count", "is_accepted"), [(64, True), (65, False)])
def test_aliases_are_counted(count: int, is_accepted: bool) -> None:
    text = f"a: &x 1\nb: [{', '.join(['*x'] * count)}]\n"
    if is_accepted:
        assert len(yaml_document.parse(text, "t")["b"]) == count
    else:
        with pytest.raises(InputError, match="more than 64 aliases"):
            yaml_document.parse(text, "t")


@pytest.mark.parametrize(("depth", "is_accepted"), [(16, True), (17, False)])
def test_nesting_is_bounded(depth: int, is_accepted: bool) -> None:
    text = "a: " + "[" * depth + "]" * depth
    if is_accepted:
        assert yaml_document.parse(text, "t")
    else:
        with pytest.raises(InputError, match="nested deeper than 16"):
            yaml_document.parse(text, "t")


_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), _plain, min_size=1, max_size=4))
def test_dumped_yaml_is_parsed_back_unchanged(tree: dict[str, object]) -> None:
    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    assert yaml_document.parse(yaml.dump(tree, Dumper=Plain, default_style=None), "t") == tree


@given(st.text(max_size=200))
def test_any_text_gives_a_mapping_or_an_input_error(text: str) -> None:
    assert is_mapping_or_expected_error(text)


def is_mapping_or_expected_error(text: str) -> bool:
    try:
        return isinstance(yaml_document.parse(text, "t"), dict)
    except InputError as error:
        return all(line.startswith("t: ") for line in error.errors)
