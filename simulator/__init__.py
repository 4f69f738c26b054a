"""The simulated network: builds namespaces, a link with real delays, and real servers from a scenario file.

The demo, the tests and the benchmarks run in it. It shares no code with the probe, because a shared codec
would have the same bug on both sides. It imports neither `probe` nor `exporters`; in `probe`, only the
commands `demo` and `doctor` import it. A new fault needs a member in ``faults`` and its effect in the process
concerned.

Start with ``scenario`` (hosts and faults), ``scenario.addressing`` (their addresses) and ``simulator`` (the
running simulation).
"""

from simulator.aws.default_account import with_account
from simulator.control import SimulationError
from simulator.faults import FAULT_GROUPS, Fault
from simulator.forking import AccountTemplate
from simulator.network.capability import Capability, capability
from simulator.network.loopback import are_standard_ports_free
from simulator.network.records import AppliedDelay
from simulator.scenario.load import bundled_scenarios, load_scenario
from simulator.scenario.scenario import Scenario, ScenarioError
from simulator.simulator import Simulation
from simulator.starting import run_in_simulation, start

__all__ = [
    "FAULT_GROUPS",
    "AccountTemplate",
    "AppliedDelay",
    "Capability",
    "Fault",
    "Scenario",
    "ScenarioError",
    "Simulation",
    "SimulationError",
    "are_standard_ports_free",
    "bundled_scenarios",
    "capability",
    "load_scenario",
    "run_in_simulation",
    "start",
    "with_account",
]
