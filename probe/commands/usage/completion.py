"""What can follow on a command line that is being typed.

A candidate is ``WORD`` or ``WORD<TAB>what it is``; `FILES` alone asks the shell for file names.
"""

from collections.abc import Callable, Iterable, Sequence

from probe.commands.command_table import Command
from probe.commands.usage.page import GLOBAL_OPTIONS
from probe.commands.usage.parameters import FILE, HELP, CommandUsage, Parameter

FILES = ":files"
SHELLS = ("bash", "zsh", "fish")
_TAKE_A_SHELL = frozenset({"--install-completion", "--show-completion"})


def candidates(
    words: Sequence[str], commands: Sequence[Command], usage_of: Callable[[str], CommandUsage]
) -> list[str]:
    """``words``: all after the program's name; the last one is being typed, and may be empty."""
    # bash splits at "=", so that --format=json comes as three words.
    *before, typed = [word for word in words[:-1] if word != "="] + [words[-1] if words else ""]
    typed = "" if typed == "=" else typed
    if not before:
        offered = [f"{command.name}\t{command.summary}" for command in commands]
        return _matching([*offered, *_flags(GLOBAL_OPTIONS)] if typed.startswith("-") else offered, typed)
    if before[0] in _TAKE_A_SHELL:
        return _matching(SHELLS, typed)
    if before[0] not in {command.name for command in commands}:
        return []
    return _of_command(usage_of(before[0]), before[1:], typed)


def _of_command(usage: CommandUsage, before: Sequence[str], typed: str) -> list[str]:
    options = {flag: option for option in usage.options for flag in option.flags}
    flag, separator, value = typed.partition("=")
    if separator and flag in options:
        found = _values(options[flag], value)
        return found if found == [FILES] else [f"{flag}={each}" for each in found]
    if before and before[-1] in options and options[before[-1]].metavar:
        return _values(options[before[-1]], typed)
    if not typed.startswith("-") and usage.arguments:
        return []  # a host, a name or an address: nothing to list
    given = {word.partition("=")[0] for word in before}
    left = (o for o in usage.options if o.is_repeatable or not given & set(o.flags))
    return _matching(_flags((*left, HELP)), typed)


def _values(option: Parameter, typed: str) -> list[str]:
    words = option.choices or (option.words() if option.words else ())
    if option.metavar == FILE or (option.words and "/" in typed):
        return [FILES]
    return _matching(words, typed)


def _flags(options: Iterable[Parameter]) -> list[str]:
    """The longest spelling of each option."""
    return [f"{max(option.flags, key=len)}\t{option.help}" for option in options]


def _matching(offered: Iterable[str], typed: str) -> list[str]:
    return [each for each in offered if each.startswith(typed)]
