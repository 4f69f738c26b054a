"""The simulated network: a scenario file becomes namespaces, links with real delays, and real servers.

The demo, the tests and the benchmarks run in it. It shares no code with the probe, because a common codec
would make the same mistake on both sides. So it imports neither `probe` nor `exporters`, and in `probe` only
the commands `demo` and `doctor` import it. A new fault is a row of ``faults``, and its implementation in the
process that it affects.

Start with ``scenario`` (the contents), ``scenario.addressing`` (the addresses) and ``simulator`` (the running
simulation).
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
