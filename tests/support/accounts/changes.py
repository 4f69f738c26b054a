"""Changes of one setting in a healthy account: service owner, allowed principals, load balancer, routes."""

from dataclasses import replace
from typing import Any

from support.accounts.healthy import (
    ACCOUNT,
    AS_CONSUMER,
    BALANCER,
    DENIED,
    GROUP,
    LISTENER,
    LOCAL,
    OTHER,
    OWN,
    SERVICE,
    STORE,
    TARGETS,
    looked_at,
    with_account,
    with_balancer,
    with_vpc,
)
from support.accounts.healthy import SPEC as P

from probe.model.account import (
    EndpointConnection,
    Principal,
    RegisteredTarget,
    Route,
    RouteTable,
    SecurityGroup,
    TargetHealthCheck,
    known,
)
from probe.model.evidence import Evidence
from probe.model.store import PUBLIC_CONNECTIVITY

KMS = Principal(principal="cks.kms.eu-west-1.amazonaws.com", kind="Service")
ONE_ZONE = BALANCER.zones[:1]
INSTANCES = tuple(RegisteredTarget(id=f"i-0123456789abcdef{n}", port=443, state="healthy") for n in range(2))
PUBLIC = replace(P, connectivity=PUBLIC_CONNECTIVITY, service_name=None)


def store(**changes: Any) -> Evidence:
    """The spec is the existing key store."""
    return looked_at(replace(ACCOUNT, key_stores=(replace(STORE, **changes),)), replace(P, id=STORE.id))


def with_another_store(**changes: Any) -> Evidence:
    """Another key store exists in the account."""
    other = replace(STORE, id="cks-other", uri_endpoint="https://other.example.com", service_name="x")
    return with_account(key_stores=(replace(other, **changes),))


def named(**changes: Any) -> Evidence:
    return looked_at(replace(ACCOUNT, key_stores=(replace(STORE, **changes),)), replace(P, name="bank"))


def target(state: str, zone: str = "all", id_: str = "192.168.1.7") -> RegisteredTarget:
    return RegisteredTarget(id=id_, port=443, zone=zone, state=state)


def principals(*names: str) -> Evidence:
    return with_account(principals=tuple(Principal(principal=name) for name in names))


def consumer(spec: object = P, **changes: Any) -> Evidence:
    service = replace(AS_CONSUMER, **changes)
    return looked_at(replace(ACCOUNT, service=service, services=()), spec)  # type: ignore[arg-type]


def connected(owner: str, state: str = "available") -> Evidence:
    """A planned key store; the account ``owner`` already has a connection to its endpoint service."""
    return with_account(connections=(EndpointConnection(owner=owner, state=state),))


def one_waits_beside_an_available_one() -> Evidence:
    waiting = EndpointConnection(owner=OTHER, state="pendingAcceptance")
    return with_account(connections=(EndpointConnection(owner=OWN, state="available"), waiting))


def checked_by(protocol: str, port: str = "traffic-port", path: str | None = None) -> TargetHealthCheck:
    return TargetHealthCheck(protocol=protocol, port=port, path=path)


def permitted(permission: str) -> Evidence:
    """KMS's principal may create this."""
    (kms,) = known(ACCOUNT.principals)
    return with_account(principals=(replace(kms, permission=permission),))


def forwarding(
    groups: tuple[str, ...] = (), *, idle: tuple[str, ...] = (), protocol: str = "TCP"
) -> Evidence:
    """A listener on port 443; ``idle`` target groups have weight 0."""
    listener = replace(LISTENER, protocol=protocol, target_group_arns=groups, idle_target_group_arns=idle)
    return with_balancer(listeners=(listener,))


def overridden(override: str) -> tuple[RegisteredTarget, ...]:
    return (TARGETS[0], replace(TARGETS[1], override=override))


def in_state(state: str) -> tuple[RegisteredTarget, ...]:
    return tuple(replace(each, state=state) for each in TARGETS)


def in_zones(override: str) -> tuple[RegisteredTarget, ...]:
    """One target in each zone; the second has this administrative override."""
    first, second = TARGETS
    return (replace(first, zone="eu-west-1a"), replace(second, zone="eu-west-1b", override=override))


def enforcing(group: SecurityGroup) -> Evidence:
    """The load balancer applies its security group to PrivateLink traffic."""
    balancer = replace(BALANCER, enforces_inbound_rules=True)
    return with_account(load_balancers=(balancer,), security_groups=(group,))


def seen_as_consumer(owner: str | None = OWN) -> Evidence:
    """The account's own service, seen as by consumers, because listing its services is not allowed."""
    service = replace(AS_CONSUMER, owner=owner)
    return with_account(service=service, services=DENIED, principals=(), connections=(), load_balancers=())


def without_account_id(*names: str) -> Evidence:
    """Principals in an account whose id is unknown, because the call for it is not allowed."""
    return with_account(id=DENIED, principals=tuple(Principal(principal=name) for name in names))


def wildcard(endpoint: str | None) -> Evidence:
    service = replace(SERVICE, private_dns_name="*.xks.example.com")
    return looked_at(replace(ACCOUNT, service=service), replace(P, uri_endpoint=endpoint))


def with_another_group(**changes: Any) -> Evidence:
    """A second listener forwards to a second group, which has the changes. KMS uses only port 443."""
    other = replace(GROUP, arn="arn:metrics", name="metrics", **changes)
    listener = replace(LISTENER, arn="arn:9100", port=9100, target_group_arns=("arn:metrics",))
    return with_balancer(listeners=(LISTENER, listener), target_groups=(GROUP, other))


def routed(*routes: Route, main: bool = True) -> Evidence:
    return with_vpc(route_tables=(RouteTable(id="rtb-1", is_main=main, routes=(LOCAL, *routes)),))


IGW = Route(destination="0.0.0.0/0", via="igw-1")
CROSS_ZONE = {"load_balancing.cross_zone.enabled": "true"}
IN_ONE_ZONE = (target("healthy", "eu-west-1a"),)
TWO_PORTS = (TARGETS[0], replace(TARGETS[0], port=8443))
