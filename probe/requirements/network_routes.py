"""The path from the load balancers' subnets to the targets: routes, and the subnets' network ACLs."""

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
from probe.requirements.evidence.account import call_failed, of_vpcs
from probe.requirements.evidence.network_acls import acl_of, denial
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.vpc import BLACKHOLE, ROUTES, balancers_of, network_of, subnets_of, table_of
from probe.requirements.wording import listed

_MAX_SHOWN = 5
_PREFIX_LIST = "pl-"
_WITHOUT_ADDRESS = frozenset({"instance", "alb"})
_FILTERED = "filtered"  # a propagated route that AWS does not use; why is not documented
_GATEWAY_ENDPOINT = "vpce-"  # its prefix list has only addresses of S3 or DynamoDB


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    """From a subnet to a target. ``prefix_list`` has a route and may include the target; it is not read."""

    subnet: str
    target: str
    address: IPv4Address
    port: int
    route: Route | None
    prefix_list: str | None

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
        text="Add a route to the targets' network to the route table of each subnet of the load balancer. In "
        "the subnet's network ACL, allow outbound TCP to the targets' port and inbound TCP from the targets "
        "to ports 1024 to 65535.",
        console="VPC > Route tables > Routes, and VPC > Network ACLs > Inbound and outbound rules",
        cli=ROUTES,
    ),
)
def network_routes_reach_every_target(evidence: Evidence) -> Iterable[Finding]:
    """Each subnet of the load balancer has a route to every target, and no network ACL blocks the path.

    The most specific route applies. A blackhole route leads to something that was deleted or is down. Network
    ACLs are stateless: they must allow outbound traffic to the target's port and the return traffic to ports
    1024 to 65535. Not checked: the ACLs of the targets' own subnets, and firewalls outside the VPC.
    """

    def judge(account: Account, vpc: Vpc) -> Finding:
        if isinstance(vpc.route_tables, Unavailable):
            return call_failed(vpc.route_tables)
        balancers = balancers_of(account, vpc.id)
        if not all(table_of(subnet, vpc.route_tables) for subnet in subnets_of(account, vpc.id)):
            return unknown("not all route tables of the load balancers' subnets were found")
        paths = tuple(_paths(balancers, vpc.route_tables))
        return _obstacle(paths, vpc) or _unknown(paths, balancers, vpc) or _met(paths, balancers)

    yield from of_vpcs(evidence, judge)


def _met(paths: tuple[_Path, ...], balancers: tuple[LoadBalancer, ...]) -> Finding:
    gateways = tuple(dict.fromkeys(path.route.via for path in paths if path.route))
    count = len({path.target for path in paths})
    routes = f"routes to {count} target{'' if count == 1 else 's'}, through {listed(gateways)}"
    return met(f"{routes}{_secondary(balancers)}")


def _secondary(balancers: tuple[LoadBalancer, ...]) -> str:
    """The secondary addresses of the nodes: only sources of connections to the targets."""
    nodes = (node for each in balancers for node in known(each.nodes))
    addresses = tuple(address for node in nodes for address in node.secondary)
    if not addresses:
        return ""
    return f"; the nodes also connect from {listed(addresses)}, which firewalls before the targets must allow"


def _obstacle(paths: tuple[_Path, ...], vpc: Vpc) -> Finding | None:
    """What certainly blocks the path; None if nothing does."""
    certain = tuple(path for path in paths if path.prefix_list is None)
    without_route = tuple(str(path) for path in certain if path.route is None)
    if without_route:
        return violated(f"no route to {listed(without_route)}")
    blackholes = tuple(str(path) for path in certain if _is_blackhole(path))
    if blackholes:
        return violated(f"a blackhole route to {listed(blackholes)}")
    denied = _denied(paths, vpc)
    if denied and not isinstance(vpc.subnets, Unavailable):
        remedy = network_routes_reach_every_target.remedy
        list_acls = remedy.cli.replace("describe-route-tables", "describe-network-acls")
        return replace(violated("; ".join(denied[:_MAX_SHOWN])), remedy=replace(remedy, cli=list_acls))
    return None


def _is_blackhole(path: _Path) -> bool:
    return path.route is not None and path.route.state == BLACKHOLE


def _denied(paths: tuple[_Path, ...], vpc: Vpc) -> tuple[str, ...]:
    """What network ACLs deny. Traffic inside one subnet passes no ACL."""
    acls = known(vpc.network_acls)
    subnets = known(vpc.subnets)
    found: list[str] = []
    for path in paths:
        acl = acl_of(path.subnet, acls)
        if acl is None or not acl.entries or _is_local(path, subnets):
            continue
        what = denial(acl, path.address, path.port)
        if what is not None:
            found.append(f"network ACL {acl.id} {what} ({path})")
    return tuple(found)


