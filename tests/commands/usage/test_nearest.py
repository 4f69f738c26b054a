"""Suggestions for mistyped words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.commands.command_table import names
from probe.commands.usage import nearest
from probe.commands.usage.parameters import Parameter


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("preflght", "preflight"),
        ("Ping", "ping"),
        ("pong", "ping"),
        ("checkconfig", "check-config"),
        ("surv", "survey"),
        ("d", None),  # demo, dns and doctor begin with it
        ("quux", None),
        ("", None),
    ],
)
def test_the_nearest_command_is_suggested(typed: str, suggestion: str | None) -> None:
    assert nearest.nearest(typed, names()) == suggestion


def test_without_a_similar_word_the_hint_is_the_given_text() -> None:
    assert nearest.hint("tsl", names(), "nothing") == "did you mean 'tls'?"
    assert nearest.hint("quux", names(), "nothing") == "nothing"


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("--tagets", "'--tagets' is not an option; did you mean '--targets'?"),
        ("--helpp", "'--helpp' is not an option; did you mean '--help'?"),
        ("--quux", "'--quux' is not an option"),
        ("-x", "'-x' is not an option"),
        ("--\x1b[2J", r"'--\\x1b[2J' is not an option"),
    ],
)
def test_a_mistyped_option_is_reported_in_one_line_with_the_nearest_one(typed: str, line: str) -> None:
    assert nearest.unknown_option(typed, [Parameter(flags=("--targets",)), Parameter(flags=("-n",))]) == line


@given(st.text(max_size=20))
def test_the_suggestion_for_any_word_is_a_known_word_or_none(word: str) -> None:
    assert nearest.nearest(word, names()) in {None, *names()}
