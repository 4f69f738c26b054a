"""typer creates one `PreflightOptions` value from the arguments of `preflight`."""

from dataclasses import fields
from typing import Any

import typer

from probe.commands import preflight
from probe.commands.preflight_options import Form, PreflightOptions


def parsed(*arguments: str) -> PreflightOptions:
    app = typer.Typer(add_completion=False)
    app.command()(PreflightOptions)
    options: Any = app(list(arguments), standalone_mode=False)
    assert isinstance(options, PreflightOptions)
    return options


def test_without_options_every_field_has_its_default() -> None:
    assert parsed() == PreflightOptions()


def test_each_option_sets_its_field() -> None:
    options = parsed(
        "--key-store", "cks-1", "--target", "10.0.0.1", "--target", "10.0.0.2", "--format", "html"
    )
    assert (options.key_store, options.target, options.form) == ("cks-1", ["10.0.0.1", "10.0.0.2"], Form.HTML)


def test_every_field_has_an_option_with_help() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(PreflightOptions)
    parameters = {each.name: each for each in typer.main.get_command(app).params}
    assert set(parameters) == {field.name for field in fields(PreflightOptions)}
    assert all(getattr(parameter, "help", None) for parameter in parameters.values())
    assert preflight.OPTIONS is PreflightOptions
