"""A healthy account for tests of requirements, and functions that change one part of it."""

from dataclasses import replace
from typing import Any

from support.evidence import NOW_S

from probe.model.account import (
    Account,
    AclEntry,
    ApiErrorKind,
    EndpointService,
    KeyStore,
    Listener,
    LoadBalancer,
    LoadBalancerZone,
    NetworkAcl,
    NodeInterface,
    Principal,
    RegisteredTarget,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
    TargetGroup,
    TargetHealthCheck,
    Unavailable,
    Verification,
    Vpc,
)
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.targets import Role, Target
from probe.model.verdicts import Scope
from probe.requirements.declare import Finding, Rule

REGION = "eu-west-1"
OWN, OTHER = "111122223333", "444455556666"
SERVICE_ID = "vpce-svc-0123456789abcdef0"
SERVICE_NAME = f"com.amazonaws.vpce.{REGION}.{SERVICE_ID}"
HOST = "myproxy-private.xks.example.com"
NODES = {"eu-west-1a": "10.0.1.10", "eu-west-1b": "10.0.2.10"}

SPEC = KeyStoreSpec(
    region=REGION,
    uri_endpoint=f"https://{HOST}",
    uri_path="/kms/xks/v1",
    service_name=SERVICE_NAME,
    region_has_kms=True,
)
STORE = KeyStore(
    id="cks-1234567890abcdef0",
    name="bank",
    kind="EXTERNAL_KEY_STORE",
    connection_state="CONNECTED",
    connectivity="VPC_ENDPOINT_SERVICE",
    uri_endpoint=f"https://{HOST}",
    uri_path="/kms/xks/v1",
    service_name=SERVICE_NAME,
)
SERVICE = EndpointService(
    id=SERVICE_ID,
    name=SERVICE_NAME,
    is_owner_view=True,
    state="Available",
    types=("Interface",),
    acceptance_required=False,
    private_dns_name=HOST,
    verification=Verification(state="verified", name="_abc", value="vpce:Value"),
    address_types=("ipv4",),
    zones=tuple(NODES),
    zone_ids=("euw1-az1", "euw1-az2"),
    load_balancer_arns=("arn:nlb",),
    owner=OWN,
    region=REGION,
)
TARGETS = (
    RegisteredTarget(id="192.168.1.5", port=443, zone="all", state="healthy"),
    RegisteredTarget(id="192.168.1.6", port=443, zone="all", state="healthy"),
)
GROUP = TargetGroup(
    arn="arn:tg",
    name="xks",
    target_type="ip",
    protocol="TCP",
    port=443,
    address_type="ipv4",
    vpc_id="vpc-1",
    health_check=TargetHealthCheck(protocol="HTTPS", path="/ping"),
    attributes={"proxy_protocol_v2.enabled": "false"},
    targets=TARGETS,
)
LISTENER = Listener(arn="arn:listener", port=443, protocol="TCP", target_group_arns=("arn:tg",))
BALANCER = LoadBalancer(
    arn="arn:nlb",
    name="net/xks",
    type="network",
    scheme="internal",
    address_type="ipv4",
    state="active",
    vpc_id="vpc-1",
    zones=tuple(
        LoadBalancerZone(zone=zone, zone_id=f"euw1-az{n}", subnet_id=f"subnet-{n}")
        for n, zone in enumerate(NODES, 1)
    ),
    security_groups=("sg-1",),
    enforces_inbound_rules=False,
    attributes={"load_balancing.cross_zone.enabled": "false"},
    listeners=(LISTENER,),
    target_groups=(GROUP,),
    nodes=tuple(
        NodeInterface(address=address, zone=zone, subnet_id=f"subnet-{n}", status="in-use")
        for n, (zone, address) in enumerate(NODES.items(), 1)
    ),
)
LOCAL = Route(destination="10.0.0.0/16", via="local")
TO_DATA_CENTRE = Route(destination="192.168.0.0/16", via="vgw-1")
TABLE = RouteTable(id="rtb-1", is_main=True, routes=(LOCAL, TO_DATA_CENTRE))
VPC = Vpc(
    id="vpc-1",
    owner=OWN,
    cidrs=("10.0.0.0/16",),
    dns_support=True,
    dns_hostnames=True,
    subnets=tuple(
        Subnet(id=f"subnet-{n}", zone=zone, zone_id=f"euw1-az{n}", cidr=f"10.0.{n}.0/24", vpc_id="vpc-1")
        for n, zone in enumerate(NODES, 1)
    ),
    route_tables=(TABLE,),
    network_acls=(
        NetworkAcl(
            id="acl-1",
            is_default=True,
            entries=tuple(
                AclEntry(
                    number=number, is_egress=is_egress, allows=number == 100, protocol="-1", cidr="0.0.0.0/0"
                )
                for is_egress in (False, True)
                for number in (100, 32767)
            ),
        ),
    ),
)
EMPTY_SECURITY_GROUP = SecurityGroup(id="sg-1")
ACCOUNT = Account(
    region=REGION,
    taken_at_s=NOW_S,
    id=OWN,
    key_stores=(),
    service=SERVICE,
    services=(SERVICE,),
    principals=(Principal(principal=f"cks.kms.{REGION}.amazonaws.com", kind="Service"),),
    load_balancers=(BALANCER,),
    vpcs=(VPC,),
    security_groups=(EMPTY_SECURITY_GROUP,),
)
DENIED = Unavailable(
    call="ec2:DescribeX", because="not allowed: allow ec2:DescribeX", cause=ApiErrorKind.ACCESS_DENIED
)


def node(zone: str) -> Target:
    return Target(name=f"xks-{zone}", role=Role.NODE, host=NODES[zone], server_name=HOST, zone=zone)


def looked_at(account: Account | None = ACCOUNT, spec: KeyStoreSpec | None = SPEC, **fields: Any) -> Evidence:
    """A preflight's evidence; without measurements, unless ``fields`` has some."""
    fields.setdefault("scopes", frozenset(Scope))
    return Evidence(taken_at_s=NOW_S, spec=spec, account=account, **fields)


def proposed(**changes: Any) -> Evidence:
    return looked_at(spec=replace(SPEC, **changes))


def with_account(**changes: Any) -> Evidence:
    return looked_at(replace(ACCOUNT, **changes))


def with_service(**changes: Any) -> Evidence:
    service = replace(SERVICE, **changes)
    return with_account(service=service, services=(service,))


def with_balancer(**changes: Any) -> Evidence:
    return with_account(load_balancers=(replace(BALANCER, **changes),))


def with_group(**changes: Any) -> Evidence:
    return with_balancer(target_groups=(replace(GROUP, **changes),))


def with_vpc(**changes: Any) -> Evidence:
    return with_account(vpcs=(replace(VPC, **changes),))


def admitting(
    *cidrs: str, protocol: str = "tcp", port: int = 443, others: tuple[str, ...] = ()
) -> SecurityGroup:
    rule = SecurityRule(protocol=protocol, from_port=port, to_port=port, cidrs=cidrs, others=others)
    return SecurityGroup(id="sg-1", inbound=(rule,))


AS_CONSUMER = replace(
    SERVICE,
    is_owner_view=False,
    owner=OTHER,
    load_balancer_arns=(),
    verification=Verification(state="verified"),
)


def the_one(declared: Rule, evidence: Evidence) -> Finding:
    (finding,) = declared.judge(evidence)
    assert finding.outcome in declared.published.outcomes
    assert isinstance(finding.because, str)
    assert finding.because
    return finding
