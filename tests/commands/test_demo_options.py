"""typer creates one `DemoOptions` value from the arguments of `demo`; `check` rejects contradictions."""

from dataclasses import fields
from pathlib import Path

import pytest
import typer

from probe.commands import demo
from probe.commands.demo_options import DemoOptions
from probe.commands.exits import UsageError
from probe.commands.preflight_options import Form


def test_every_field_has_an_option_with_help() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(DemoOptions)
    parameters = {each.name: each for each in typer.main.get_command(app).params}
    assert set(parameters) == {field.name for field in fields(DemoOptions)}
    assert all(getattr(parameter, "help", None) for parameter in parameters.values())
    assert demo.OPTIONS is DemoOptions


@pytest.mark.parametrize(
    "asked",
    [
        DemoOptions(),
        DemoOptions(fault="expired"),
        DemoOptions(fault="expired", after="5s"),
        DemoOptions(is_once=True, form=Form.JSON),
        DemoOptions(is_preflight=True, form=Form.HTML),
        DemoOptions(is_once=True, file=Path("report.json")),
        DemoOptions(is_preflight=True, file=Path("report.txt")),
    ],
    ids=str,
)
def test_options_that_go_together_are_accepted(asked: DemoOptions) -> None:
    asked.check()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (DemoOptions(after="5s"), "--after: give the fault, too: --break NAME"),
        (DemoOptions(is_once=True, is_preflight=True), "--once: --preflight is given, too"),
        (DemoOptions(is_once=True, fault="expired"), "--break: --once measures one round only"),
        (DemoOptions(is_preflight=True, fault="expired"), "--break: --preflight measures one round only"),
        (DemoOptions(is_once=True, form=Form.HTML), "--format: html is a format of --preflight"),
        (DemoOptions(form=Form.JUNIT), "--format: junit is a format of --preflight"),
        (DemoOptions(form=Form.JSON), "--format: the demo writes a report only with --once or --preflight"),
        (DemoOptions(file=Path("x")), "--output: the demo writes a report only with --once or --preflight"),
    ],
    ids=lambda value: "" if isinstance(value, DemoOptions) else value,
)
def test_options_that_contradict_each_other_are_rejected_in_one_line(asked: DemoOptions, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        asked.check()
