"""`xks-probe init`: writes a commented configuration, and never over an existing file."""

import os
import stat
import sys
from pathlib import Path
from typing import Annotated

import typer

from probe.commands.configuration import DEFAULT_PATH
from probe.commands.exits import Exit, UsageError
from probe.commands.options import OUTPUT
from probe.commands.output import output_file, write_document


def command(
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="file to create, or - for standard output; default: standard output where that is "
            f"redirected to a file (xks-probe init > FILE), otherwise {DEFAULT_PATH}",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> int:
    """Never empty what the shell has opened: `init > FILE` fills FILE."""
    from probe.config import template

    file = output_file(output) if output is not None else _default()
    if file is None:
        write_document(template(), None)
        return Exit.FINE
    _create(file, template())
    sys.stderr.write(f"wrote {file}\nnext: fill in the addresses, then  xks-probe check-config -c {file}\n")
    return Exit.FINE


def _default() -> Path | None:
    return None if _is_redirected_to_a_file() else DEFAULT_PATH


def _is_redirected_to_a_file() -> bool:
    """A regular file: the pipes of a build server or a service are not, so there `init` writes its file."""
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or not a file descriptor
        return False


def _create(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(
            f"{file}: exists already; give another file with --output, or move it away"
        ) from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; give a file in a writable folder") from None
