"""`xks-probe check-config`: what the agent would probe, at what total rate, and in how many series."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from probe.commands import output
from probe.commands.configuration import DEFAULT_PATH, check_credentials, load
from probe.commands.exits import Exit
from probe.commands.options import ConfigOption, FormatOption, OutputOption
from probe.model.kinds import CHECKS
from probe.model.settings import Settings
from probe.model.text import clean

if TYPE_CHECKING:
    from probe.config import Footprint


def command(
    config: ConfigOption = DEFAULT_PATH,
    form: FormatOption = output.Format.TEXT,
    file: OutputOption = None,
) -> int:
    """Every error is a line with its path."""
    from probe.config import describe

    settings = load(config)
    check_credentials(settings)
    footprint = describe(settings)
    if form is output.Format.JSON:
        shown = {"schema_version": 1, **asdict(footprint), "discovered": sorted(settings.discovered)}
        output.write_document(output.as_json(shown), file)
    else:
        output.write_document(_text(settings, footprint), file)
    return Exit.FINE


def _text(settings: Settings, footprint: "Footprint") -> str:
    width = max((len(target.name) for target in settings.targets), default=0)
    rows = [
        f"  {clean(t.name):<{width}}  {t.role:<11}  {clean(t.host)}:{t.port}  "
        + ", ".join(f"{CHECKS[p.check].key} every {p.interval_s:g} s" for p in t.plans)
        for t in settings.targets
    ]
    total = (
        f"{footprint.targets:,} targets, {footprint.checks:,} checks: "
        f"{_rate(footprint.echoes_per_s)} pings/s, "
        f"{_rate(footprint.connections_per_s)} connections/s, about {footprint.series:,} series"
    )
    head = ["The agent would probe:", *rows] if rows else ["The file lists no target."]
    return "\n".join([*head, *_discovered(settings, footprint), "", total])


def _discovered(settings: Settings, footprint: "Footprint") -> list[str]:
    """What is found through the AWS API, and what that costs."""
    if not settings.discovered:
        return []
    stores = [store for store in settings.stores if store.id in settings.discovered]
    rows = [
        f"  {clean(store.id or store.service_name or '')} in {clean(store.region)}: nodes and targets of its "
        "load balancers, by the AWS API"
        for store in stores
    ]
    times = settings.refresh
    calls = (
        f"About {footprint.aws_calls_per_hour:,.0f} AWS calls per hour (read-only): the account is read "
        f"every {times.audit_interval_s:g} s, the verification record every {times.record_interval_s:g} s."
    )
    return [
        "",
        "It would also discover and probe:",
        *rows,
        calls,
        "The targets found are not among those counted below.",
    ]


def _rate(per_second: float) -> str:
    """Two digits that count: 0.08, 1.2, 120."""
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2g}"  # noqa: PLR2004 - digits
