"""The options of a typer command, for every command but `ping`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import typer.core

from probe.commands.command_table import Command
from probe.commands.usage.parameters import UNGROUPED, CommandUsage, Parameter, shown_default


def usage(
    command: Command, made: typer.core.TyperCommand, values: Mapping[str, Callable[[], Sequence[str]]]
) -> CommandUsage:
    """``values``: by flag, the words that completion offers for it, where they are not part of its type."""
    read = [_parameter(each, values) for each in made.params if not getattr(each, "hidden", False)]
    return CommandUsage(
        name=command.name,
        summary=command.summary,
        exit_status=command.exit_status,
        arguments=tuple(each for each in read if not each.flags),
        options=tuple(each for each in read if each.flags),
    )


def _parameter(given: Any, values: Mapping[str, Callable[[], Sequence[str]]]) -> Parameter:
    """Of a `TyperOption` or `TyperArgument`."""
    is_option = isinstance(given, typer.core.TyperOption)
    has_value = not (is_option and given.is_flag)
    return Parameter(
        flags=tuple(given.opts) if is_option else (),
        metavar=(given.metavar or str(given.name).upper()) if has_value else "",
        help=given.help or "",
        choices=tuple(str(getattr(each, "value", each)) for each in getattr(given.type, "choices", ())),
        limits=_limits(given.type),
        default=shown_default(given.default) if has_value else "",
        is_repeatable=bool(given.multiple) if is_option else given.nargs != 1,
        is_required=bool(given.required),
        words=next((values[flag] for flag in given.opts if flag in values), None),
        group=given.rich_help_panel or UNGROUPED,
    )


def _limits(kind: Any) -> str:
    minimum, maximum = getattr(kind, "min", None), getattr(kind, "max", None)
    return f"{minimum} to {maximum}" if minimum is not None and maximum is not None else ""
