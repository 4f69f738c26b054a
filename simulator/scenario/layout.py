"""Which host answers under which address and port. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.scenario.scenario import Backend, Host, Node, Scenario

# The agent's link, the inside of the load balancer, and the rest of the world; nothing of it is ever routed.
AGENT_ADDRESS = "10.77.0.2"
GATEWAY_ADDRESS = "10.77.0.1"
INSIDE_NETWORK = "10.76.0.0/16"
WORLD_NETWORK = "10.78.0.0/16"
HTTPS_PORT = 443
DNS_PORT = 53
# Each kind of host has a /24; the first host is .11 (a name server: .53), as people number them.
_KINDS = {
    "regions": (1, 11),
    "nodes": (2, 11),
    "backends": (3, 11),
    "key_managers": (4, 11),
    "name_servers": (5, 53),
}
_REDUCED_PORT = 14443
_REDUCED_DNS_PORT = 14053


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """``endpoints`` by host name; ``inside`` is the source address of each node towards its backends."""

    endpoints: Mapping[str, Endpoint]
    inside: Mapping[str, str]
    reduced: bool = False

    def address(self, name: str) -> str:
        return self.endpoints[name].address


def lay_out(scenario: Scenario, *, reduced_block: int | None = None) -> Layout:
    """Addresses in the world's own network, or with ``reduced_block`` (1..250) in 127.<block>.0.0/16."""
    endpoints: dict[str, Endpoint] = {}
    for kind, (third, first) in _KINDS.items():
        for index, host in enumerate(getattr(scenario, kind)):
            is_dns = kind == "name_servers"
            endpoints[host.name] = _endpoint(host, third, first + index, is_dns=is_dns, block=reduced_block)
    inside = {node.name: f"10.76.0.{index}" for index, node in enumerate(scenario.nodes, 1)}
    return Layout(endpoints=endpoints, inside=inside, reduced=reduced_block is not None)


def _endpoint(
    host: Host | Node | Backend, third: int, fourth: int, *, is_dns: bool, block: int | None
) -> Endpoint:
    # A kind may have 250 hosts: past .254 the numbers begin again at .1, which the first ones left free.
    fourth = fourth if fourth <= 254 else fourth - 254  # noqa: PLR2004  # .255 is left alone
    if block is None:
        address = host.address or f"10.78.{third}.{fourth}"
        return Endpoint(address=address, port=DNS_PORT if is_dns else HTTPS_PORT)
    port = _REDUCED_DNS_PORT if is_dns else _REDUCED_PORT
    return Endpoint(address=f"127.{block}.{third}.{fourth}", port=port)
