"""A help page fits the terminal, breaks no word, and is coloured only on request."""

import re

import pytest

from probe.commands import app
from probe.commands.command_table import names
from probe.commands.usage import page

WIDTHS = [40, 60, 80, 100, 120, 200]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", names())
def test_no_word_of_the_help_is_broken_and_lines_fit(name: str, width: int) -> None:
    usage = app.usage_of(name)
    shown = page.command_page(usage, width)
    words = set(shown.split())
    for option in usage.options:
        assert set(option.label.replace(",", ", ").split()) <= words | {
            word.rstrip(",") for word in words
        } | {f"{flag}," for flag in option.flags}
        assert set(option.help.split()) <= words
    fits = min(width, page.MAX_WIDTH)
    for line in shown.splitlines():
        assert len(line) <= fits or len(line.split()) <= 2, "only a line of one or two words may be longer"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_overview_fits(width: int) -> None:
    for line in page.overview("1.0", width).splitlines():
        assert len(line) <= min(width, page.MAX_WIDTH)


@pytest.mark.parametrize("name", names())
def test_colours_do_not_change_the_text(name: str) -> None:
    usage = app.usage_of(name)
    coloured = page.command_page(usage, 80, is_coloured=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == page.command_page(usage, 80)


def test_a_list_is_wrapped_on_a_terminal_and_has_one_line_per_entry_elsewhere() -> None:
    rows = [("a", "one"), ("long-name", "two words " * 10)]
    assert page.listing(rows, None).splitlines() == ["  a          one", "  long-name  " + "two words " * 10]
    assert all(len(line) <= 50 for line in page.listing(rows, 50).splitlines())
