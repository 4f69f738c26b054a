"""Assigns an address and a port to each host. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.scenario.kinds import KINDS, HostKind, hosts_of
from simulator.scenario.scenario import AnyHost, Scenario

# The agent's link, the inner addresses of the load balancer, and all other hosts; never routed elsewhere.
AGENT_ADDRESS = "10.77.0.2"
GATEWAY_ADDRESS = "10.77.0.1"
INSIDE_NETWORK = "10.76.0.0/16"
SIMULATION_NETWORK = "10.78.0.0/16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """``endpoints`` by host name; ``inside`` is the source address of each node towards its backends.

    ``standard_ports``: all servers have the ports of a real network. A reduced simulation may have others.
    """

    endpoints: Mapping[str, Endpoint]
    inside: Mapping[str, str]
    reduced: bool = False
    standard_ports: bool = True

    def address(self, name: str) -> str:
        return self.endpoints[name].address


def assign_addresses(
    scenario: Scenario, *, reduced_block: int | None = None, standard_ports: bool = False
) -> Addressing:
    """Addresses in the simulation's own network, or with ``reduced_block`` (1..250) in 127.<block>.0.0/16.

    In such a block the ports are unprivileged ones, unless ``standard_ports`` are asked for.
    """
    standard_ports = standard_ports or reduced_block is None
    endpoints = {
        host.name: Endpoint(
            address=_address(kind, index, host, reduced_block),
            port=kind.port if standard_ports else kind.reduced_port,
        )
        for kind in KINDS
        for index, host in enumerate(hosts_of(scenario, kind))
    }
    inside = {node.name: f"10.76.0.{index}" for index, node in enumerate(scenario.nodes, 1)}
    return Addressing(
        endpoints=endpoints,
        inside=inside,
        reduced=reduced_block is not None,
        standard_ports=standard_ports,
    )


def _address(kind: HostKind, index: int, host: AnyHost, block: int | None) -> str:
    # A kind may have 250 hosts: after .254 the numbers continue at .1, which is unused until then.
    fourth = kind.first + index
    fourth = fourth if fourth <= 254 else fourth - 254  # noqa: PLR2004  # .255 is not used
    if block is None:
        return host.address or f"10.78.{kind.block}.{fourth}"
    return f"127.{block}.{kind.block}.{fourth}"
