"""The VPC of the load balancers: its subnets, DNS settings and address ranges."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import replace

from probe.model.account import Account, LoadBalancer, RouteTable, Subnet, Unavailable, Vpc, known
from probe.model.evidence import Evidence
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import call_failed, of_vpcs
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
        text="Put the load balancer into private subnets in two Availability Zones. A private subnet has a "
        "route table without a route to an internet gateway.",
        console="VPC > Subnets > Route table",
        cli=ROUTES,
    ),
)
def subnets_are_private(evidence: Evidence) -> Iterable[Finding]:
    """The load balancers have private subnets in at least two Availability Zones.

    A subnet is private if it has no route to an internet gateway. AWS documents this check only for
    CreateCustomKeyStore.
    """

    def judge(account: Account, vpc: Vpc) -> Finding:
        if isinstance(vpc.subnets, Unavailable):
            return call_failed(vpc.subnets)
        if isinstance(vpc.route_tables, Unavailable):
            return call_failed(vpc.route_tables)
        used = subnets_of(account, vpc.id)
        subnets = tuple(each for each in vpc.subnets if each.id in used)
        if len(subnets) < len(used) or not subnets:
            return unknown("not all subnets of the load balancers were found")
        if not all(table_of(each.id, vpc.route_tables) for each in subnets):
            return unknown("not all route tables of the load balancers' subnets were found")
        private = tuple(each for each in subnets if not _is_public(each, vpc.route_tables))
        zones = {each.zone_id or each.zone for each in private} - {""}
        public = tuple(each.id for each in subnets if each not in private)
        others = f"; public: {listed(public)}" if public else ""
        count = f"{len(private)} private subnets in {len(zones)} zones{others}"
        return violated(count) if len(zones) < 2 else met(count)  # noqa: PLR2004

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
    """``text`` as an IPv4 range; None if it is not one."""
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Enable DNS resolution and DNS hostnames in the VPC.",
        console="VPC > Your VPCs > Actions > Edit VPC settings",
        cli="aws ec2 modify-vpc-attribute --region REGION --vpc-id VPC-ID --enable-dns-hostnames",
    ),
)
def vpc_resolves_dns_names(evidence: Evidence) -> Iterable[Finding]:
    """DNS resolution and DNS hostnames are enabled in the VPC.

    AWS's guide enables both. KMS does not check them, but without them the names of the load balancer and of
    AWS's own endpoints do not resolve in the VPC.
    """

    def judge(_: Account, vpc: Vpc) -> Finding:
        settings = (("DNS resolution", vpc.dns_support), ("DNS hostnames", vpc.dns_hostnames))
        for _name, value in settings:
            if isinstance(value, Unavailable):
                return call_failed(value)
        off = tuple(name for name, value in settings if not value)
        if not off:
            return met("both are enabled")
        found = violated(f"disabled: {', '.join(off)}")
        if vpc.dns_support:
            return found
        # One call enables one setting, and hostnames need DNS resolution.
        remedy = vpc_resolves_dns_names.remedy
        return replace(found, remedy=replace(remedy, cli=remedy.cli.replace("hostnames", "support")))

    yield from of_vpcs(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Use VPC address ranges that the data centre does not use: traffic to the VPC's "
        "own ranges never leaves the VPC.",
        console="VPC > Your VPCs > CIDRs",
        cli="aws ec2 describe-vpcs --region REGION --vpc-ids VPC-ID",
    ),
)
def vpc_does_not_overlap_the_data_centre(evidence: Evidence) -> Iterable[Finding]:
    """The address ranges of the VPC do not overlap those of the key manager's data centre.

    Traffic to an address in the VPC's own range never leaves the VPC. Give the ranges of the data centre
    with ``--data-centre``. Without them, an overlap is found only if a route out of the VPC is for a range
    inside the VPC's own range.
    """

    def judge(_: Account, vpc: Vpc) -> Finding:
        if isinstance(vpc.cidrs, Unavailable):
            return call_failed(vpc.cidrs)
        own = tuple(filter(None, map(network_of, vpc.cidrs)))
        if not own:
            return unknown("the VPC's address ranges were not found")
        return _overlap(evidence, vpc, vpc.cidrs, own)

    yield from of_vpcs(evidence, judge)


def _overlap(evidence: Evidence, vpc: Vpc, cidrs: tuple[str, ...], own: tuple[_Network, ...]) -> Finding:
    given = evidence.spec.data_centre if evidence.spec else ()
    ranges = tuple(filter(None, map(network_of, given)))
    overlapping = tuple(str(r) for r in ranges if any(r.overlaps(each) for each in own))
    if overlapping:
        return violated(f"{listed(overlapping)} overlaps with {listed(cidrs)}")
    if ranges:
        return met(f"{listed(cidrs)} does not overlap with {listed(given)}")
    if isinstance(vpc.route_tables, Unavailable):
        return call_failed(vpc.route_tables)
    inside = tuple(_inside_routes_out(own, vpc.route_tables))
    if inside:
        return violated(f"a route to {listed(inside)}, which is inside the VPC's range, leads out of the VPC")
    return not_applicable("no range of the data centre was given with --data-centre")


def _inside_routes_out(own: tuple[_Network, ...], tables: tuple[RouteTable, ...]) -> Iterator[str]:
    for table in tables:
        for route in table.routes:
            network = network_of(route.destination)
            leaves = route.via.startswith(("vgw-", "tgw-", "pcx-"))
            if leaves and network is not None and any(network.subnet_of(each) for each in own):
                yield route.destination
