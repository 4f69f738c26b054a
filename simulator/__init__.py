"""The simulated internet: a scenario file becomes namespaces, a wire with real delays, and real servers.

The demo, the tests and the benchmarks run in one. It shares no code with the probe: a common codec would
repeat our mistake on both sides. So it imports neither `probe` nor `exporters`, and of `probe` only the
commands `demo` and `doctor` know it. A new fault is a row of ``faults`` and what it does in the process
that it concerns.

Start with ``scenario`` (what there is), ``scenario.addressing`` (under which addresses) and ``simulator``
(the whole).
"""

from simulator.control import SimulationError
from simulator.faults import Fault
from simulator.network.capability import Capability, capability
from simulator.network.records import AppliedDelay
from simulator.scenario.load import bundled_scenarios, load_scenario
from simulator.scenario.scenario import Scenario, ScenarioError
from simulator.simulator import Simulation
from simulator.starting import run_in_simulation, start

__all__ = [
    "AppliedDelay",
    "Capability",
    "Fault",
    "Scenario",
    "ScenarioError",
    "Simulation",
    "SimulationError",
    "bundled_scenarios",
    "capability",
    "load_scenario",
    "run_in_simulation",
    "start",
]
