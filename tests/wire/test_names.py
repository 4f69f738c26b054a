"""A certificate's name matches a host exactly, or with a wildcard as the whole leftmost label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.wire.names import labels, matches

HOST = "proxy.xks.example.com"


@pytest.mark.parametrize(
    "pattern",
    ["proxy.xks.example.com", "PROXY.xks.Example.COM", "*.xks.example.com", "*.XKS.example.com"],
)
def test_the_host_itself_and_a_wildcard_one_label_above_match(pattern: str) -> None:
    assert matches(pattern, HOST)
    assert matches(pattern, HOST + ".")


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("*.example.com", HOST),
        ("*.*.example.com", HOST),
        ("proxy.*.example.com", HOST),
        ("pro*.xks.example.com", HOST),
        ("*", "localhost"),
        ("*.com", "example.com"),
        ("*.xks.example.com", "xks.example.com"),
        ("*.0.0.1", "127.0.0.1"),
        ("proxy.xks.example.com\x00.evil.example", HOST),
        ("proxy.xks.example.com\n", HOST),
        ("proxy.xks.example.com.", HOST),
        ("\u212aelvin.example.com", "kelvin.example.com"),
        ("m\u00fcller.example.com", "m\u00fcller.example.com"),
        ("", ""),
        ("a..b", "a..b"),
        (".", "."),
    ],
    ids=[
        "two labels under a wildcard",
        "two wildcards",
        "wildcard in the middle",
        "part of a label",
        "bare star",
        "public suffix",
        "parent of the wildcard",
        "address",
        "NUL",
        "newline",
        "dot in the certificate",
        "Kelvin sign folds to k",
        "U-label",
        "empty",
        "empty label",
        "dot",
    ],
)
def test_nothing_else_matches(pattern: str, host: str) -> None:
    assert not matches(pattern, host)


def test_an_a_label_matches_itself() -> None:
    assert matches("xn--mller-kva.example.com", "XN--mller-kva.example.com")


@pytest.mark.parametrize(("length", "valid"), [(62, True), (63, True), (64, False)])
def test_a_label_has_at_most_63_characters(length: int, *, valid: bool) -> None:
    assert (labels("a" * length) is not None) is valid


@pytest.mark.parametrize(("length", "valid"), [(253, True), (254, False)])
def test_a_name_has_at_most_253_characters(length: int, *, valid: bool) -> None:
    name = ("a" * 49 + ".") * 6
    assert (
        labels(name[: length - 3].rstrip(".").ljust(length - 3, "a")[: length - 3] + ".bc") is not None
    ) is valid


@given(st.text(), st.text())
def test_no_text_raises_an_exception(pattern: str, host: str) -> None:
    matches(pattern, host)


@given(st.text(alphabet=st.characters(min_codepoint=128), min_size=1), st.text())
def test_non_ascii_names_never_match(non_ascii: str, rest: str) -> None:
    assert not matches(non_ascii + rest, non_ascii + rest)
