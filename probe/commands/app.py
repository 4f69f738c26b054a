"""Runs one command line; the one place where an exception becomes a line and an exit status."""

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from probe import __version__
from probe.commands.command_table import COMMANDS, PROGRAM, Command, find, names
from probe.commands.exits import Exit, UsageError
from probe.commands.output import write_document
from probe.model.text import clean

if TYPE_CHECKING:
    from types import ModuleType

    import typer.core

    from probe.commands.usage.parameters import CommandUsage

_AGENTS = frozenset({"run", "demo"})
_SIGNALLED = 128  # what shells add to the number of a signal
# What typer calls the types of numbers.
_NUMBER = re.compile(r"is not a valid (float|int(?:eger)?)(?: range)?(?=\.$)")
_HELP = frozenset({"-h", "--help"})
# What a shell asks for while its user types; see `usage.completion`.
_COMPLETE = "__complete"
_SHOW, _INSTALL = "--show-completion", "--install-completion"
# All mistakes at once, but a file that was named by mistake does not flood the terminal.
MAX_COMPLAINTS = 100


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit status."""
    try:
        return _dispatch(list(arguments))
    except UsageError as error:
        return _complain(error.lines, Exit.USAGE)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return Exit.FINE
    except Exception as error:  # noqa: BLE001 - the last door: a bug of ours is one line, too
        if os.environ.get("XKS_PROBE_DEBUG"):
            traceback.print_exc()
        what = f"{type(error).__name__}: {error}"
        line = f"internal error, please report it: {what} (set XKS_PROBE_DEBUG=1 for a traceback)"
        return _complain((line,), Exit.UNKNOWN)


def usage_of(name: str) -> "CommandUsage":
    """What the command line of one command offers."""
    command = _known(name)
    if name == "ping":  # it reads its arguments itself: typer takes longer to load than a ping takes
        from probe.commands import ping_arguments
        from probe.commands.usage import read_argparse

        return read_argparse.usage(command, ping_arguments.parser())
    from probe.commands.usage import read_typer

    module, made = _typer_command(command)
    return read_typer.usage(command, made, getattr(module, "VALUES", {}))


def _dispatch(arguments: list[str]) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if name == "help":
        name, rest = (rest[0], ["--help"]) if rest else ("--help", [])
    if name in _HELP:
        return _overview()
    if name == "--version":
        write_document(f"{PROGRAM} {__version__}", None)
        return Exit.FINE
    if name in (_COMPLETE, _SHOW, _INSTALL):
        return _completion(name, rest)
    command = _known(name)
    if _HELP & set(rest):
        return _help(name)
    if name in _AGENTS:
        return _run_until_stopped(command, rest)
    return _run_command(command, rest)


def _run_until_stopped(command: Command, arguments: list[str]) -> int:
    """Status 0 on SIGINT or SIGTERM from the first moment on, not only once the page is served."""
    from probe.commands import signals

    is_once = not {"--once", "--preflight"}.isdisjoint(
        arguments
    )  # its report is not written: the status is that of any ended program
    try:
        with signals.exiting(lambda number: _SIGNALLED + number if is_once else Exit.FINE):
            return _run_command(command, arguments)
    except SystemExit as stopped:
        return int(stopped.code or 0)


def _known(name: str) -> Command:
    command = find(name)
    if command is not None:
        return command
    from probe.commands.usage import nearest, page

    if name.startswith("-"):
        flags = [flag for option in page.GLOBAL_OPTIONS for flag in option.flags]
        hint = nearest.hint(name, flags, "a command comes first (xks-probe --help)")
        raise UsageError(f"{clean(name, 40)!r} is not an option here; {hint}")
    hint = nearest.hint(name, names(), f"available: {', '.join(names())}")
    raise UsageError(f"{clean(name, 40)!r} is not a command; {hint}")


def _run_command(command: Command, arguments: list[str]) -> int:
    name = command.name
    if name == "ping":
        from probe.commands import ping

        return ping.command(arguments)
    import typer
    from typer import exceptions

    module, made = _typer_command(command)
    # Many options are one value: typer makes it, and the command gets it.
    options = getattr(module, "OPTIONS", None)
    try:
        ended = made.main(arguments, prog_name=f"{PROGRAM} {name}", standalone_mode=False)
        status = module.command(ended) if options and isinstance(ended, options) else ended
    except typer.Abort:
        return Exit.INTERRUPTED
    except exceptions.TyperException as error:
        raise UsageError(f"{name}: {_message(name, error)} (xks-probe {name} --help)") from None
    return int(status or 0)


def _typer_command(command: Command) -> "tuple[ModuleType, typer.core.TyperCommand]":
    """The module of a command, imported only now, and its options as typer reads them."""
    import typer

    module = import_module(f"probe.commands.{command.name.replace('-', '_')}")
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command(name=command.name, add_help_option=False)(getattr(module, "OPTIONS", None) or module.command)
    made = typer.main.get_command(app)
    assert isinstance(made, typer.core.TyperCommand)  # noqa: S101 -- one command, no group
    return module, made


def _message(name: str, error: Exception) -> str:
    """What typer says, with the nearest option for one that does not exist."""
    unknown = getattr(error, "option_name", None)
    if unknown is None or not hasattr(error, "possibilities"):
        message = " ".join(str(error.format_message()).split())  # type: ignore[attr-defined]
        return _NUMBER.sub(lambda found: f"is not a {'' if found[1] == 'float' else 'whole '}number", message)
    from probe.commands.usage import nearest

    return nearest.unknown_option(str(unknown), usage_of(name).options)


def _help(name: str) -> int:
    from probe.commands.usage import page, terminal

    usage = usage_of(name)
    write_document(page.command_page(usage, terminal.width(), is_coloured=terminal.is_coloured()), None)
    return Exit.FINE


def _overview() -> int:
    from probe.commands.usage import page, terminal

    write_document(page.overview(__version__, terminal.width(), is_coloured=terminal.is_coloured()), None)
    return Exit.FINE


def _completion(name: str, arguments: list[str]) -> int:
    from probe.commands.usage import completion, scripts

    if name == _COMPLETE:
        write_document("\n".join(completion.candidates(arguments, COMMANDS, usage_of)), None)
    elif name == _SHOW:
        write_document(scripts.script(scripts.chosen(arguments)), None)
    else:
        sys.stderr.write(scripts.install(scripts.chosen(arguments)) + "\n")
    return Exit.FINE


def _complain(lines: Sequence[str], status: Exit) -> int:
    with contextlib.suppress(OSError):  # stderr is closed: the status is still right
        for line in lines[:MAX_COMPLAINTS]:
            sys.stderr.write(f"{PROGRAM}: {clean(line, 2000)}\n")
        if len(lines) > MAX_COMPLAINTS:
            sys.stderr.write(f"{PROGRAM}: and {len(lines) - MAX_COMPLAINTS} more errors\n")
        sys.stderr.flush()
    return status
