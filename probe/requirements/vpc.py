"""The VPC of the load balancers: its subnets, its DNS, its addresses."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import replace

from probe.model.account import Account, LoadBalancer, RouteTable, Subnet, Unavailable, Vpc, known
from probe.model.evidence import Evidence
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import not_seen, of_vpcs
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed

ROUTES = "aws ec2 describe-route-tables --region REGION --filters Name=vpc-id,Values=VPC-ID"
_INTERNET_GATEWAY = "igw-"
BLACKHOLE = "blackhole"
_Network = ipaddress.IPv4Network


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.CONFIGURATION,
    errors=account_errors.SUBNETS_NOT_PRIVATE,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Put the load balancer into two private subnets, in two zones: none whose route table leads to "
        "an internet gateway.",
        console="VPC > Subnets > Route table",
        cli=ROUTES,
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
        used = subnets_of(account, vpc.id)
        subnets = tuple(each for each in vpc.subnets if each.id in used)
        if len(subnets) < len(used) or not subnets:
            return unknown("not all subnets of the load balancers were found")
        if not all(table_of(each.id, vpc.route_tables) for each in subnets):
            return unknown("not all route tables of the load balancers' subnets were found")
        private = tuple(each for each in subnets if not _is_public(each, vpc.route_tables))
        zones = {each.zone_id or each.zone for each in private} - {""}
        public = tuple(each.id for each in subnets if each not in private)
        said = f"{len(private)} private subnets in {len(zones)} zones"
        tail = f"; public: {listed(public)}" if public else ""
        return violated(said + tail) if len(zones) < 2 else met(said + tail)  # noqa: PLR2004

    yield from of_vpcs(evidence, judge)


def subnets_of(account: Account, vpc_id: str) -> frozenset[str]:
    return frozenset(
        zone.subnet_id
        for balancer in balancers_of(account, vpc_id)
        for zone in balancer.zones
        if zone.subnet_id
    )


def balancers_of(account: Account, vpc_id: str) -> tuple[LoadBalancer, ...]:
    balancers = known(account.load_balancers)
    return tuple(each for each in balancers if each.vpc_id == vpc_id)


def table_of(subnet_id: str, tables: tuple[RouteTable, ...]) -> RouteTable | None:
    """The subnet's own route table, else the VPC's main one."""
    own = next((table for table in tables if subnet_id in table.subnet_ids), None)
    return own or next((table for table in tables if table.is_main), None)


def _is_public(subnet: Subnet, tables: tuple[RouteTable, ...]) -> bool:
    table = table_of(subnet.id, tables)
    return table is not None and any(
        route.via.startswith(_INTERNET_GATEWAY) and route.state != BLACKHOLE for route in table.routes
    )


def network_of(text: str) -> ipaddress.IPv4Network | None:
    """The IPv4 range that ``text`` is, None if it is none."""
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
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
        if not off:
            return met("both are on")
        found = violated(f"off: {', '.join(off)}")
        if vpc.dns_support:
            return found
        # A call turns on one of them, and names only where resolution is on.
        remedy = vpc_resolves_dns_names.remedy
        return replace(found, remedy=replace(remedy, cli=remedy.cli.replace("hostnames", "support")))

    yield from of_vpcs(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
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
        if isinstance(vpc.cidrs, Unavailable):
            return not_seen(vpc.cidrs)
        own = tuple(filter(None, map(network_of, vpc.cidrs)))
        if not own:
            return unknown("the VPC's address ranges were not found")
        return _overlap(evidence, vpc, vpc.cidrs, own)

    yield from of_vpcs(evidence, judge)


def _overlap(evidence: Evidence, vpc: Vpc, cidrs: tuple[str, ...], own: tuple[_Network, ...]) -> Finding:
    told = evidence.spec.data_centre if evidence.spec else ()
    ranges = tuple(filter(None, map(network_of, told)))
    common = tuple(str(r) for r in ranges if any(r.overlaps(each) for each in own))
    if common:
        return violated(f"{listed(common)} overlaps with {listed(cidrs)}")
    if ranges:
        return met(f"{listed(cidrs)} does not overlap with {listed(told)}")
    if isinstance(vpc.route_tables, Unavailable):
        return not_seen(vpc.route_tables)
    hidden = tuple(_routes_out_inside(own, vpc.route_tables))
    if hidden:
        return violated(f"routes for {listed(hidden)}, which is inside the VPC's range, lead out of it")
    return not_applicable("no range of the data centre was told with --data-centre")


def _routes_out_inside(own: tuple[_Network, ...], tables: tuple[RouteTable, ...]) -> Iterator[str]:
    for table in tables:
        for route in table.routes:
            network = network_of(route.destination)
            leaves = route.via.startswith(("vgw-", "tgw-", "pcx-"))
            if leaves and network is not None and any(network.subnet_of(each) for each in own):
                yield route.destination
