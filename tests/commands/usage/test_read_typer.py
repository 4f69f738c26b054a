"""The options of a command, read from its typer declaration."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
import typer.core

from probe.commands.command_table import Command
from probe.commands.usage import read_typer
from probe.commands.usage.parameters import CommandUsage


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def command(
    host: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="where")],
    region: Annotated[str, typer.Option("--region", metavar="REGION")],
    others: Annotated[list[str] | None, typer.Option("--other", metavar="NAME")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="more")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0.01, max=300, rich_help_panel="Waiting")] = 10.0,
    form: Annotated[Form, typer.Option("--format")] = Form.TEXT,
    file: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE")] = None,
) -> None:
    """Not run."""


@pytest.fixture
def usage() -> CommandUsage:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(add_help_option=False)(command)
    typer_command = typer.main.get_command(app)
    assert isinstance(typer_command, typer.core.TyperCommand)
    return read_typer.usage(
        Command("name", "summary", "status"), typer_command, {"--region": lambda: ("a", "b")}
    )


def test_an_argument_has_its_name_and_is_required(usage: CommandUsage) -> None:
    (host,) = usage.arguments
    assert (host.flags, host.metavar, host.help, host.is_required) == ((), "HOST[:PORT]", "where", True)
    assert not host.is_repeatable


def test_each_option_has_the_values_of_its_declaration(usage: CommandUsage) -> None:
    by_flag = {option.flags[-1]: option for option in usage.options}
    assert list(by_flag) == ["--region", "--other", "--strict", "--timeout", "--format", "--output"]
    assert by_flag["--region"].is_required
    assert by_flag["--region"].words
    assert list(by_flag["--region"].words()) == ["a", "b"]
    assert (by_flag["--other"].is_repeatable, by_flag["--other"].default) == (True, "")
    assert (by_flag["--strict"].metavar, by_flag["--strict"].default) == ("", "")
    assert (by_flag["--timeout"].limits, by_flag["--timeout"].default) == ("0.01 to 300", "10")
    assert by_flag["--timeout"].group == "Waiting"
    assert (by_flag["--format"].choices, by_flag["--format"].default) == (("text", "json"), "text")
    assert by_flag["--output"].label == "-o, --output FILE"
