"""The simulated internet: a scenario file becomes namespaces, a wire with real delays, and real servers.

The demo, the tests and the benchmarks run in one. It imports ``probe.model`` and nothing else of ours: a
shared codec would repeat our mistake on both sides.

Start with ``scenario`` (what there is), ``layout`` (under which addresses) and ``world`` (the whole).
"""

from probe.world.capability import Capability, capability
from probe.world.control import WorldError
from probe.world.faults import Fault
from probe.world.records import AppliedDelay
from probe.world.scenario import Scenario, ScenarioError, bundled_scenarios, load_scenario
from probe.world.world import World, run_in_world, start

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
