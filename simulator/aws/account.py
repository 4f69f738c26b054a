"""Plans the AWS resources for the load balancer and proxies of a scenario. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.scenario.addressing import AGENT_ADDRESS, Addressing
from simulator.scenario.scenario import Node, Scenario

ACCOUNT_ID = "111122223333"
KMS_ACCOUNT_ID = "999988887777"  # owns the endpoint that is connected to the service
# The TXT record with which PrivateLink verifies the domain.
VERIFICATION_NAME = "_abc123"
VERIFICATION_VALUE = "vpce:l6p0ERxlTt45jevFwOCp"
EVERY_ZONE = "all"  # the zone of a target outside the VPC
_VPC_PREFIX = 16
_RANGE_PREFIX = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An Availability Zone: its name in this account, and its id."""

    name: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A node of the load balancer: its network interface in a zone."""

    address: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredTarget:
    """A proxy in the target group; ``zone`` is a zone's name, or `EVERY_ZONE`."""

    address: str
    port: int
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """The resources to create. The first range is the VPC's primary one; ``subnets`` are ranges by zone name.

    ``beyond`` are the ranges of the data centre, reached through a virtual private gateway.
    """

    zones: tuple[Zone, ...]
    ranges: tuple[str, ...]
    subnets: Mapping[str, str]
    beyond: tuple[str, ...]
    nodes: tuple[Interface, ...]
    targets: tuple[RegisteredTarget, ...]
    cross_zone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The created resources with their ids."""

    plan: AccountPlan
    region: str
    service_id: str
    service_name: str
    load_balancer_arn: str
    subnets: Mapping[str, str] = field(default_factory=dict)  # ids by zone name


def plan_account(scenario: Scenario, addressing: Addressing, zones: Sequence[Zone]) -> AccountPlan:
    """``zones`` are those of the Region. A healthy scenario gives an account without faults.

    The VPC contains the agent's range and also those of the nodes and proxies, so that there is a route to
    each of them. A proxy is registered in its zone, the zone of the node that forwards to it.
    """
    by_word = _zones_by_word(scenario, zones)
    used = tuple(dict.fromkeys(by_word[node.zone] for node in scenario.nodes))
    own = ipaddress.ip_network(f"{AGENT_ADDRESS}/{_VPC_PREFIX}", strict=False)
    inner = own.subnets(new_prefix=_RANGE_PREFIX)
    next(inner)  # the agent's own
    hosts = (*(node.name for node in scenario.nodes), *(backend.name for backend in scenario.backends))
    return AccountPlan(
        zones=used,
        ranges=(str(own), *_ranges(map(addressing.address, hosts))),
        subnets={zone.name: str(subnet) for zone, subnet in zip(used, inner, strict=False)},
        beyond=_ranges(addressing.address(manager.name) for manager in scenario.key_managers),
        nodes=tuple(
            Interface(address=addressing.address(node.name), zone=by_word[node.zone].name)
            for node in scenario.nodes
        ),
        targets=tuple(
            RegisteredTarget(
                address=addressing.address(backend.name),
                port=addressing.endpoints[backend.name].port,
                zone=by_word[backend.zone].name if backend.zone in by_word else EVERY_ZONE,
            )
            for backend in scenario.backends
        ),
        cross_zone=_is_cross_zone(scenario.nodes, len(scenario.backends)),
    )


def _zones_by_word(scenario: Scenario, zones: Sequence[Zone]) -> dict[str, Zone]:
    """The zone for each zone label of the scenario: by id or name, else the next free zone of the Region."""
    known = {word: zone for zone in zones for word in (zone.id, zone.name)}
    words = dict.fromkeys(node.zone for node in scenario.nodes)
    found = {word: known[word] for word in words if word in known}
    free = [zone for zone in zones if zone not in found.values()] or list(zones)
    others = [word for word in words if word not in known]
    found |= {word: free[n % len(free)] for n, word in enumerate(others)}
    return found | {b.zone: known[b.zone] for b in scenario.backends if b.zone in known}


def _ranges(addresses: Iterable[str]) -> tuple[str, ...]:
    """The distinct ranges of these addresses."""
    networks = (ipaddress.ip_network(f"{each}/{_RANGE_PREFIX}", strict=False) for each in addresses)
    return tuple(dict.fromkeys(map(str, networks)))


def _is_cross_zone(nodes: Sequence[Node], backends: int) -> bool:
    return len({node.zone for node in nodes}) > 1 and all(len(set(n.backends)) == backends for n in nodes)
