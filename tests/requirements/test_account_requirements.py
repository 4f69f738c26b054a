"""Each requirement about the account: one thing changed in a healthy one, and what is said of it."""

from dataclasses import replace
from typing import Any

import pytest
from accounts import (
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
    SERVICE_NAME,
    STORE,
    TABLE,
    TARGETS,
    VPC,
    admitting,
    looked_at,
    proposed,
    the_one,
    with_account,
    with_balancer,
    with_group,
    with_service,
    with_vpc,
)
from accounts import PROPOSAL as P

from probe.model.account import (
    EndpointConnection,
    Principal,
    RegisteredTarget,
    Route,
    RouteTable,
    Verification,
)
from probe.model.preflight import PUBLIC_CONNECTIVITY
from probe.model.verdicts import Evidence, Likelihood, Outcome
from probe.requirements import CATALOGUE, WATCHED
from probe.requirements._declare import Declared

MET, VIOLATED = Outcome.MET, Outcome.VIOLATED
UNKNOWN, NOT_APPLICABLE = Outcome.UNKNOWN, Outcome.NOT_APPLICABLE
BY_ID = {declared.id: declared for declared in CATALOGUE}
OF_THE_ACCOUNT = [
    declared
    for declared in CATALOGUE
    if declared not in WATCHED
    and not declared.judge.__module__.endswith((".health", ".health_conduct", ".credential", ".domain"))
]
KMS = Principal(principal="cks.kms.eu-west-1.amazonaws.com", kind="Service")
ONE_ZONE = BALANCER.zones[:1]
PUBLIC = replace(P, connectivity=PUBLIC_CONNECTIVITY, service_name=None)


def store(**changes: Any) -> Evidence:
    """The proposal is the store that exists."""
    return looked_at(
        replace(ACCOUNT, key_stores=(replace(STORE, **changes),)), replace(P, key_store_id=STORE.id)
    )


def beside(**changes: Any) -> Evidence:
    """Another store exists in the account."""
    other = replace(STORE, id="cks-other", uri_endpoint="https://other.example.com", service_name="x")
    return with_account(key_stores=(replace(other, **changes),))


def named(**changes: Any) -> Evidence:
    return looked_at(replace(ACCOUNT, key_stores=(replace(STORE, **changes),)), replace(P, name="bank"))


def target(state: str, zone: str = "all", id_: str = "192.168.1.7") -> RegisteredTarget:
    return RegisteredTarget(id=id_, port=443, zone=zone, state=state)


def principals(*names: str) -> Evidence:
    return with_account(principals=tuple(Principal(principal=name) for name in names))


def consumer(proposal: object = P, **changes: Any) -> Evidence:
    service = replace(AS_CONSUMER, **changes)
    return looked_at(replace(ACCOUNT, service=service, services=()), proposal)  # type: ignore[arg-type]


def connected(owner: str, state: str = "available") -> Evidence:
    """A store to be made, whose service somebody has a connection to."""
    return with_account(connections=(EndpointConnection(owner=owner, state=state),))


def seen_as_consumer(owner: str | None = OWN) -> Evidence:
    """Our own service, as consumers see it: to list our services is not allowed."""
    service = replace(AS_CONSUMER, owner=owner)
    return with_account(service=service, services=DENIED, principals=(), connections=(), load_balancers=())


def nameless(*names: str) -> Evidence:
    """Principals in an account of which the id may not be asked for."""
    return with_account(id=DENIED, principals=tuple(Principal(principal=name) for name in names))


def wildcard(endpoint: str | None) -> Evidence:
    service = replace(SERVICE, private_dns_name="*.xks.example.com")
    return looked_at(replace(ACCOUNT, service=service), replace(P, uri_endpoint=endpoint))


def beside_it(**changes: Any) -> Evidence:
    """Another listener forwards to another group, which is changed; KMS uses port 443 alone."""
    other = replace(GROUP, arn="arn:metrics", name="metrics", **changes)
    listener = replace(LISTENER, arn="arn:9100", port=9100, target_group_arns=("arn:metrics",))
    return with_balancer(listeners=(LISTENER, listener), target_groups=(GROUP, other))


