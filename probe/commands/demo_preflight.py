"""`xks-probe demo --preflight`: the preflight of the simulated key store."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from probe.commands import demo_network, preflight
from probe.commands.demo_network import Network
from probe.commands.exits import UsageError
from probe.commands.preflight_options import Form, PreflightOptions
from probe.model.text import clean

if TYPE_CHECKING:
    from simulator import Scenario

# Nothing in the simulation has an address in it.
_DATA_CENTRE = "192.168.0.0/16"


def check(scenario: "Scenario", *, is_reduced: bool) -> None:
    """Raises UsageError where the simulation has no AWS account."""
    if not demo_network.has_account(is_reduced=is_reduced):
        raise UsageError("--preflight: on loopback it needs ports 443 and 53, and the extra demo")
    if not scenario.nodes:
        name = clean(scenario.name, 80)
        raise UsageError(f"--preflight: the scenario {name} has no load balancer; choose another one")


def take(network: Network, form: Form, file: Path | None) -> None:
    """One preflight, written in this format."""
    plan = preflight.planned(_options(network, form, file))
    settings = replace(plan.settings, is_simulation=True)
    preflight.take_round(replace(plan, settings=settings, vantage=network.vantage), None)


def _options(network: Network, form: Form, file: Path | None) -> PreflightOptions:
    """The options with which a user would check this key store."""
    simulation = network.simulation
    keys = simulation.scenario.proxy.keys
    return PreflightOptions(
        key_store=simulation.scenario.key_store,
        key_id=keys[0].id if keys else None,
        key_manager=[simulation.address(host.name) for host in simulation.scenario.key_managers],
        data_centre=[_DATA_CENTRE],
        public_resolver=list(network.resolvers),
        credential_file=simulation.credential_file,
        extra_authority=simulation.root_pem,
        form=form,
        file=file,
    )
