"""Help as text: whole words only, in two columns where there is room."""

import textwrap
from collections.abc import Iterable, Sequence

from probe.commands.command_table import COMMANDS, EXIT_STATUS, PROGRAM, SUMMARY
from probe.commands.usage.parameters import HELP, CommandUsage, Parameter

MAX_WIDTH = 100  # longer lines are hard to read
MIN_WIDTH = 40
MAX_LABEL_WIDTH = 32
_BOLD, _CYAN, _PLAIN = "\x1b[1m", "\x1b[36m", "\x1b[0m"
_Row = tuple[str, str]

GLOBAL_OPTIONS = (
    Parameter(flags=HELP.flags, help="show this help and exit; after a command: the help of the command"),
    Parameter(flags=("--version",), help="show the version and exit"),
    Parameter(
        flags=("--install-completion",),
        metavar="[SHELL]",
        help="install completion for bash, zsh or fish; default: the shell in $SHELL",
    ),
    Parameter(
        flags=("--show-completion",),
        metavar="[SHELL]",
        help="print the completion script instead of installing it",
    ),
)


def command_page(usage: CommandUsage, width: int, *, is_coloured: bool = False) -> str:
    """The help of one command."""
    draw = _Drawing(width, is_coloured=is_coloured)
    sections = [
        draw.paragraph(usage.summary),
        draw.usage(f"{PROGRAM} {usage.synopsis}"),
        *([draw.rows("Arguments", map(_row, usage.arguments))] if usage.arguments else []),
        *(draw.rows(title, map(_row, options)) for title, options in usage.groups().items()),
        draw.heading("Exit status") + "\n" + draw.paragraph(usage.exit_status, indent="  "),
    ]
    return "\n\n".join(sections)


def overview(version: str, width: int, *, is_coloured: bool = False) -> str:
    """All commands, and the options that need none."""
    draw = _Drawing(width, is_coloured=is_coloured)
    sections = (
        draw.paragraph(f"{PROGRAM} {version}: {SUMMARY}"),
        draw.usage(f"{PROGRAM} COMMAND [OPTIONS]"),
        draw.rows("Commands", [(command.name, command.summary) for command in COMMANDS]),
        draw.rows("Options", map(_row, GLOBAL_OPTIONS)),
        draw.rows("Exit status", EXIT_STATUS),
    )
    return "\n\n".join(sections)


def listing(rows: Sequence[_Row], width: int | None) -> str:
    """Two columns; without a ``width`` each row is one line."""
    if width is not None:
        return _Drawing(width, is_coloured=False).table(rows)
    column = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{column}}  {text}" for name, text in rows)


def _row(parameter: Parameter) -> _Row:
    """Label and help. Long options without a short one stand under the long ones."""
    is_long = parameter.flags and all(flag.startswith("--") for flag in parameter.flags)
    notes = f" [{'; '.join(parameter.notes)}]" if parameter.notes else ""
    return ("    " if is_long else "") + parameter.label, parameter.help + notes


class _Drawing:
    def __init__(self, width: int, *, is_coloured: bool) -> None:
        self._width = max(MIN_WIDTH, min(width, MAX_WIDTH))
        self._is_coloured = is_coloured

    def heading(self, title: str) -> str:
        return self._styled(f"{title}:", _BOLD)

    def usage(self, line: str) -> str:
        return self.heading("Usage") + " " + self.paragraph(line, following="    ", start=len("Usage: "))

    def paragraph(self, text: str, *, indent: str = "", following: str | None = None, start: int = 0) -> str:
        lines = self._wrapped(text, " " * start + indent, indent if following is None else following)
        return "\n".join(lines)[start:]

    def rows(self, title: str, rows: Iterable[_Row]) -> str:
        return self.heading(title) + "\n" + self.table(list(rows))

    def table(self, rows: Sequence[_Row]) -> str:
        widest = max((len(label) for label, _ in rows if len(label) <= MAX_LABEL_WIDTH), default=0)
        column = min(widest + 4, self._width // 2)
        return "\n".join(line for row in rows for line in self._row(row, column))

    def _row(self, row: _Row, column: int) -> Sequence[str]:
        label, text = row
        shown = "  " + self._styled(label, _CYAN)
        lines = self._wrapped(text, " " * column, " " * column)
        if not lines:
            return [shown]
        if len(label) + 4 > column:  # the help starts under its label
            return [shown, *lines]
        return [shown + " " * (column - 2 - len(label)) + lines[0].lstrip(), *lines[1:]]

    def _wrapped(self, text: str, first: str, following: str) -> list[str]:
        return textwrap.wrap(
            text,
            self._width,
            initial_indent=first,
            subsequent_indent=following,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._is_coloured else text
