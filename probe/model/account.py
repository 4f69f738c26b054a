"""The AWS side of the path from KMS to the proxy, as returned by the API. Data only, no judgement.

Names are the AWS API's. A part that could not be read is `Unavailable`, never empty. All texts come from AWS
or its users (tags, names) and are untrusted: outputs pass them through `text.clean`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from probe.model.aws_metrics import AwsMetrics

KMS_PORT = 443  # KMS uses no other


class ApiErrorKind(StrEnum):
    """Why a call failed. A label value of ``aws_call_failures_total``."""

    ACCESS_DENIED = "access_denied"
    NO_CREDENTIALS = "no_credentials"
    THROTTLED = "throttled"
    NOT_OPTED_IN = "not_opted_in"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not_found"
    MALFORMED_RESPONSE = "odd_answer"
    NOT_ASKED = "not_asked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """A part that could not be read. ``call`` is an IAM action, such as ``ec2:DescribeVpcs``."""

    call: str
    because: str
    cause: ApiErrorKind = ApiErrorKind.FAILED


Fact = TypeVar("Fact")


def known(part: tuple[Fact, ...] | Unavailable) -> tuple[Fact, ...]:
    """The part, or nothing if it could not be read; for callers that need not report the failure again."""
    return () if isinstance(part, Unavailable) else part


def known_items(part: Mapping[str, str] | Unavailable) -> Mapping[str, str]:
    """The attributes, or nothing if they could not be read."""
    return {} if isinstance(part, Unavailable) else part


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStore:
    """One entry of DescribeCustomKeyStores. Fields that only external key stores have are None for others."""

    id: str
    name: str = ""
    kind: str = ""  # EXTERNAL_KEY_STORE or AWS_CLOUDHSM
    connection_state: str = ""
    connection_error_code: str | None = None
    connectivity: str | None = None  # VPC_ENDPOINT_SERVICE or PUBLIC_ENDPOINT
    access_key_id: str | None = field(default=None, repr=False)
    uri_endpoint: str | None = None
    uri_path: str | None = None
    service_name: str | None = None
    service_owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The domain verification of the private DNS name. ``name`` and ``value`` are returned to owners only."""

    state: str  # pendingVerification, verified, failed
    name: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One allowed principal. ``kind`` is All, Service, OrganizationUnit, Account, User or Role.

    ``permission`` is what it may create: vpc-endpoint (also if AWS returns none), or
    transit-gateway-attachment, which is of no use to KMS.
    """

    principal: str
    kind: str = ""
    permission: str = ""

    @property
    def is_for_endpoints(self) -> bool:
        return self.permission in ("", "vpc-endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConnection:
    """A consumer's interface endpoint to the service.

    ``state`` is pendingAcceptance, pending, available, deleting, deleted, rejected, failed, expired or
    partial; compare without case.
    """

    owner: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointService:
    """The VPC endpoint service. ``is_owner_view`` is False for a consumer's view, which has fewer fields."""

    id: str
    name: str
    is_owner_view: bool
    state: str | None = None  # Available, Pending …; compare without case
    types: tuple[str, ...] = ()  # Interface, GatewayLoadBalancer
    acceptance_required: bool | None = None
    private_dns_name: str | None = None
    verification: Verification | None = None
    address_types: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()  # zone names, which mean different zones in different accounts
    zone_ids: tuple[str, ...] = ()
    load_balancer_arns: tuple[str, ...] = ()
    gateway_load_balancer_arns: tuple[str, ...] = ()
    owner: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerZone:
    """One enabled zone. ``address`` is the node's; the API returns it only if a user assigned it."""

    zone: str
    zone_id: str = ""
    subnet_id: str = ""
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInterface:
    """The load balancer's network interface in one zone; KMS's connections arrive there.

    ``secondary`` are more addresses from which it connects to targets; it accepts no connections there.
    """

    address: str
    zone: str = ""
    subnet_id: str = ""
    status: str = ""
    secondary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """``target_group_arns`` get connections, ``idle_target_group_arns`` get none: their weight is 0."""

    arn: str
    port: int | None
    protocol: str
    target_group_arns: tuple[str, ...] = ()
    idle_target_group_arns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredTarget:
    """One registered target and its health. ``reason`` and ``description`` explain why it is not healthy.

    ``override`` is the administrative override: no_override (or none), zonal_shift_active (the target gets no
    new connections, whatever its health), zonal_shift_delegated_to_dns, or unknown.

    Only what the audit reads beside the health: ``address`` of an instance; ``security_groups`` if the target
    gets the client's address; ``balancer``, an Application Load Balancer with its own targets. ``unread`` is
    why these, or an instance's zone, are missing.
    """

    id: str  # an address, for target type ip
    port: int | None
    zone: str | None = None  # "all" for a target outside the VPC; None if AWS returned none
    state: str = ""  # initial, healthy, unhealthy, unhealthy.draining, unused, draining, unavailable
    reason: str = ""
    description: str = ""
    override: str = ""
    address: str | None = None
    security_groups: tuple[str, ...] = ()
    balancer: "LoadBalancer | None" = None
    unread: Unavailable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHost:
    """An instance or a network interface behind a target. ``id`` is the instance's id or the address."""

    id: str
    zone: str = ""
    subnet_id: str = ""
    address: str | None = None
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHealthCheck:
    """How the load balancer checks the targets. ``port`` is a number or ``traffic-port``."""

    protocol: str
    port: str = "traffic-port"
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    arn: str
    name: str
    target_type: str = ""
    protocol: str = ""
    port: int | None = None
    address_type: str = ""
    vpc_id: str = ""
    health_check: TargetHealthCheck | None = None
    attributes: Mapping[str, str] | Unavailable = field(default_factory=dict)
    targets: tuple[RegisteredTarget, ...] | Unavailable = ()

    @property
    def preserves_client_address(self) -> bool:
        """Whether its targets see the client's own address, except of connections through PrivateLink."""
        return known_items(self.attributes).get("preserve_client_ip.enabled", "").lower() == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """One load balancer; ``name`` is short: ``net/NAME``.

    ``enforces_inbound_rules`` is whether its security groups apply to PrivateLink traffic; None if not known.
    """

    arn: str
    name: str
    type: str = ""
    scheme: str = ""
    address_type: str = ""
    state: str = ""
    vpc_id: str = ""
    zones: tuple[LoadBalancerZone, ...] = ()
    security_groups: tuple[str, ...] = ()
    enforces_inbound_rules: bool | None = None
    attributes: Mapping[str, str] | Unavailable = field(default_factory=dict)
    listeners: tuple[Listener, ...] | Unavailable = ()
    target_groups: tuple[TargetGroup, ...] | Unavailable = ()
    nodes: tuple[NodeInterface, ...] | Unavailable = ()

    @property
    def forwarded_groups(self) -> tuple[TargetGroup, ...]:
        """Target groups that get connections from port 443; all of them if listeners are unreadable."""
        groups = known(self.target_groups)
        if isinstance(self.listeners, Unavailable):
            return groups
        arns = {arn for each in self.listeners if each.port == KMS_PORT for arn in each.target_group_arns}
        return tuple(group for group in groups if group.arn in arns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    id: str
    zone: str = ""
    zone_id: str = ""
    cidr: str = ""
    vpc_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """``destination`` is an IPv4 range or a prefix list id; ``via`` is the id of the route's target."""

    destination: str
    via: str
    state: str = "active"  # or blackhole, filtered


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTable:
    id: str
    is_main: bool = False
    subnet_ids: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    number: int
    is_egress: bool
    allows: bool
    protocol: str  # "-1" all, "6" TCP
    cidr: str
    from_port: int | None = None
    to_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAcl:
    id: str
    is_default: bool = False
    subnet_ids: tuple[str, ...] = ()
    entries: tuple[AclEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityRule:
    """``cidrs`` are IPv4 ranges; ``others`` are prefix lists and groups, whose members are not read."""

    protocol: str
    from_port: int | None = None
    to_port: int | None = None
    cidrs: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    id: str
    inbound: tuple[SecurityRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """The VPC of the load balancers. ``cidrs`` are its associated IPv4 ranges."""

    id: str
    owner: str = ""
    cidrs: tuple[str, ...] | Unavailable = ()
    dns_support: bool | Unavailable = False
    dns_hostnames: bool | Unavailable = False
    subnets: tuple[Subnet, ...] | Unavailable = ()
    route_tables: tuple[RouteTable, ...] | Unavailable = ()
    network_acls: tuple[NetworkAcl, ...] | Unavailable = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything that was read. ``service`` is None if AWS returns no service of that name.

    ``id`` is the caller's account. ``services`` are this account's endpoint services in the Region (for names
    that must be unique). ``endpoint_url`` is a custom endpoint in use, None for AWS's own.
    ``collected_at`` is the collection time from the file; None for live API calls. ``asked`` is the IAM
    action of each call. ``metrics`` is None if neither a key store nor an own service is known to ask for.
    """

    region: str
    taken_at_s: float
    id: str | Unavailable
    key_stores: tuple[KeyStore, ...] | Unavailable
    service: EndpointService | Unavailable | None
    services: tuple[EndpointService, ...] | Unavailable = ()
    principals: tuple[Principal, ...] | Unavailable = ()
    connections: tuple[EndpointConnection, ...] | Unavailable = ()
    load_balancers: tuple[LoadBalancer, ...] | Unavailable = ()
    vpcs: tuple[Vpc, ...] | Unavailable = ()
    security_groups: tuple[SecurityGroup, ...] | Unavailable = ()
    metrics: AwsMetrics | Unavailable | None = None
    endpoint_url: str | None = None
    collected_at: str | None = None
    calls: int = 0
    asked: tuple[str, ...] = ()
    failed_calls: tuple[Unavailable, ...] = ()

    def key_store(self, id_: str | None) -> KeyStore | None:
        """The store with that id, or None if it was not found or the list could not be read."""
        stores = known(self.key_stores)
        return next((store for store in stores if store.id == id_), None)
