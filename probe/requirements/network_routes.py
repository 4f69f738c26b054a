"""The way from the load balancers' subnets to the targets: routes, and the subnets' network ACLs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from probe.model.account import (
    KMS_PORT,
    Account,
    LoadBalancer,
    NetworkAcl,
    Route,
    RouteTable,
    Subnet,
    Unavailable,
    Vpc,
    known,
)
from probe.model.evidence import Evidence
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.account import not_seen, of_vpcs
from probe.requirements.evidence.network_acls import acl_of, denial
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.vpc import BLACKHOLE, ROUTES, balancers_of, network_of, subnets_of, table_of
from probe.requirements.wording import listed

_SHOWN = 5
_PREFIX_LIST = "pl-"
_GATEWAY_ENDPOINT = "vpce-"  # its prefix list has addresses of S3 or DynamoDB, never a target's


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """From a subnet to a target. ``may_be``: a prefix list to whose ranges, not looked at, it may belong."""

    subnet: str
    target: str
    address: IPv4Address
    port: int
    route: Route | None
    may_be: str | None

    def __str__(self) -> str:
        return f"{self.target} from {self.subnet}"


@requirement(
    level=Level.RISK,
    scope=Scope.ACCOUNT,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    traits={Trait.CONFIGURED_PATH},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Give the route table of each of the load balancer's subnets a route to the targets' network. "
        "Let the subnet's network ACL pass TCP to the targets' port, and from them to ports 1024 to 65535.",
        console="VPC > Route tables > Routes, and VPC > Network ACLs > Inbound and outbound rules",
        cli=ROUTES,
    ),
)
def network_routes_reach_every_target(evidence: Evidence) -> Iterable[Finding]:
    """Routes lead from each of the load balancer's subnets to every target, and no network ACL is in the way.

    The most specific route counts. A blackhole is a route to something that was deleted or is down. A network
    ACL keeps no state: it has to let connections out to the target's port, and answers in to ports 1024 to
    65535. The ACLs of the targets' own subnets, and firewalls beyond the VPC, are not looked at.
    """

    def judge(account: Account, vpc: Vpc) -> Finding:
        if isinstance(vpc.route_tables, Unavailable):
            return not_seen(vpc.route_tables)
        balancers = balancers_of(account, vpc.id)
        if not all(table_of(subnet, vpc.route_tables) for subnet in subnets_of(account, vpc.id)):
            return unknown("not all route tables of the load balancers' subnets were found")
        ways = tuple(_ways(balancers, vpc.route_tables))
        return _obstacle(ways, vpc) or _gap(ways, balancers, vpc) or _met(ways)

    yield from of_vpcs(evidence, judge)


def _met(ways: tuple[_Way, ...]) -> Finding:
    vias = tuple(dict.fromkeys(way.route.via for way in ways if way.route))
    return met(f"each of {len({way.target for way in ways})} targets, by {listed(vias)}")


def _obstacle(ways: tuple[_Way, ...], vpc: Vpc) -> Finding | None:
    """What is certain to be in the way."""
    lost = tuple(str(way) for way in ways if way.route is None and way.may_be is None)
    if lost:
        return violated(f"no route to {listed(lost)}")
    black = tuple(str(way) for way in ways if _is_dead(way) and way.may_be is None)
    if black:
        return violated(f"a blackhole on the way to {listed(black)}")
    denied = _denied(ways, vpc)
    if denied and not isinstance(vpc.subnets, Unavailable):
        remedy = network_routes_reach_every_target.remedy
        see = remedy.cli.replace("describe-route-tables", "describe-network-acls")
        return replace(violated("; ".join(denied[:_SHOWN])), remedy=replace(remedy, cli=see))
    return None


def _is_dead(way: _Way) -> bool:
    return way.route is not None and way.route.state == BLACKHOLE


def _denied(ways: tuple[_Way, ...], vpc: Vpc) -> tuple[str, ...]:
    """What network ACLs deny; what stays in its subnet passes none."""
    acls = known(vpc.network_acls)
    subnets = known(vpc.subnets)
    found: list[str] = []
    for way in ways:
        acl = acl_of(way.subnet, acls)
        if acl is None or not acl.entries or _is_inside(way, subnets):
            continue
        what = denial(acl, way.address, way.port)
        if what is not None:
            found.append(f"network ACL {acl.id} {what} ({way})")
    return tuple(found)


def _is_inside(way: _Way, subnets: tuple[Subnet, ...]) -> bool:
    own = next((network_of(each.cidr) for each in subnets if each.id == way.subnet), None)
    return own is not None and way.address in own


def _gap(ways: tuple[_Way, ...], balancers: tuple[LoadBalancer, ...], vpc: Vpc) -> Finding | None:
    """What is not known of the way; None if nothing is."""
    for part in (*_parts(balancers), vpc.network_acls):
        if isinstance(part, Unavailable):
            return not_seen(part)
    if isinstance(vpc.subnets, Unavailable) and _denied(ways, vpc):
        return not_seen(vpc.subnets)  # what an ACL denies may stay inside a subnet
    if not ways:
        return unknown("no subnet, target or route table was found")
    acls = known(vpc.network_acls)
    if not all(_is_shown(acl_of(way.subnet, acls)) for way in ways):
        return unknown("not all network ACLs of the load balancers' subnets were found")
    listed_only = tuple(way for way in ways if way.may_be and (way.route is None or _is_dead(way)))
    if listed_only:
        lists = tuple(dict.fromkeys(way.may_be or "" for way in listed_only))
        return unknown(f"whether {listed(lists)} leads to {listed_only[0]} is not known")
    return None


def _is_shown(acl: NetworkAcl | None) -> bool:
    """Every ACL has an entry at least, the one that denies the rest: one without is not shown in full."""
    return acl is not None and bool(acl.entries)


def _parts(balancers: tuple[LoadBalancer, ...]) -> Iterator[object]:
    """All that tells which targets there are."""
    for balancer in balancers:
        yield from (balancer.target_groups, balancer.listeners)
        yield from (group.targets for group in balancer.forwarded_groups)


def _ways(balancers: tuple[LoadBalancer, ...], tables: tuple[RouteTable, ...]) -> Iterator[_Way]:
    for balancer in balancers:
        if isinstance(balancer.listeners, Unavailable):
            continue  # to which of the groups KMS's connections go is not known
        for zone in balancer.zones:
            table = table_of(zone.subnet_id, tables)
            for target, address, port in _addresses(balancer):
                if table is not None:
                    yield _Way(
                        subnet=zone.subnet_id,
                        target=target,
                        address=address,
                        port=port,
                        route=best_route(table, address),
                        may_be=_prefix_list(table),
                    )


def _addresses(balancer: LoadBalancer) -> Iterator[tuple[str, IPv4Address, int]]:
    for group in balancer.forwarded_groups:
        for each in known(group.targets):
            try:
                yield each.id, IPv4Address(each.id), each.port or group.port or KMS_PORT
            except ValueError:
                continue  # an instance's id: it is in the VPC


def best_route(table: RouteTable, address: IPv4Address) -> Route | None:
    """The most specific IPv4 route. Prefix lists are not looked into."""
    fitting = [
        (network.prefixlen, route)
        for route in table.routes
        if (network := network_of(route.destination)) is not None and address in network
    ]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def _prefix_list(table: RouteTable) -> str | None:
    """One to whose ranges, which are not looked at, a living route leads."""
    return next(
        (
            route.destination
            for route in table.routes
            if route.destination.startswith(_PREFIX_LIST)
            and not route.via.startswith(_GATEWAY_ENDPOINT)
            and route.state != BLACKHOLE
        ),
        None,
    )
