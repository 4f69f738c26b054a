"""Untrusted text is escaped."""

import re
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # rich needs it, too

from probe.model.text import clean, clean_csv, clean_markdown


@given(st.text(), st.integers(min_value=1, max_value=64))
def test_cleaned_text_is_always_printable_and_within_the_limit(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert cleaned.isprintable()
    cleaned.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proxy.example.com", "proxy.example.com"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\r", r"a\nb\r"),
        ("\u202eexe.txt", r"\u202eexe.txt"),
        ("a\x00b", r"a\x00b"),
        ("\ud800", r"\ud800"),
        ("a\u00a0b\u3000c", r"a\xa0b\u3000c"),
        ("[/red]<script>", "[/red]<script>"),
    ],
    ids=[
        "plain",
        "terminal escape",
        "newlines",
        "right-to-left override",
        "NUL",
        "lone surrogate",
        "other space characters",
        "markup is unchanged",
    ],
)
def test_unprintable_characters_are_escaped(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(("length", "expected"), [(9, "x" * 9), (10, "x" * 10), (11, "x" * 9 + "…")])
def test_text_is_cut_only_if_it_is_longer_than_the_limit(length: int, expected: str) -> None:
    assert clean("x" * length, limit=10) == expected


def test_64_kilobytes_of_escapes_stay_within_the_limit() -> None:
    assert len(clean("\x1b" * 65536, limit=128)) <= 128


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum"])
def test_csv_text_is_never_a_spreadsheet_formula(text: str) -> None:
    assert clean_csv(text).startswith("'")


def test_markdown_punctuation_is_escaped() -> None:
    assert clean_markdown("[a](b)") == r"\[a\](b)"


def test_names_and_dates_stay_readable_in_markdown() -> None:
    for name in (
        "node-1.example.com",
        "2026-11-28 02:09:06Z",
        "XKS_PROXY_TIMED_OUT",
        "round trip: 4.1 ms (cold)",
    ):
        assert clean_markdown(name) == name


@pytest.mark.parametrize("prefix", ["x ", "- ", "# "])
@given(text=st.text())
@example(text="1. a")
@example(text="12) a")
@example(text="_a_ __b__ ~~c~~ &amp; <b> `d`")
@example(text="- a")
@example(text="=== a")
def test_markdown_shows_any_text_as_it_is(prefix: str, text: str) -> None:
    """Read by a CommonMark parser, with the tables and the strike-through of GFM."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    html = parser.render(f"{prefix}{clean_markdown(text)}")
    shown = unescape(re.sub(r"</?(?:p|ul|li|h1)>", "", html))
    assert "<" not in re.sub(r"</?(?:p|ul|li|h1)>", "", html)
    assert shown.split() == f"{prefix.strip('-# ')} {clean(text)}".split()


def test_a_bare_url_does_not_become_a_link_in_markdown() -> None:
    assert "https://" not in clean_markdown("https://evil.example")
    assert "www." not in clean_markdown("www.evil.example").lower()
    assert "a@b" not in clean_markdown("a@b.example")
