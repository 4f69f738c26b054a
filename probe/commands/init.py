"""`xks-probe init`: writes a commented configuration, and never over an existing file."""

from pathlib import Path
from typing import Annotated

import typer

from probe.commands.configuration import DEFAULT_PATH
from probe.commands.exits import Exit, UsageError


def command(
    file: Annotated[Path, typer.Option("--output", help="where to write it")] = DEFAULT_PATH,
) -> int:
    """Exit status 2 if the file exists already."""
    from probe.config import template

    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(template())
    except FileExistsError:
        raise UsageError(
            f"{file}: exists already; name another file with --output, or move it away"
        ) from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file in a folder that can be written") from None
    typer.echo(f"wrote {file}\nnext: fill in the addresses, then  xks-probe check-config -c {file}", err=True)
    return Exit.FINE
