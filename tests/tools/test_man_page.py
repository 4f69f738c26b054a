"""The man page has every command with every option, in roff without unwanted requests."""

import re

import pytest

from probe.commands import app
from probe.commands.command_table import COMMANDS
from tools import man_page


def shown() -> str:
    """The page roughly as a reader sees it, without fonts and escapes."""
    return re.sub(r"\\f[BIR]|\\&", "", man_page.page()).replace(r"\-", "-").replace(r"\e", "\\")


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_each_option_of_each_command_is_in_the_page(name: str) -> None:
    usage = app.usage_of(name)
    _, found, rest = shown().partition(f'.SS "xks-probe {usage.synopsis.replace("…", "...")}"')
    assert found
    section = rest.partition("\n.SS ")[0].splitlines()
    for option in usage.options:
        assert option.label in section


def test_the_page_has_the_usual_sections() -> None:
    titles = [line[4:] for line in man_page.page().splitlines() if line.startswith(".SH ")]
    assert titles == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS"),
        *("ENVIRONMENT", "FILES", "EXAMPLES"),
    ]


def test_no_line_of_text_is_interpreted_as_a_roff_request() -> None:
    known = {'.\\"', ".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".I", ".nf", ".fi", ".in", ".nh", ".ad"}
    for line in man_page.page().splitlines():
        assert line.isascii()
        assert not line.startswith("'")
        assert not line.startswith(".") or line.split()[0] in known, line


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        ("a plain-English word", "a plain-English word"),
        ("use --format json", r"use \-\-format json"),
        (".hidden", r"\&.hidden"),
        ("'quoted' at the start", r"\&'quoted' at the start"),
        (r"back\slash", r"back\eslash"),
        ("cks-…", r"cks\-..."),
    ],
)
def test_text_is_escaped(text: str, roff: str) -> None:
    assert man_page._text(text) == roff
