"""The fault that `demo --break` causes while the demo runs: by name, or those of another scenario."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.commands.demo_network import simulator
from probe.commands.demo_options import DEFAULT_AFTER
from probe.commands.exits import UsageError
from probe.commands.usage import nearest
from probe.model.text import clean
from probe.wire.duration import parse_duration

if TYPE_CHECKING:
    from simulator import Fault, Scenario, Simulation

MAX_AFTER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What changes, and when. ``fault`` is one of all backends; without it, ``scenario`` has the faults."""

    name: str
    after_s: float
    fault: "Fault | None" = None
    scenario: "Scenario | None" = None

    async def happen(self, simulation: "Simulation") -> None:
        """Change the simulation when it is time. The control of its processes blocks, so a thread waits."""
        import structlog

        log = structlog.get_logger()
        await asyncio.sleep(self.after_s)
        try:
            await asyncio.to_thread(self._change, simulation)
        except simulator().SimulationError as error:
            why = clean(str(error), 500)
            log.error("the fault could not be caused", fault=self.name, error=why)  # noqa: TRY400  # one line
        else:
            log.info("the simulated network has changed", fault=self.name)

    def _change(self, simulation: "Simulation") -> None:
        if self.scenario is not None:
            simulation.apply_faults(self.scenario)
        elif self.fault is not None:
            simulation.break_proxies(self.fault)


def planned(name: str | None, after: str | None, running: "Scenario") -> Break | None:
    """The options, checked against the scenario that will run."""
    if name is None:
        return None
    after_s = _after_s(DEFAULT_AFTER if after is None else after)
    of = simulator()
    if name in of.bundled_scenarios():
        return Break(name=name, after_s=after_s, scenario=_of_same_hosts(name, running))
    if name not in names_of_faults():
        hint = nearest.hint(name, names(), "see xks-probe demo --list")
        raise UsageError(f"--break: {clean(name, 80)!r} is neither a scenario nor a fault; {hint}")
    if not running.backends:
        raise UsageError(f"--break: the scenario {clean(running.name, 80)} has no proxies")
    return Break(name=name, after_s=after_s, fault=of.Fault(name))


def names() -> tuple[str, ...]:
    """All that `--break` accepts."""
    return (*simulator().bundled_scenarios(), *names_of_faults())


def names_of_faults() -> tuple[str, ...]:
    """The faults of a proxy, without those that have the name of a scenario."""
    scenarios = simulator().bundled_scenarios()
    return tuple(fault.value for fault in simulator().Fault if fault.value not in scenarios)


def _of_same_hosts(name: str, running: "Scenario") -> "Scenario":
    of = simulator()
    other: Scenario = of.with_account(of.load_scenario(name))
    if not _hosts(other) & _hosts(running):
        here = clean(running.name, 80)
        raise UsageError(f"--break: {name} has no load balancer node and no proxy that {here} has, too")
    return other


def _hosts(scenario: "Scenario") -> set[str]:
    return {node.name for node in scenario.nodes} | {backend.name for backend in scenario.backends}


def _after_s(text: str) -> float:
    try:
        after_s = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--after: {clean(text, 40)!r} {error}") from None
    if after_s > MAX_AFTER_S:
        raise UsageError(f"--after: {clean(text, 40)} is too long; at most 24h")
    return after_s
