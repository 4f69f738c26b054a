"""`demo --break NAME --after DURATION`: which names and times are accepted, and what then happens."""

import threading
from typing import Any, cast

import pytest
import structlog

from probe.commands import demo_faults
from probe.commands.demo_faults import Break, planned
from probe.commands.exits import UsageError
from simulator import Fault, Scenario, Simulation, SimulationError, load_scenario

HEALTHY = load_scenario("healthy")


class FakeSimulation:
    """Records what is changed, and in which thread. ``error`` is raised instead."""

    def __init__(self, error: Exception | None = None) -> None:
        self.changes: list[tuple[str, str]] = []
        self.threads: set[int] = set()
        self._error = error

    def break_proxies(self, fault: Fault) -> None:
        self._record("fault", fault.value)

    def apply_faults(self, other: Scenario) -> None:
        self._record("scenario", other.name)

    def _record(self, what: str, name: str) -> None:
        if self._error is not None:
            raise self._error
        self.threads.add(threading.get_ident())
        self.changes.append((what, name))


async def happened(name: str, error: Exception | None = None) -> tuple[FakeSimulation, list[Any]]:
    fault = planned(name, "0s", HEALTHY)
    assert fault is not None
    simulation = FakeSimulation(error)
    with structlog.testing.capture_logs() as logs:
        await fault.happen(cast("Simulation", simulation))
    return simulation, cast("list[Any]", logs)


def test_without_the_option_nothing_is_planned() -> None:
    assert planned(None, None, HEALTHY) is None


def test_a_fault_happens_after_a_minute_unless_another_time_is_given() -> None:
    assert planned("expired", None, HEALTHY) == Break(name="expired", after_s=60.0, fault=Fault.EXPIRED)
    assert planned("expired", "90s", HEALTHY) == Break(name="expired", after_s=90.0, fault=Fault.EXPIRED)


@pytest.mark.parametrize(("after", "after_s"), [("0s", 0.0), ("24h", 86_400.0)])
def test_the_time_may_be_from_now_to_a_day(after: str, after_s: float) -> None:
    fault = planned("expired", after, HEALTHY)
    assert fault is not None
    assert fault.after_s == after_s


@pytest.mark.parametrize("after", ["25h", "5", "-5s", "soon", "", "1e9s"])
def test_any_other_time_is_rejected_in_one_line(after: str) -> None:
    with pytest.raises(UsageError, match=r"^--after: [^\n]*(24h|duration)"):
        planned("expired", after, HEALTHY)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("expird", "did you mean 'expired'"),
        ("dead-zon", "did you mean 'dead-zone'"),
        ("qqqq", "see xks-probe demo --list"),
        ("\x1b[31mred", r"\\x1b"),
    ],
)
def test_for_an_unknown_name_the_nearest_one_is_suggested(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"is neither a scenario nor a fault; .*{hint}|{hint}.*neither"):
        planned(name, None, HEALTHY)


@pytest.mark.parametrize(
    ("running", "name", "words"),
    [
        ("healthy", "regions-34", "regions-34 has no load balancer node and no proxy that healthy has, too"),
        ("regions-34", "healthy", "healthy has no load balancer node and no proxy that regions-34 has, too"),
        ("regions-34", "expired", "the scenario regions-34 has no proxies"),
    ],
)
def test_a_fault_that_would_change_nothing_is_rejected(running: str, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"^--break: {words}"):
        planned(name, None, load_scenario(running))


@pytest.mark.parametrize("name", demo_faults.names())
def test_every_listed_name_is_accepted(name: str) -> None:
    if name != "regions-34":
        assert planned(name, None, HEALTHY) is not None


async def test_a_fault_is_one_of_all_proxies_and_is_caused_outside_the_event_loop() -> None:
    simulation, logs = await happened("expired")
    assert simulation.changes == [("fault", "expired")]
    assert threading.get_ident() not in simulation.threads
    assert [(log["event"], log["fault"]) for log in logs] == [
        ("the simulated network has changed", "expired")
    ]


async def test_a_name_of_both_a_scenario_and_a_fault_is_the_scenario() -> None:
    assert (await happened("wrong-common-name"))[0].changes == [("scenario", "wrong-common-name")]


async def test_a_simulation_that_has_ended_is_logged_in_one_line() -> None:
    _, logs = await happened("expired", SimulationError("the servers process\nended"))
    assert [log["event"] for log in logs] == ["the fault could not be caused"]
    assert "\n" not in logs[0]["error"]
