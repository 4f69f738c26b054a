"""The options of an argparse parser, which only `ping` has."""

import argparse

from probe.commands.command_table import Command
from probe.commands.usage.parameters import UNGROUPED, CommandUsage, Parameter, shown_default


def usage(command: Command, parser: argparse.ArgumentParser) -> CommandUsage:
    return CommandUsage(
        name=command.name,
        summary=command.summary,
        exit_status=command.exit_status,
        arguments=tuple(each for each in _parameters(parser) if not each.flags),
        options=options(parser),
    )


def options(parser: argparse.ArgumentParser) -> tuple[Parameter, ...]:
    return tuple(each for each in _parameters(parser) if each.flags)


def _parameters(parser: argparse.ArgumentParser) -> list[Parameter]:
    return [
        _parameter(action, group.title or UNGROUPED)
        for group in parser._action_groups  # noqa: SLF001 - argparse has no other list of them
        for action in group._group_actions  # noqa: SLF001
    ]


def _parameter(action: argparse.Action, group: str) -> Parameter:
    return Parameter(
        flags=tuple(action.option_strings),
        metavar=str(action.metavar or action.dest.upper()) if action.nargs != 0 else "",
        help=action.help or "",
        choices=tuple(map(str, action.choices or ())),
        limits=getattr(action.type, "limits", ""),
        default=shown_default(action.default),
        is_repeatable=action.nargs == "*",
        group=group,
    )
