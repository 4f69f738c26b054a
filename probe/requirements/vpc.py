"""The VPC of the load balancers: its subnets, its routes to the targets, its DNS, its addresses."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from probe.model.account import Account, LoadBalancer, Route, RouteTable, Subnet, Unavailable, Vpc
from probe.model.verdicts import Evidence, Level, Position, Remedy
from probe.requirements import _account_errors as _errors
from probe.requirements import _errors as _network_errors
from probe.requirements._account import not_seen, of_vpcs
from probe.requirements._declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements._wording import listed

_ROUTES = "aws ec2 describe-route-tables --region REGION --filters Name=vpc-id,Values=VPC-ID"
_INTERNET_GATEWAY = "igw-"
_BLACKHOLE = "blackhole"


@requirement(
    level=Level.REQUIRED,
    position=Position.CONFIGURATION,
    errors=_errors.SUBNETS_NOT_PRIVATE,
    source=_network_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Put the load balancer into two private subnets, in two zones: none whose route table leads to "
        "an internet gateway.",
        console="VPC > Subnets > Route table",
        cli=_ROUTES,
    ),
)
def subnets_are_private(evidence: Evidence) -> Iterable[Finding]:
    """The load balancers have private subnets in two Availability Zones at least.

    Private is what no route leads to an internet gateway from. Create alone is documented to check it.
    """

    def judge(account: Account, vpc: Vpc) -> Finding:
        if isinstance(vpc.subnets, Unavailable):
            return not_seen(vpc.subnets)
        if isinstance(vpc.route_tables, Unavailable):
            return not_seen(vpc.route_tables)
        used = _subnets_of(account, vpc.id)
        subnets = tuple(each for each in vpc.subnets if each.id in used)
        if len(subnets) < len(used) or not subnets:
            return unknown("not all subnets of the load balancers were found")
        private = tuple(each for each in subnets if not _is_public(each, vpc.route_tables))
        zones = {each.zone_id or each.zone for each in private}
        public = tuple(each.id for each in subnets if each not in private)
        said = f"{len(private)} private subnets in {len(zones)} zones"
        tail = f"; public: {listed(public)}" if public else ""
        return violated(said + tail) if len(zones) < 2 else met(said + tail)  # noqa: PLR2004

    yield from of_vpcs(evidence, judge)


def _subnets_of(account: Account, vpc_id: str) -> frozenset[str]:
    return frozenset(
        zone.subnet_id
        for balancer in _balancers(account, vpc_id)
        for zone in balancer.zones
        if zone.subnet_id
    )


def _balancers(account: Account, vpc_id: str) -> tuple[LoadBalancer, ...]:
    balancers = () if isinstance(account.load_balancers, Unavailable) else account.load_balancers
    return tuple(each for each in balancers if each.vpc_id == vpc_id)


def table_of(subnet_id: str, tables: tuple[RouteTable, ...]) -> RouteTable | None:
    """The subnet's own route table, else the VPC's main one."""
    own = next((table for table in tables if subnet_id in table.subnet_ids), None)
    return own or next((table for table in tables if table.is_main), None)


def _is_public(subnet: Subnet, tables: tuple[RouteTable, ...]) -> bool:
    table = table_of(subnet.id, tables)
    return table is not None and any(
        route.via.startswith(_INTERNET_GATEWAY) and route.state != _BLACKHOLE for route in table.routes
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Where packets from a subnet to a target go; ``route`` None if nowhere."""

    subnet: str
    target: str
    route: Route | None


@requirement(
    level=Level.RISK,
    position=Position.NETWORK,
    errors=_errors.AT_TIMES_NO_WAY_IN,
    source=_network_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Give the route table of each of the load balancer's subnets a route to the targets' network.",
        console="VPC > Route tables > Routes",
        cli=_ROUTES,
    ),
)
def network_routes_reach_every_target(evidence: Evidence) -> Iterable[Finding]:
    """From each of the load balancer's subnets a route leads to every target.

    The most specific route counts. A blackhole is a route to something that was deleted or is down.
    """

    def judge(account: Account, vpc: Vpc) -> Finding:
        if isinstance(vpc.route_tables, Unavailable):
            return not_seen(vpc.route_tables)
        balancers = _balancers(account, vpc.id)
        for balancer in balancers:
            if isinstance(balancer.target_groups, Unavailable):
                return not_seen(balancer.target_groups)
        return _routed(tuple(_ways(balancers, vpc.route_tables)))

    yield from of_vpcs(evidence, judge)


