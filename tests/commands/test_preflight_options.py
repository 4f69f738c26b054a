"""The options of `preflight` are one value: typer reads and fills it."""

from dataclasses import fields
from typing import Any

import typer

from probe.commands import preflight
from probe.commands.preflight_options import Form, PreflightOptions


def filled(*arguments: str) -> PreflightOptions:
    app = typer.Typer(add_completion=False)
    app.command()(PreflightOptions)
    made: Any = app(list(arguments), standalone_mode=False)
    assert isinstance(made, PreflightOptions)
    return made


def test_nothing_said_is_every_default() -> None:
    assert filled() == PreflightOptions()


def test_each_option_lands_in_its_field() -> None:
    made = filled("--key-store", "cks-1", "--target", "10.0.0.1", "--target", "10.0.0.2", "--format", "html")
    assert (made.key_store, made.target, made.form) == ("cks-1", ["10.0.0.1", "10.0.0.2"], Form.HTML)


def test_every_field_has_an_option_with_help() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(PreflightOptions)
    parameters = {each.name: each for each in typer.main.get_command(app).params}
    assert set(parameters) == {field.name for field in fields(PreflightOptions)}
    assert all(getattr(parameter, "help", None) for parameter in parameters.values())
    assert preflight.OPTIONS is PreflightOptions