def routed(*routes: Route, main: bool = True) -> Evidence:
    return with_vpc(route_tables=(RouteTable(id="rtb-1", is_main=main, routes=(LOCAL, *routes)),))


IGW = Route(destination="0.0.0.0/0", via="igw-1")
CROSS_ZONE = {"load_balancing.cross_zone.enabled": "true"}
IN_ONE_ZONE = (target("healthy", "eu-west-1a"),)
TWO_PORTS = (TARGETS[0], replace(TARGETS[0], port=8443))
CASES: list[tuple[str, Outcome, Evidence]] = [
    ("key-store-quota-has-room", MET, with_account(key_stores=(STORE,) * 9)),
    ("key-store-quota-has-room", VIOLATED, with_account(key_stores=(STORE,) * 10)),
    ("key-store-quota-has-room", UNKNOWN, with_account(key_stores=DENIED)),
    ("key-store-quota-has-room", NOT_APPLICABLE, store()),
    ("key-store-name-is-free", MET, named(name="other")),
    ("key-store-name-is-free", VIOLATED, named(name="bank")),
    ("key-store-name-is-free", UNKNOWN, looked_at(replace(ACCOUNT, key_stores=DENIED), replace(P, name="x"))),
    ("key-store-name-is-free", NOT_APPLICABLE, looked_at()),
    ("proxy-address-is-unused", MET, beside()),
    ("proxy-address-is-unused", VIOLATED, beside(uri_endpoint=P.uri_endpoint)),
    ("proxy-address-is-unused", VIOLATED, beside(uri_endpoint="https://MYPROXY-private.xks.example.com")),
    ("proxy-address-is-unused", VIOLATED, beside(uri_endpoint=P.uri_endpoint, uri_path="/b/kms/xks/v1")),
    (
        "proxy-address-is-unused",
        VIOLATED,
        beside(uri_endpoint=P.uri_endpoint, uri_path="/b/kms/xks/v1", connectivity=PUBLIC_CONNECTIVITY),
    ),
    ("proxy-address-is-unused", MET, store()),
    ("proxy-address-is-unused", UNKNOWN, with_account(key_stores=DENIED)),
    ("endpoint-service-is-unused", MET, beside()),
    ("endpoint-service-is-unused", VIOLATED, beside(service_name=SERVICE_NAME)),
    ("endpoint-service-is-unused", MET, store()),
    ("endpoint-service-is-unused", UNKNOWN, with_account(key_stores=DENIED)),
    ("endpoint-service-is-unused", NOT_APPLICABLE, looked_at(proposal=PUBLIC)),
    ("endpoint-service-is-unused", MET, connected(OWN)),
    ("endpoint-service-is-unused", MET, connected(OTHER, "rejected")),
    ("endpoint-service-is-unused", UNKNOWN, connected(OTHER)),
    ("endpoint-service-is-unused", UNKNOWN, connected(OTHER, "PendingAcceptance")),
    ("endpoint-service-is-unused", UNKNOWN, with_account(connections=DENIED)),
    ("endpoint-service-is-unused", UNKNOWN, with_account(id=DENIED)),
    ("endpoint-service-is-unused", MET, consumer()),
    ("key-store-is-connected", MET, store()),
    ("key-store-is-connected", VIOLATED, store(connection_state="DISCONNECTED")),
    ("key-store-is-connected", VIOLATED, store(connection_state="FAILED", connection_error_code="X")),
    ("key-store-is-connected", UNKNOWN, store(connection_state="CONNECTING")),
    ("key-store-is-connected", UNKNOWN, store(connection_state="")),
    ("key-store-is-connected", NOT_APPLICABLE, looked_at()),
    ("endpoint-service-exists", MET, looked_at()),
    ("endpoint-service-exists", MET, with_service(state="available")),
    ("endpoint-service-exists", VIOLATED, with_service(state="Failed")),
    ("endpoint-service-exists", UNKNOWN, with_service(state=None)),
    ("endpoint-service-exists", MET, consumer()),
    ("endpoint-service-exists", UNKNOWN, seen_as_consumer()),
    ("endpoint-service-exists", VIOLATED, with_account(service=None)),
    (
        "endpoint-service-exists",
        UNKNOWN,
        looked_at(replace(ACCOUNT, service=None), replace(P, service_owner=OTHER)),
    ),
    ("endpoint-service-exists", UNKNOWN, with_account(service=DENIED)),
    ("endpoint-service-exists", NOT_APPLICABLE, looked_at(proposal=PUBLIC)),
    ("endpoint-service-is-in-the-store-region", MET, looked_at()),
    ("endpoint-service-is-in-the-store-region", VIOLATED, proposed(region="eu-west-2")),
    ("endpoint-service-is-in-the-store-region", UNKNOWN, proposed(service_name="vpce-svc-1")),
    ("endpoint-service-is-in-the-store-region", NOT_APPLICABLE, looked_at(proposal=PUBLIC)),
    ("endpoint-service-offers-ipv4", MET, with_service(address_types=("ipv4", "ipv6"))),
    ("endpoint-service-offers-ipv4", VIOLATED, with_service(address_types=("ipv6",))),
    ("endpoint-service-offers-ipv4", UNKNOWN, with_service(address_types=())),
    ("acceptance-is-not-required", MET, looked_at()),
    ("acceptance-is-not-required", VIOLATED, with_service(acceptance_required=True)),
    ("acceptance-is-not-required", UNKNOWN, with_service(acceptance_required=None)),
    ("service-uses-a-network-load-balancer", MET, looked_at()),
    ("service-uses-a-network-load-balancer", MET, consumer()),
    ("service-uses-a-network-load-balancer", VIOLATED, with_service(types=("GatewayLoadBalancer",))),
    ("service-uses-a-network-load-balancer", VIOLATED, with_service(gateway_load_balancer_arns=("arn",))),
    ("service-uses-a-network-load-balancer", VIOLATED, with_service(load_balancer_arns=())),
    ("service-uses-a-network-load-balancer", UNKNOWN, with_service(types=())),
    ("two-availability-zones", MET, looked_at()),
    ("two-availability-zones", VIOLATED, with_service(zone_ids=("euw1-az1",))),
    ("two-availability-zones", VIOLATED, with_service(zone_ids=("euw1-az1", "euw1-az1"))),
    ("two-availability-zones", VIOLATED, with_balancer(zones=ONE_ZONE)),
    (
        "two-availability-zones",
        MET,  # two load balancers in one zone each
        with_account(
            load_balancers=(replace(BALANCER, zones=ONE_ZONE), replace(BALANCER, zones=BALANCER.zones[1:]))
        ),
    ),
    ("two-availability-zones", UNKNOWN, with_service(zone_ids=(), zones=())),
    ("two-availability-zones", MET, consumer()),
    ("two-availability-zones", UNKNOWN, seen_as_consumer()),
    ("two-availability-zones", UNKNOWN, with_account(load_balancers=DENIED)),
    ("kms-is-an-allowed-principal", MET, looked_at()),
    ("kms-is-an-allowed-principal", VIOLATED, principals()),
    ("kms-is-an-allowed-principal", VIOLATED, principals("cks.kms.eu-west-2.amazonaws.com")),
    ("kms-is-an-allowed-principal", UNKNOWN, principals("*")),
    ("kms-is-an-allowed-principal", UNKNOWN, consumer()),
    ("kms-is-an-allowed-principal", UNKNOWN, with_account(principals=DENIED)),
    ("store-account-is-an-allowed-principal", NOT_APPLICABLE, looked_at()),
    ("store-account-is-an-allowed-principal", MET, consumer()),
    (
        "store-account-is-an-allowed-principal",
        VIOLATED,
        looked_at(proposal=replace(P, store_account=OTHER)),
    ),
    (
        "store-account-is-an-allowed-principal",
        MET,
        looked_at(
            replace(ACCOUNT, principals=(KMS, Principal(principal=f"arn:aws:iam::{OTHER}:root"))),
            replace(P, store_account=OTHER),
        ),
    ),
    ("store-account-is-an-allowed-principal", UNKNOWN, with_account(id=DENIED)),
    ("store-account-is-an-allowed-principal", NOT_APPLICABLE, seen_as_consumer()),
    ("store-account-is-an-allowed-principal", UNKNOWN, seen_as_consumer(owner=None)),
    ("store-account-is-an-allowed-principal", MET, consumer(replace(P, store_account=OWN))),
    ("store-account-is-an-allowed-principal", UNKNOWN, consumer(replace(P, store_account="777788889999"))),
    ("store-account-is-an-allowed-principal", NOT_APPLICABLE, consumer(replace(P, store_account=OTHER))),
    ("service-owner-is-declared", NOT_APPLICABLE, looked_at()),
    ("service-owner-is-declared", VIOLATED, consumer()),
    ("service-owner-is-declared", MET, consumer(replace(P, service_owner=OTHER))),
    ("service-owner-is-declared", VIOLATED, consumer(replace(P, service_owner=OWN))),
    ("service-owner-is-declared", VIOLATED, looked_at(proposal=replace(P, service_owner=OTHER))),
    ("service-owner-is-declared", UNKNOWN, with_account(id=DENIED)),
    ("allowed-principals-are-minimal", MET, looked_at()),
    ("allowed-principals-are-minimal", VIOLATED, principals(KMS.principal, "*")),
    ("allowed-principals-are-minimal", UNKNOWN, with_account(principals=DENIED)),
    ("allowed-principals-are-minimal", UNKNOWN, nameless(KMS.principal, f"arn:aws:iam::{OWN}:root")),
    ("allowed-principals-are-minimal", VIOLATED, nameless(KMS.principal, "*")),
    (
        "allowed-principals-are-minimal",
        VIOLATED,
        nameless(f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OTHER}:root"),
    ),
    ("private-dns-name-matches-the-endpoint", MET, looked_at()),
    (
        "private-dns-name-matches-the-endpoint",
        MET,
        proposed(uri_endpoint="https://MyProxy-private.xks.example.com"),
    ),
    ("private-dns-name-matches-the-endpoint", VIOLATED, proposed(uri_endpoint="https://xks.example.com")),
    ("private-dns-name-matches-the-endpoint", VIOLATED, with_service(private_dns_name=None)),
    ("private-dns-name-matches-the-endpoint", UNKNOWN, proposed(uri_endpoint=None)),
    ("private-dns-name-matches-the-endpoint", VIOLATED, wildcard("https://*.xks.example.com")),
    ("private-dns-name-matches-the-endpoint", VIOLATED, wildcard(P.uri_endpoint)),
    ("private-dns-name-is-unique-in-the-region", MET, looked_at()),
    (
        "private-dns-name-is-unique-in-the-region",
        VIOLATED,
        with_account(services=(SERVICE, replace(SERVICE, id="vpce-svc-2"))),
    ),
    ("private-dns-name-is-unique-in-the-region", UNKNOWN, with_account(services=DENIED)),
    ("domain-is-verified", MET, looked_at()),
    ("domain-is-verified", VIOLATED, with_service(verification=Verification(state="pendingVerification"))),
    ("domain-is-verified", VIOLATED, with_service(verification=Verification(state="failed"))),
    ("domain-is-verified", UNKNOWN, with_service(verification=None)),
    ("load-balancer-is-active", MET, looked_at()),
    ("load-balancer-is-active", VIOLATED, with_balancer(state="provisioning")),
    ("load-balancer-is-active", UNKNOWN, with_balancer(state="active_impaired")),
    ("load-balancer-is-active", UNKNOWN, with_account(load_balancers=DENIED)),
    ("load-balancer-is-active", UNKNOWN, consumer()),
    ("load-balancer-is-active", NOT_APPLICABLE, looked_at(proposal=PUBLIC)),
    ("load-balancer-has-ipv4", MET, with_balancer(address_type="dualstack")),
    ("load-balancer-has-ipv4", VIOLATED, with_balancer(address_type="ipv6")),
    ("load-balancer-has-ipv4", UNKNOWN, with_balancer(address_type="")),
    ("listener-forwards-443", MET, looked_at()),
    ("listener-forwards-443", MET, with_balancer(listeners=(replace(LISTENER, protocol="TLS"),))),
    ("listener-forwards-443", VIOLATED, with_balancer(listeners=())),
    ("listener-forwards-443", VIOLATED, with_balancer(listeners=(replace(LISTENER, port=8443),))),
    ("listener-forwards-443", VIOLATED, with_balancer(listeners=(replace(LISTENER, protocol="UDP"),))),
    ("listener-forwards-443", VIOLATED, with_balancer(listeners=(replace(LISTENER, target_group_arns=()),))),
    ("listener-forwards-443", UNKNOWN, with_balancer(listeners=DENIED)),
    ("load-balancer-admits-privatelink-traffic", MET, looked_at()),
    ("load-balancer-admits-privatelink-traffic", MET, with_balancer(security_groups=())),
    ("load-balancer-admits-privatelink-traffic", VIOLATED, with_balancer(enforces_inbound_rules=None)),
    ("load-balancer-is-internal", MET, looked_at()),
    ("load-balancer-is-internal", VIOLATED, with_balancer(scheme="internet-facing")),
    ("load-balancer-is-internal", UNKNOWN, with_balancer(scheme="")),
    ("two-targets-are-healthy", MET, looked_at()),
    ("two-targets-are-healthy", VIOLATED, with_group(targets=TARGETS[:1])),
    ("two-targets-are-healthy", VIOLATED, with_group(targets=(TARGETS[0], target("unhealthy")))),
    ("two-targets-are-healthy", VIOLATED, with_group(targets=(TARGETS[0], target("draining")))),
    ("two-targets-are-healthy", UNKNOWN, with_group(targets=(TARGETS[0], target("initial")))),
    ("two-targets-are-healthy", UNKNOWN, with_group(targets=DENIED)),
    ("two-targets-are-healthy", VIOLATED, with_group(targets=TWO_PORTS)),
    ("two-targets-are-healthy", UNKNOWN, with_group(targets=(*TWO_PORTS, target("initial")))),
    ("two-targets-are-healthy", MET, beside_it(targets=(target("unhealthy"),))),
    ("two-targets-are-healthy", UNKNOWN, with_balancer(listeners=DENIED)),
    ("two-targets-are-healthy", UNKNOWN, with_balancer(listeners=(replace(LISTENER, port=9100),))),
    ("every-zone-has-a-healthy-target", MET, looked_at()),
    ("every-zone-has-a-healthy-target", VIOLATED, with_group(targets=(target("healthy", "eu-west-1a"),))),
    (
        "every-zone-has-a-healthy-target",
        MET,
        with_balancer(
            attributes=CROSS_ZONE, target_groups=(replace(GROUP, targets=(target("healthy", "eu-west-1a"),)),)
        ),
    ),
    (
        "every-zone-has-a-healthy-target",
        MET,
        with_group(attributes=CROSS_ZONE, targets=(target("healthy", "eu-west-1a"),)),
    ),
    (
        "every-zone-has-a-healthy-target",
        VIOLATED,  # the group's own setting wins
        with_balancer(
            attributes=CROSS_ZONE,
            target_groups=(
                replace(
                    GROUP,
                    attributes={"load_balancing.cross_zone.enabled": "false"},
                    targets=(target("healthy", "eu-west-1a"),),
                ),
            ),
        ),
    ),
    (
        "every-zone-has-a-healthy-target",
        UNKNOWN,
        with_group(targets=(target("healthy", "eu-west-1a"), target("initial", "eu-west-1b"))),
    ),
    ("every-zone-has-a-healthy-target", UNKNOWN, with_group(targets=DENIED)),
    ("every-zone-has-a-healthy-target", UNKNOWN, with_group(attributes=DENIED, targets=IN_ONE_ZONE)),
    (
        "every-zone-has-a-healthy-target",
        UNKNOWN,  # the group may turn off what the load balancer has on
        with_balancer(
            attributes=CROSS_ZONE,
            target_groups=(replace(GROUP, attributes=DENIED, targets=IN_ONE_ZONE),),
        ),
    ),
    ("every-zone-has-a-healthy-target", MET, with_group(attributes=DENIED)),
    (
        "every-zone-has-a-healthy-target",
        VIOLATED,
        with_group(attributes=DENIED, targets=(target("unhealthy"),)),
    ),
    (
        "every-zone-has-a-healthy-target",
        UNKNOWN,
        with_balancer(attributes=DENIED, target_groups=(replace(GROUP, targets=IN_ONE_ZONE),)),
    ),
    (
        "every-zone-has-a-healthy-target",
        MET,  # the group says it by itself
        with_balancer(
            attributes=DENIED, target_groups=(replace(GROUP, attributes=CROSS_ZONE, targets=IN_ONE_ZONE),)
        ),
    ),
    ("proxy-protocol-is-off", MET, looked_at()),
    ("proxy-protocol-is-off", VIOLATED, with_group(attributes={"proxy_protocol_v2.enabled": "true"})),
    ("proxy-protocol-is-off", UNKNOWN, with_group(attributes={})),
    ("two-targets-are-registered", MET, looked_at()),
    ("two-targets-are-registered", VIOLATED, with_group(targets=TARGETS[:1])),
    ("two-targets-are-registered", VIOLATED, with_group(targets=(TARGETS[0],) * 2)),
    ("two-targets-are-registered", UNKNOWN, with_group(targets=DENIED)),
    ("two-targets-are-registered", VIOLATED, with_group(targets=TWO_PORTS)),
    ("two-targets-are-registered", MET, beside_it(targets=TARGETS[:1])),
    ("target-group-is-ip-tcp-443", MET, looked_at()),
    ("target-group-is-ip-tcp-443", VIOLATED, with_group(port=8443)),
    ("target-group-is-ip-tcp-443", VIOLATED, with_group(target_type="instance")),
    ("target-group-is-ip-tcp-443", UNKNOWN, with_group(target_type="")),
    ("target-group-is-ip-tcp-443", MET, beside_it(port=9100)),
    (
        "target-group-is-ip-tcp-443",
        VIOLATED,  # TLS ends on another port
        with_balancer(
            listeners=(LISTENER, replace(LISTENER, port=9100, protocol="TLS")),
            target_groups=(replace(GROUP, protocol="TLS"),),
        ),
    ),
    ("endpoint-service-offers-every-load-balancer-zone", MET, looked_at()),
    ("endpoint-service-offers-every-load-balancer-zone", VIOLATED, with_service(zones=("eu-west-1a",))),
    ("endpoint-service-offers-every-load-balancer-zone", UNKNOWN, consumer()),
    ("subnets-are-private", MET, looked_at()),
    ("subnets-are-private", VIOLATED, routed(IGW)),
    ("subnets-are-private", MET, routed(replace(IGW, state="blackhole"))),
    (
        "subnets-are-private",
        VIOLATED,  # one public: one private zone is left
        with_vpc(route_tables=(TABLE, RouteTable(id="rtb-2", subnet_ids=("subnet-1",), routes=(IGW,)))),
    ),
    ("subnets-are-private", UNKNOWN, with_vpc(subnets=VPC.subnets[:1])),  # type: ignore[index]
    ("subnets-are-private", UNKNOWN, with_vpc(route_tables=DENIED)),
    ("network-routes-reach-every-target", MET, looked_at()),
    ("network-routes-reach-every-target", VIOLATED, routed()),
    (
        "network-routes-reach-every-target",
        VIOLATED,  # the more specific one is dead
        routed(
            Route(destination="192.168.0.0/16", via="vgw-1"),
            Route(destination="192.168.1.0/24", via="pcx-1", state="blackhole"),
        ),
    ),
    ("network-routes-reach-every-target", UNKNOWN, routed(main=False)),
    ("network-routes-reach-every-target", UNKNOWN, with_vpc(route_tables=DENIED)),
    ("vpc-resolves-dns-names", MET, looked_at()),
    ("vpc-resolves-dns-names", VIOLATED, with_vpc(dns_hostnames=False)),
    ("vpc-resolves-dns-names", UNKNOWN, with_vpc(dns_support=DENIED)),
    ("vpc-does-not-overlap-the-data-centre", NOT_APPLICABLE, looked_at()),
    ("vpc-does-not-overlap-the-data-centre", MET, proposed(data_centre=("192.168.0.0/16",))),
    ("vpc-does-not-overlap-the-data-centre", MET, proposed(data_centre=("10.1.0.0/16",))),
    ("vpc-does-not-overlap-the-data-centre", VIOLATED, proposed(data_centre=("10.0.255.0/24",))),
    (
        "vpc-does-not-overlap-the-data-centre",
        VIOLATED,
        routed(Route(destination="10.0.9.0/24", via="tgw-1")),
    ),
    ("vpc-does-not-overlap-the-data-centre", UNKNOWN, with_vpc(cidrs=())),
    ("vpc-does-not-overlap-the-data-centre", UNKNOWN, with_vpc(cidrs=DENIED)),
]


