"""The simulated internet: a scenario file becomes namespaces, a wire with real delays, and real servers.

The demo, the tests and the benchmarks run in one. It shares no code with the probe: a common codec would
repeat our mistake on both sides.

Start with ``scenario`` (what there is), ``layout`` (under which addresses) and ``world`` (the whole).
"""

from simulator.control import WorldError
from simulator.faults import Fault
from simulator.network.capability import Capability, capability
from simulator.network.records import AppliedDelay
from simulator.scenario.load import bundled_scenarios, load_scenario
from simulator.scenario.scenario import Scenario, ScenarioError
from simulator.simulator import World, run_in_world, start

__all__ = [
    "AppliedDelay",
    "Capability",
    "Fault",
    "Scenario",
    "ScenarioError",
    "World",
    "WorldError",
    "bundled_scenarios",
    "capability",
    "load_scenario",
    "run_in_world",
    "start",
]
