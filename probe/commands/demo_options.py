"""The options of `demo`, as one value: typer reads them off the fields."""

from dataclasses import dataclass
from typing import Annotated

import typer

from probe.commands import options
from probe.commands.exits import UsageError
from probe.commands.logs import LogFormat, LogFormatOption
from probe.commands.preflight_options import Form

DEFAULT_AFTER = "60s"
_SIMULATION = "Simulation"  # a heading of the help
_OF_ONCE = (Form.TEXT, Form.JSON)


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """As given, unchecked."""

    scenario: Annotated[
        str,
        typer.Option(
            "--scenario",
            metavar="NAME",
            help="bundled scenario, or a YAML file; see --list",
            rich_help_panel=_SIMULATION,
        ),
    ] = "default"
    is_list: Annotated[
        bool,
        typer.Option(
            "--list",
            help="list the bundled scenarios with what they show, and the faults; then exit",
            rich_help_panel=_SIMULATION,
        ),
    ] = False
    fault: Annotated[
        str | None,
        typer.Option(
            "--break",
            metavar="NAME",
            help="cause a fault while the demo runs: a fault's name, or a scenario with its faults",
            rich_help_panel=_SIMULATION,
        ),
    ] = None
    after: Annotated[
        str | None,
        typer.Option(
            "--after",
            metavar="DURATION",
            help=f"time from the start to the fault; default: {DEFAULT_AFTER}",
            rich_help_panel=_SIMULATION,
        ),
    ] = None
    reduced: Annotated[
        bool,
        typer.Option(
            "--reduced",
            help="use loopback only, as on hosts without user namespaces",
            rich_help_panel=_SIMULATION,
        ),
    ] = False
    address: Annotated[
        str,
        typer.Option("--listen", metavar="ADDRESS[:PORT]", help="address and port of the status page"),
    ] = "127.0.0.1:9911"
    allow_unauthenticated: options.AllowUnauthenticatedOption = False
    log_format: LogFormatOption = LogFormat.CONSOLE
    is_once: Annotated[
        bool,
        typer.Option(
            "--once", help="run one round, print the report and exit", rich_help_panel=options.OUTPUT
        ),
    ] = False
    is_preflight: Annotated[
        bool,
        typer.Option(
            "--preflight",
            help="run preflight for the simulated key store, print its report and exit",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text for people, json for programs; with --preflight also markdown, html and junit",
            rich_help_panel=options.OUTPUT,
        ),
    ] = Form.TEXT
    file: options.OutputOption = None

    def check(self) -> None:
        """Raises UsageError for options that do not go together."""
        if self.is_once and self.is_preflight:
            raise UsageError("--once: --preflight is given, too; give only one of them")
        if self.fault is None and self.after is not None:
            raise UsageError("--after: give the fault, too: --break NAME")
        if self.fault is not None and (self.is_once or self.is_preflight):
            one = "--once" if self.is_once else "--preflight"
            raise UsageError(f"--break: {one} measures one round only; leave out one of them")
        if self.form not in _OF_ONCE and not self.is_preflight:
            raise UsageError(f"--format: {self.form.value} is a format of --preflight; use text or json")
        for option, is_given in (("--format", self.form is not Form.TEXT), ("--output", self.file)):
            if is_given and not (self.is_once or self.is_preflight):
                raise UsageError(f"{option}: the demo writes a report only with --once or --preflight")
