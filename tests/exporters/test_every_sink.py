"""Every sink accepts all results of the agent, and is used by the agent."""

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from support.accounts.healthy import ACCOUNT
from support.reports.check_kinds import measured
from support.reports.exporter_inputs import (
    ANSWERED,
    DUPLICATE,
    HOSTILE,
    LATE,
    LOST,
    NOW_S,
    echoes,
    region,
    report,
    survey,
    target,
)

import exporters
from exporters.prometheus import PrometheusSink
from exporters.web.page import PageSink
from probe.agent.history import History
from probe.commands.notes_log import NotesLog
from probe.model.kinds import PLANNED
from probe.model.ports import Sink
from probe.model.refreshed import Refreshed
from probe.model.settings import HistorySettings
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.storage.history_sink import HistorySink

# Each sink class, and how the tests create a sink.
SINKS: dict[type, Callable[[], Sink]] = {
    PrometheusSink: lambda: PrometheusSink("1"),
    PageSink: lambda: PageSink(now=lambda: NOW_S),
    History: History,
    NotesLog: NotesLog,
    HistorySink: lambda: HistorySink(
        HistorySettings(path="/nonexistent/h", keep_s=1e6, most_bytes=1 << 24), print
    ),
}
SERVING = Path(__file__).parents[2] / "probe" / "commands" / "serving.py"
METHODS = [name for name in vars(Sink) if name.startswith("on_")]
every_sink = pytest.mark.parametrize("make", SINKS.values(), ids=[each.__name__ for each in SINKS])


def sinks_in_the_tree() -> Iterator[type]:
    for module in pkgutil.walk_packages(exporters.__path__, "exporters."):
        for value in vars(import_module(module.name)).values():
            is_defined_here = isinstance(value, type) and value.__module__ == module.name
            if is_defined_here and any(
                name in vars(value) for name in METHODS if name not in ("on_targets", "on_report")
            ):
                yield value


def test_every_sink_is_tested_here_and_used_by_the_agent() -> None:
    source = SERVING.read_text(encoding="utf-8")
    for sink in sinks_in_the_tree():
        assert sink in SINKS, (
            f"{sink.__module__}.{sink.__name__}: add it to SINKS in tests/exporters/test_every_sink.py"
        )
        assert f"{sink.__name__}(" in source, (
            f"{sink.__name__}: probe/commands/serving.py does not pass it to the agent"
        )


@pytest.mark.parametrize("sink", SINKS)
def test_every_sink_has_every_method_that_the_agent_calls(sink: type) -> None:
    assert [name for name in METHODS if not hasattr(sink, name)] == [], "see probe/model/ports.py"


def every_target() -> tuple[Target, ...]:
    plans = tuple(PlannedCheck(check=check, interval_s=60.0, timeout_s=1.0) for check in PLANNED)
    return tuple(target(f"t-{role}", role=role, plans=plans, key_store=HOSTILE) for role in Role)


@every_sink
def test_a_sink_accepts_results_of_every_role_and_check(make: Callable[[], Sink]) -> None:
    sink, targets = make(), every_target()
    sink.on_targets(targets)
    for of in targets:
        for check in Check:
            sink.on_measurement(measured(of, check))
            sink.on_measurement(measured(of, check, failed=True, detail=HOSTILE))
    sink.on_echoes(targets, echoes(ANSWERED, LOST, DUPLICATE, LATE))
    sink.on_report(report(key_store=HOSTILE))
    sink.on_survey(survey(region()))
    sink.on_facts([Refreshed(key_store=HOSTILE, account=ACCOUNT, audit=ACCOUNT, last_success_s=NOW_S)])
    sink.on_facts([Refreshed(key_store=HOSTILE)])
    sink.on_targets(targets[1:])
    sink.on_targets(())


@every_sink
def test_a_sink_ignores_late_results_of_removed_targets(make: Callable[[], Sink]) -> None:
    """Results of removed targets, and results before the first targets are set."""
    sink, targets = make(), every_target()
    for before in ((), targets[:1]):
        sink.on_targets(before)
        for check in Check:
            sink.on_measurement(measured(targets[-1], check))
        sink.on_echoes(targets, echoes(ANSWERED, LOST, DUPLICATE, LATE, index=len(targets) - 1))
