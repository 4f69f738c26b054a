"""`xks-probe check-config`: what would be probed, at what rate in sum, in how many series."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from probe.commands import output
from probe.commands.configuration import DEFAULT_PATH, check_credentials, load
from probe.commands.exits import Exit
from probe.commands.options import FormatOption, OutputOption
from probe.model.kinds import CHECKS
from probe.model.settings import Settings
from probe.model.text import clean


def command(
    config: Annotated[Path, typer.Option("-c", "--config", help="the configuration file")] = DEFAULT_PATH,
    form: FormatOption = output.Format.TEXT,
    file: OutputOption = None,
) -> int:
    """Exit status 2 with every mistake, each with its path."""
    from probe.config import describe

    settings = load(config)
    check_credentials(settings)
    footprint = asdict(describe(settings))
    if form is output.Format.JSON:
        output.write_document(output.as_json({"schema_version": 1, **footprint}), file)
    else:
        output.write_document(_text(settings, footprint), file)
    return Exit.FINE


def _text(settings: Settings, footprint: dict[str, float]) -> str:
    width = max(len(target.name) for target in settings.targets)
    rows = [
        f"  {clean(t.name):<{width}}  {t.role:<11}  {clean(t.host)}:{t.port}  "
        + ", ".join(f"{CHECKS[p.check].key} every {p.interval_s:g} s" for p in t.plans)
        for t in settings.targets
    ]
    total = "  ".join(f"{name.replace('_', ' ')}: {value:,.6g}" for name, value in footprint.items())
    return "\n".join(["The agent would probe:", *rows, "", total])
