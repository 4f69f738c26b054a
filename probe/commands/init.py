"""`xks-probe init`: writes a template or what the AWS account lists, and never over an existing file."""

import os
import stat
import sys
from pathlib import Path
from typing import Annotated

import typer

from probe.commands.configuration import DEFAULT_PATH
from probe.commands.exits import Exit, UsageError
from probe.commands.init_discovery import Wanted, text_of
from probe.commands.options import OUTPUT
from probe.commands.output import output_file, write_document

_DISCOVERY = "Discovery"
_OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="FILE",
        help="file to create, or - for standard output; default: standard output where that is "
        f"redirected to a file (xks-probe init > FILE), otherwise {DEFAULT_PATH}",
        rich_help_panel=OUTPUT,
    ),
]
_KeyStoreOption = Annotated[
    str | None,
    typer.Option(
        "--key-store",
        metavar="ID",
        help="existing key store (cks-…): write out what the AWS account lists for it",
        rich_help_panel=_DISCOVERY,
    ),
]
_ServiceOption = Annotated[
    str | None,
    typer.Option(
        "--endpoint-service",
        metavar="NAME",
        help="VPC endpoint service (com.amazonaws.vpce…): write the targets that AWS lists for it",
        rich_help_panel=_DISCOVERY,
    ),
]
_RegionOption = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="Region of the key store; default: AWS_REGION, this instance's, then the service's",
        rich_help_panel=_DISCOVERY,
    ),
]
_AccountOption = Annotated[
    Path | None,
    typer.Option(
        "--account",
        readable=False,
        metavar="FILE",
        help="output of deploy/aws/collect.sh, to use instead of calls to AWS",
        rich_help_panel=_DISCOVERY,
    ),
]


def command(
    output: _OutputOption = None,
    key_store: _KeyStoreOption = None,
    endpoint_service: _ServiceOption = None,
    region: _RegionOption = None,
    account: _AccountOption = None,
) -> int:
    """Never empty what the shell has opened: `init > FILE` fills FILE."""
    wanted = Wanted(key_store=key_store, endpoint_service=endpoint_service, region=region, account=account)
    file = output_file(output) if output is not None else _default()
    if file is not None and file.exists():
        raise _exists(file)
    text = _text(wanted)
    if file is None:
        write_document(text, None)
        return Exit.FINE
    _create(file, text)
    first = "add the key managers" if wanted.is_given else "fill in the addresses"
    sys.stderr.write(f"wrote {file}\nnext: {first}, then  xks-probe check-config -c {file}\n")
    return Exit.FINE


def _text(wanted: Wanted) -> str:
    """The file that discovery finds, or the template."""
    if wanted.is_given:
        return text_of(wanted)
    for option, value in (("--region", wanted.region), ("--account", wanted.account)):
        if value is not None:
            raise UsageError(f"{option}: give --key-store or --endpoint-service, too")
    from probe.config import template

    return template()


def _default() -> Path | None:
    return None if _is_redirected_to_a_file() else DEFAULT_PATH


def _is_redirected_to_a_file() -> bool:
    """A regular file: the pipes of a build server or a service are not, so there `init` writes its file."""
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or not a file descriptor
        return False


def _exists(file: Path) -> UsageError:
    return UsageError(f"{file}: exists already; give another file with --output, or move it away")


def _create(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise _exists(file) from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; give a file in a writable folder") from None