@pytest.mark.parametrize(("id_", "outcome", "evidence"), CASES)
def test_a_requirement_ends_as_its_world_is(id_: str, outcome: Outcome, evidence: Evidence) -> None:
    found = the_one(BY_ID[id_], evidence)
    assert found.outcome is outcome, found.because
    assert found.subject
    assert found.because


@pytest.mark.parametrize("declared", OF_THE_ACCOUNT, ids=lambda each: each.id)
def test_a_healthy_account_violates_nothing_and_leaves_nothing_unknown(declared: Declared) -> None:
    found = the_one(declared, looked_at())
    assert found.outcome in (MET, NOT_APPLICABLE), found.because


@pytest.mark.parametrize("declared", OF_THE_ACCOUNT, ids=lambda each: each.id)
def test_without_an_account_nothing_is_said_to_be_met_that_was_not_given(declared: Declared) -> None:
    found = the_one(declared, looked_at(None))
    given = declared.id.endswith("well-formed") or declared.id in {
        "region-supports-external-key-stores",
        "endpoint-service-is-in-the-store-region",
    }
    assert found.outcome is (MET if given else UNKNOWN)


@pytest.mark.parametrize(
    ("groups", "outcome"),
    [
        ((admitting("0.0.0.0/0"),), MET),
        ((admitting("0.0.0.0/0", protocol="-1", port=0),), MET),
        ((admitting("0.0.0.0/0", port=442),), VIOLATED),
        ((admitting("0.0.0.0/0", protocol="udp"),), VIOLATED),
        ((admitting("10.0.0.0/8"),), VIOLATED),
        ((admitting(),), VIOLATED),
        ((admitting(others=("sg-2",)),), VIOLATED),
        ((admitting(others=("pl-1",)),), UNKNOWN),
        ((admitting("10.0.0.0/8", others=("pl-1",)),), UNKNOWN),
        ((admitting("0.0.0.0/0", others=("pl-1",)),), MET),
        ((), UNKNOWN),
        (DENIED, UNKNOWN),
    ],
)
def test_security_groups_that_judge_privatelink_have_to_admit_everybody(
    groups: Any, outcome: Outcome
) -> None:
    account = replace(
        ACCOUNT, load_balancers=(replace(BALANCER, enforces_inbound_rules=True),), security_groups=groups
    )
    declared = BY_ID["load-balancer-admits-privatelink-traffic"]
    assert the_one(declared, looked_at(account)).outcome is outcome


