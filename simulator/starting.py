"""Starts a simulation: with namespaces, or reduced where namespaces are not allowed."""

import subprocess
from collections.abc import Sequence
from typing import Any

from simulator.control import SimulationError
from simulator.network.capability import capability
from simulator.processes import StartAccount, start_account
from simulator.scenario.scenario import Scenario
from simulator.simulator import HOW_REDUCED, Simulation


def start(
    scenario: Scenario,
    *,
    reduced: bool | None = None,
    enter: bool = True,
    standard_ports: bool = False,
    start_account: StartAccount = start_account,
) -> Simulation:
    """Start ``scenario``; with ``enter``, move this process into the agent's namespace.

    Call this before starting threads or event loops. Sockets that are already open stay in the old namespace,
    so that the status page can be reached from outside. With ``reduced`` None, the simulation is reduced if
    namespaces are not available; its notes say so. It then has unprivileged ports, unless ``standard_ports``
    are asked for; see `are_standard_ports_free`. To start many accounts, pass `AccountTemplate.start`.

    Raises:
        SimulationError: if it cannot be started; nothing is left behind.
    """
    notes: tuple[str, ...] = (HOW_REDUCED,) if reduced else ()
    if not reduced:
        can = capability()
        if not can.namespaces and reduced is False:
            raise SimulationError(f"namespaces are not available: {can.why}. To enable them: {can.remedy}")
        if not can.namespaces:
            notes = (
                HOW_REDUCED,
                f"namespaces are not available: {can.why}",
                f"to enable them: {can.remedy}",
            )
    simulation = Simulation(
        scenario, notes, reduced=bool(notes), standard_ports=standard_ports, start_account=start_account
    )
    try:
        simulation.open()
        if enter:
            simulation.enter()
    except BaseException:
        simulation.stop()
        raise
    return simulation


def run_in_simulation(
    scenario: Scenario, argv: Sequence[str], *, as_text: bool = True, timeout_s: float
) -> subprocess.CompletedProcess[Any]:
    """Start a simulation, run one command in its agent's namespace (see `Simulation.run`), and stop it."""
    with start(scenario, enter=False) as simulation:
        return simulation.run(argv, timeout_s, as_text=as_text)
