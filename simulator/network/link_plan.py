"""The forwarding rules for a scenario: the addresses of its hosts with delays and faults. Pure."""

import socket
from collections.abc import Mapping
from random import Random
from typing import Any

from simulator.network.forwarding import Forwarding, LinkedHost
from simulator.network.nat import Nat, NodeAddresses
from simulator.scenario.addressing import AGENT_ADDRESS, assign_addresses
from simulator.scenario.kinds import every_host
from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import Scenario


def plan_forwarding(name: str, document: Mapping[str, Any], random: Random) -> Forwarding:
    """The forwarding of the scenario in ``document``."""
    return forwarding_of(read_scenario(name, document), random)


def forwarding_of(scenario: Scenario, random: Random) -> Forwarding:
    addressing = assign_addresses(scenario)

    def packed(host: str) -> bytes:
        return socket.inet_aton(addressing.address(host))

    nodes = tuple(
        NodeAddresses(
            outside=packed(node.name),
            inside=socket.inet_aton(addressing.inside[node.name]),
            backends=tuple(packed(backend) for backend in node.backends),
        )
        for node in scenario.nodes
    )
    hosts = {packed(host.name): LinkedHost(host.delay, host.fault) for _, host in every_host(scenario)}
    return Forwarding(hosts, Nat(socket.inet_aton(AGENT_ADDRESS), nodes), random)