def test_what_may_not_be_looked_at_names_the_action_to_allow() -> None:
    found = the_one(BY_ID["kms-is-an-allowed-principal"], with_account(principals=DENIED))
    assert "ec2:DescribeX" in found.because


def test_our_own_service_that_we_may_not_list_names_the_action_to_allow() -> None:
    for id_ in (
        "kms-is-an-allowed-principal",
        "load-balancer-is-active",
        "endpoint-service-offers-every-load-balancer-zone",
        "endpoint-service-is-unused",
    ):
        found = the_one(BY_ID[id_], seen_as_consumer())
        assert (found.outcome, "allow ec2:DescribeX" in found.because) == (UNKNOWN, True), found.because


def test_a_connection_of_somebody_else_is_a_hint_that_the_service_is_in_use() -> None:
    found = the_one(BY_ID["endpoint-service-is-unused"], connected(OTHER))
    assert OTHER in found.because
    assert {(each.error, each.likelihood) for each in found.kms_errors or ()} == {
        ("XksProxyVpcEndpointServiceInUseException", Likelihood.POSSIBLE)
    }


def test_the_connection_of_a_store_that_exists_is_its_own() -> None:
    account = replace(
        ACCOUNT, key_stores=(STORE,), connections=(EndpointConnection(owner=OTHER, state="available"),)
    )
    found = the_one(
        BY_ID["endpoint-service-is-unused"], looked_at(account, replace(P, key_store_id=STORE.id))
    )
    assert found.outcome is MET


