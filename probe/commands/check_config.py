"""`xks-probe check-config`: what the agent would probe, at what total rate, and in how many series."""

from dataclasses import asdict
from math import inf
from typing import TYPE_CHECKING

from probe.commands import output
from probe.commands.configuration import DEFAULT_PATH, check_credentials, load
from probe.commands.exits import Exit
from probe.commands.local_notes import of_history, of_source_address
from probe.commands.options import (
    AllowUnauthenticatedOption,
    ConfigOption,
    FormatOption,
    OutputOption,
    WebConfigOption,
)
from probe.commands.web_config import check_access, web_settings
from probe.model.kinds import CHECKS
from probe.model.settings import Settings
from probe.model.text import clean

if TYPE_CHECKING:
    from probe.config import Footprint

DAY_S, MIB = 86400.0, 1 << 20


def command(
    config: ConfigOption = DEFAULT_PATH,
    form: FormatOption = output.Format.TEXT,
    file: OutputOption = None,
    allow_unauthenticated: AllowUnauthenticatedOption = False,
    web_config: WebConfigOption = None,
) -> int:
    """Every error is a line with its path."""
    from probe.config import describe

    settings = load(config)
    check_access(settings, web_settings(web_config), is_allowed=allow_unauthenticated)
    notes = (*check_credentials(settings), *of_source_address(settings), *of_history(settings))
    footprint = describe(settings)
    if form is output.Format.JSON:
        shown = {
            "schema_version": 1,
            **asdict(footprint),
            "discovered": sorted(settings.discovered),
            "history": _history_limits(settings),
            "notes": list(notes),
        }
        output.write_document(output.as_json(shown), file)
    else:
        output.write_document(_text(settings, footprint, notes), file)
    return Exit.FINE


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _text(settings: Settings, footprint: "Footprint", notes: tuple[str, ...]) -> str:
    width = max((len(target.name) for target in settings.targets), default=0)
    rows = [
        f"  {clean(t.name):<{width}}  {t.role:<11}  {clean(t.host)}:{t.port}  "
        + ", ".join(f"{CHECKS[p.check].key} every {p.interval_s:g} s" for p in t.plans)
        for t in settings.targets
    ]
    total = (
        f"{_counted(footprint.targets, 'target')}, {_counted(footprint.checks, 'check')}: "
        f"{_rate(footprint.echoes_per_s)} pings/s, "
        f"{_rate(footprint.connections_per_s)} connections/s, about {footprint.series:,} series"
    )
    head = ["The agent would probe:", *rows] if rows else ["The file lists no target."]
    noted = ["", *(f"note: {note}" for note in notes)] if notes else []
    return "\n".join(
        [*head, *_discovered(settings, footprint), *noted, "", _history(settings, footprint), total]
    )


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


def _history_limits(settings: Settings) -> dict[str, object] | None:
    history = settings.history
    if history is None:
        return None
    return {
        "path": clean(history.path, 4096),
        "keep_seconds": history.keep_s,
        "most_bytes": history.most_bytes,
    }


def _history(settings: Settings, footprint: "Footprint") -> str:
    """The history's file and limits, and which limit counts."""
    history, per_day = settings.history, footprint.history_bytes_per_day
    if history is None:
        return "History on disk: off; set history.path to keep results"
    days, holds = history.keep_s / DAY_S, history.most_bytes / per_day if per_day else inf
    fewer = f", so it holds about {_rate(holds)} days" if holds < days else ""
    written = f"these targets write about {_rate(per_day / MIB)} MiB per day{fewer}"
    return (
        f"History on disk: {clean(history.path)}, {days:g} days, "
        f"at most {history.most_bytes / MIB:,.0f} MiB; {written}"
    )


def _rate(per_second: float) -> str:
    """Two digits that count: 0.08, 1.2, 120."""
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2g}"  # noqa: PLR2004 - digits