def _is_local(path: _Path, subnets: tuple[Subnet, ...]) -> bool:
    own = next((network_of(each.cidr) for each in subnets if each.id == path.subnet), None)
    return own is not None and path.address in own


def _unknown(paths: tuple[_Path, ...], balancers: tuple[LoadBalancer, ...], vpc: Vpc) -> Finding | None:
    """What is not known about the path; None if everything is known."""
    for part in (*_parts(balancers), vpc.network_acls):
        if isinstance(part, Unavailable):
            return call_failed(part)
    if isinstance(vpc.subnets, Unavailable) and _denied(paths, vpc):
        return call_failed(vpc.subnets)  # the denied traffic may stay inside one subnet, where no ACL applies
    without = tuple(_without_address(balancers))
    if without:
        return unknown(f"the addresses of {listed(without)} are not read")
    because = _unclear(paths, vpc) if paths else "no subnet, target or route table was found"
    return unknown(because) if because else None


def _unclear(paths: tuple[_Path, ...], vpc: Vpc) -> str:
    """What cannot be told of the paths; "" if everything can."""
    acls = known(vpc.network_acls)
    if not all(_is_complete(acl_of(path.subnet, acls)) for path in paths):
        return "not all network ACLs of the load balancers' subnets were found"
    filtered = tuple(str(path) for path in paths if path.route is not None and path.route.state == _FILTERED)
    if filtered:
        return f"the route to {listed(filtered)} has the state filtered"
    uncertain = tuple(path for path in paths if path.prefix_list and _has_no_other_route(path))
    if uncertain:
        lists = tuple(dict.fromkeys(path.prefix_list or "" for path in uncertain))
        return f"whether the route for prefix list {listed(lists)} covers {uncertain[0]} is not known"
    return ""


def _has_no_other_route(path: _Path) -> bool:
    return path.route is None or _is_blackhole(path)


def _is_complete(acl: NetworkAcl | None) -> bool:
    """Every ACL has at least the entry that denies the rest: without any, AWS did not return all of it."""
    return acl is not None and bool(acl.entries)


def _parts(balancers: tuple[LoadBalancer, ...]) -> Iterator[object]:
    """All parts of the account that are needed to list the targets."""
    for balancer in balancers:
        yield from (balancer.target_groups, balancer.listeners)
        yield from (group.targets for group in balancer.forwarded_groups)
        yield from (each.unread for group in balancer.forwarded_groups for each in known(group.targets))


def _paths(balancers: tuple[LoadBalancer, ...], tables: tuple[RouteTable, ...]) -> Iterator[_Path]:
    for balancer in balancers:
        if isinstance(balancer.listeners, Unavailable):
            continue  # it is not known to which of the groups port 443 forwards
        for zone in balancer.zones:
            table = table_of(zone.subnet_id, tables)
            for target, address, port in _addresses(balancer):
                if table is not None:
                    yield _Path(
                        subnet=zone.subnet_id,
                        target=target,
                        address=address,
                        port=port,
                        route=best_route(table, address),
                        prefix_list=_prefix_list(table),
                    )


def _without_address(balancers: tuple[LoadBalancer, ...]) -> Iterator[str]:
    """The instances and load balancers among the targets whose addresses were not read."""
    for group in (group for balancer in balancers for group in balancer.forwarded_groups):
        if group.target_type in _WITHOUT_ADDRESS:
            yield from (each.id for each in known(group.targets) if each.address is None)


def _addresses(balancer: LoadBalancer) -> Iterator[tuple[str, IPv4Address, int]]:
    for group in balancer.forwarded_groups:
        for each in known(group.targets):
            try:
                yield each.id, IPv4Address(each.address or each.id), each.port or group.port or KMS_PORT
            except ValueError:
                continue  # the id of an instance that was not read, or a load balancer's


def best_route(table: RouteTable, address: IPv4Address) -> Route | None:
    """The most specific IPv4 route. Prefix lists are ignored, because their ranges are not read."""
    fitting = [
        (network.prefixlen, route)
        for route in table.routes
        if (network := network_of(route.destination)) is not None and address in network
    ]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def _prefix_list(table: RouteTable) -> str | None:
    """A prefix list with a live route that may include a target; its ranges are not read."""
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