def _routed(ways: tuple[_Way, ...]) -> Finding:
    if not ways:
        return unknown("no subnet, target or route table was found")
    lost = tuple(f"{way.target} from {way.subnet}" for way in ways if way.route is None)
    if lost:
        return violated(f"no route to {listed(lost)}")
    black = tuple(
        f"{way.target} from {way.subnet}" for way in ways if way.route and way.route.state == _BLACKHOLE
    )
    if black:
        return violated(f"a blackhole on the way to {listed(black)}")
    vias = tuple(dict.fromkeys(way.route.via for way in ways if way.route))
    return met(f"each of {len({way.target for way in ways})} targets, by {listed(vias)}")


def _ways(balancers: tuple[LoadBalancer, ...], tables: tuple[RouteTable, ...]) -> Iterator[_Way]:
    for balancer in balancers:
        targets = [
            each.id
            for group in balancer.forwarded_groups
            if not isinstance(group.targets, Unavailable)
            for each in group.targets
        ]
        for zone in balancer.zones:
            table = table_of(zone.subnet_id, tables)
            for target in targets:
                address = _address(target)
                if table is not None and address is not None:
                    yield _Way(subnet=zone.subnet_id, target=target, route=best_route(table, address))


def best_route(table: RouteTable, address: ipaddress.IPv4Address) -> Route | None:
    """The most specific IPv4 route. Prefix lists are not looked into."""
    fitting = [
        (network.prefixlen, route)
        for route in table.routes
        if (network := network_of(route.destination)) is not None and address in network
    ]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def network_of(text: str) -> ipaddress.IPv4Network | None:
    """The IPv4 range that ``text`` is, None if it is none."""
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


@requirement(
    level=Level.ADVICE,
    position=Position.CONFIGURATION,
    source=_network_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Turn on DNS resolution and DNS host names in the VPC.",
        console="VPC > Your VPCs > Actions > Edit VPC settings",
        cli="aws ec2 modify-vpc-attribute --region REGION --vpc-id VPC-ID --enable-dns-hostnames",
    ),
)
def vpc_resolves_dns_names(evidence: Evidence) -> Iterable[Finding]:
    """DNS resolution and DNS host names are on in the VPC, as AWS's guide has them.

    AWS's guide has both on. KMS does not look, but names of the load balancer and of AWS's own endpoints do
    not resolve in a VPC without them.
    """

    def judge(_: Account, vpc: Vpc) -> Finding:
        settings = (("DNS resolution", vpc.dns_support), ("DNS host names", vpc.dns_hostnames))
        for _name, value in settings:
            if isinstance(value, Unavailable):
                return not_seen(value)
        off = tuple(name for name, value in settings if not value)
        return violated(f"off: {', '.join(off)}") if off else met("both are on")

    yield from of_vpcs(evidence, judge)


@requirement(
    level=Level.ADVICE,
    position=Position.CONFIGURATION,
    source=_network_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Give the VPC addresses that the data centre does not have: common ones are not routed there.",
        console="VPC > Your VPCs > CIDRs",
        cli="aws ec2 describe-vpcs --region REGION --vpc-ids VPC-ID",
    ),
)
def vpc_does_not_overlap_the_data_centre(evidence: Evidence) -> Iterable[Finding]:
    """The VPC's addresses are none that the data centre of the key manager has.

    The data centre's ranges are told with ``--data-centre``. Without them a route that leaves the VPC inside
    its own range gives it away.
    """

    def judge(_: Account, vpc: Vpc) -> Finding:
        own = tuple(filter(None, map(network_of, vpc.cidrs)))
        if not own:
            return unknown("the VPC's address ranges were not found")
        told = evidence.proposal.data_centre if evidence.proposal else ()
        ranges = tuple(filter(None, map(network_of, told)))
        common = tuple(str(r) for r in ranges if any(r.overlaps(each) for each in own))
        if common:
            return violated(f"{listed(common)} overlaps with {listed(vpc.cidrs)}")
        if ranges:
            return met(f"{listed(vpc.cidrs)} does not overlap with {listed(told)}")
        if isinstance(vpc.route_tables, Unavailable):
            return not_seen(vpc.route_tables)
        hidden = tuple(_routes_out_inside(own, vpc.route_tables))
        if hidden:
            return violated(f"routes for {listed(hidden)}, which is inside the VPC's range, lead out of it")
        return not_applicable("no range of the data centre was told with --data-centre")

    yield from of_vpcs(evidence, judge)


def _routes_out_inside(
    own: tuple[ipaddress.IPv4Network, ...], tables: tuple[RouteTable, ...]
) -> Iterator[str]:
    for table in tables:
        for route in table.routes:
            network = network_of(route.destination)
            leaves = route.via.startswith(("vgw-", "tgw-", "pcx-"))
            if leaves and network is not None and any(network.subnet_of(each) for each in own):
                yield route.destination
