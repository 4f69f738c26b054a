"""Colours are used only on a terminal that supports them, unless the user switches them off."""

import io
import sys

import pytest

from probe.commands.usage import terminal


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "is_coloured"),
    [
        (FakeTerminal(), {"TERM": "xterm-256color"}, True),
        (FakeTerminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (
            FakeTerminal(),
            {"TERM": "xterm", "NO_COLOR": ""},
            True,
        ),  # an empty value counts as not set: no-color.org
        (FakeTerminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
    ids=["terminal", "NO_COLOR", "empty NO_COLOR", "dumb", "pipe"],
)
def test_colours_need_a_terminal_that_supports_them_and_no_opt_out(
    stream: io.StringIO, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, is_coloured: bool
) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal.is_coloured() is is_coloured


def test_the_width_is_the_value_of_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "123")
    assert terminal.width() == 123
