"""The table of commands, and the one place where an exception becomes a line and an exit status."""

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from probe import __version__
from probe.commands.exits import Exit, UsageError
from probe.commands.output import write_document
from probe.model.text import clean

# A command is imported only when it is asked for: `ping` starts without pydantic, aiohttp or boto3.
COMMANDS: tuple[tuple[str, str], ...] = (
    ("demo", "See it work: the agent in a simulated network, its page on 127.0.0.1:9911"),
    ("run", "Run the agent from a configuration file"),
    ("check-config", "Say what a configuration would probe, at what rate, in how many series"),
    ("init", "Write a commented configuration"),
    ("doctor", "Say what this machine allows, and how to allow more"),
    ("survey", "Rank Regions by round-trip time and judge them against 35 ms"),
    ("ping", "Take round-trip times by ICMP or TCP, stamped by the kernel"),
    ("tls", "Do the TLS handshake as KMS does it and judge the certificate"),
    ("dns", "Ask a name server and time the answer"),
    ("health", "Ask an XKS proxy for its health as KMS does, signed, in phases"),
    ("preflight", "Say what KMS would say to this endpoint service and proxy, why, and what to change"),
)


# All mistakes at once, but no file that was named by mistake is poured out on the terminal.
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
        line = f"internal error, please report it: {what} (XKS_PROBE_DEBUG=1 shows where)"
        return _complain((line,), Exit.UNKNOWN)


def _dispatch(arguments: list[str]) -> int:
    name = next((a for a in arguments if not a.startswith("-")), None)
    if name is None or arguments[0].startswith("-"):
        return _overview(arguments)
    if name not in dict(COMMANDS):
        raise UsageError(f"{clean(name, 40)!r} is no command; try: {', '.join(c for c, _ in COMMANDS)}")
    return _run_command(name, arguments[1:])


def _run_command(name: str, arguments: list[str]) -> int:
    if name == "ping":  # it reads its arguments itself: typer takes longer to load than a ping takes
        from probe.commands import ping

        return ping.command(arguments)
    import typer
    from typer import exceptions

    module = import_module(f"probe.commands.{name.replace('-', '_')}")
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    # Many options are one value: typer makes it, and the command gets it.
    makes = getattr(module, "OPTIONS", None)
    app.command(name=name, help=dict(COMMANDS)[name], no_args_is_help=False)(makes or module.command)
    try:
        ended = app(arguments, prog_name=f"xks-probe {name}", standalone_mode=False)
        status = module.command(ended) if makes and isinstance(ended, makes) else ended
    except typer.Abort:
        return Exit.INTERRUPTED
    except typer.Exit as early:
        return int(early.exit_code)
    except exceptions.TyperException as error:
        raise UsageError(f"{name}: {error.format_message()} (xks-probe {name} --help)") from None
    return int(status or 0)


def _overview(arguments: list[str]) -> int:
    if arguments and arguments[0] not in ("--help", "-h"):
        raise UsageError(
            f"{clean(arguments[0], 40)!r} is no option here; a command comes first (xks-probe --help)"
        )
    width = max(len(name) for name, _ in COMMANDS)
    rows = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS)
    write_document(
        f"xks-probe {__version__}: network diagnostics for AWS KMS external key stores\n\n"
        f"Usage: xks-probe COMMAND [OPTIONS]      xks-probe COMMAND --help\n\n{rows}",
        None,
    )
    return Exit.FINE


def _complain(lines: Sequence[str], status: Exit) -> int:
    with contextlib.suppress(OSError):  # nobody reads: the status still says it
        for line in lines[:MAX_COMPLAINTS]:
            sys.stderr.write(f"xks-probe: {clean(line, 2000)}\n")
        if len(lines) > MAX_COMPLAINTS:
            sys.stderr.write(f"xks-probe: and {len(lines) - MAX_COMPLAINTS} more of the kind\n")
        sys.stderr.flush()
    return status