@pytest.mark.parametrize(
    ("id_", "changes"),
    [
        ("proxy-endpoint-is-well-formed", {"uri_endpoint": None}),
        ("proxy-path-is-well-formed", {"uri_path": None}),
        ("endpoint-service-name-is-well-formed", {"service_name": None}),
        ("endpoint-service-exists", {"service_name": None}),
        ("acceptance-is-not-required", {"service_name": None}),
        ("load-balancer-is-active", {"service_name": None}),
    ],
)
def test_what_the_key_store_would_tell_names_the_call_that_was_denied(
    id_: str, changes: dict[str, None]
) -> None:
    account = replace(ACCOUNT, key_stores=DENIED, service=None, load_balancers=())
    found = the_one(BY_ID[id_], looked_at(account, replace(P, key_store_id=STORE.id, **changes)))
    assert (found.outcome, "allow ec2:DescribeX" in found.because) == (UNKNOWN, True), found.because


def test_a_service_of_another_account_says_whom_to_ask() -> None:
    found = the_one(BY_ID["kms-is-an-allowed-principal"], consumer())
    assert OTHER in found.because


def test_two_public_stores_may_share_an_endpoint_but_no_path() -> None:
    declared = BY_ID["proxy-address-is-unused"]
    for path, outcome in (("/b/kms/xks/v1", MET), (P.uri_path, VIOLATED)):
        other = replace(STORE, id="cks-2", connectivity=PUBLIC_CONNECTIVITY, uri_path=path)
        assert the_one(declared, looked_at(replace(ACCOUNT, key_stores=(other,)), PUBLIC)).outcome is outcome


def test_each_requirement_has_a_world_for_each_outcome_that_it_declares() -> None:
    reached: dict[str, set[Outcome]] = {}
    for id_, outcome, _ in CASES:
        reached.setdefault(id_, set()).add(outcome)
    for declared in OF_THE_ACCOUNT:
        if declared.id in reached:  # those of the form of what is given have a file of their own
            assert reached[declared.id] <= set(declared.published.outcomes)
