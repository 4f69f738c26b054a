"""Targets from an account and the configuration: each node and backend once, with the private DNS name."""

from dataclasses import replace

import pytest
from support.accounts.discovered_targets import targets_for
from support.accounts.healthy import ACCOUNT, BALANCER, DENIED, GROUP, HOST, LISTENER, SPEC, TARGETS

from probe.agent.targets import MAX_DISCOVERED, StoreTargets, name_of, targets_of
from probe.model.account import Account, RegisteredTarget
from probe.model.store import PUBLIC_CONNECTIVITY
from probe.model.targets import Check, PlannedCheck, Role, Target

PLANS = (
    PlannedCheck(check=Check.TCP, interval_s=1.0, timeout_s=1.0),
    PlannedCheck(check=Check.TLS, interval_s=1.0, timeout_s=1.0),
)


def found(account: Account | None = ACCOUNT, *typed: Target) -> tuple[Target, ...]:
    return targets_for(SPEC, account, *typed, plans=dict.fromkeys(Role, PLANS))


def named(host: str, port: int = 443, role: Role = Role.BACKEND, name: str | None = None) -> Target:
    """A configured target."""
    plans = PLANS[:1] if role is Role.KEY_MANAGER else PLANS
    return Target(name=name or name_of(host, port), role=role, host=host, port=port, plans=plans)


def with_balancer(**changes: object) -> Account:
    return replace(ACCOUNT, load_balancers=(replace(BALANCER, **changes),))


def test_nodes_and_backends_have_their_addresses_and_the_private_dns_name() -> None:
    assert [(t.name, t.role, t.host, t.port, t.server_name, t.zone) for t in found()] == [
        ("xks-eu-west-1a", Role.NODE, "10.0.1.10", 443, HOST, "eu-west-1a"),
        ("xks-eu-west-1b", Role.NODE, "10.0.2.10", 443, HOST, "eu-west-1b"),
        ("192.168.1.5", Role.BACKEND, "192.168.1.5", 443, HOST, "all"),
        ("192.168.1.6", Role.BACKEND, "192.168.1.6", 443, HOST, "all"),
    ]


def test_if_interfaces_are_unreadable_the_load_balancers_zone_addresses_are_used() -> None:
    zones = tuple(replace(zone, address=f"10.9.9.{n}") for n, zone in enumerate(BALANCER.zones))
    nodes = [t.host for t in found(with_balancer(nodes=DENIED, zones=zones)) if t.role is Role.NODE]
    assert nodes == ["10.9.9.0", "10.9.9.1"]


def test_each_load_balancer_of_the_service_is_probed() -> None:
    second = replace(BALANCER, name="net/other", nodes=BALANCER.nodes[:1], target_groups=())  # type: ignore[index]
    account = replace(ACCOUNT, load_balancers=(BALANCER, second))
    # One address is one node, with the name that was found first.
    assert sum(t.role is Role.NODE for t in found(account)) == 2
    moved = replace(second, nodes=(replace(BALANCER.nodes[0], address="10.0.3.10"),))  # type: ignore[index]
    names = [t.name for t in found(replace(ACCOUNT, load_balancers=(BALANCER, moved)))]
    assert "other-eu-west-1a" in names


def test_the_port_is_part_of_the_name_and_draining_targets_are_left_out() -> None:
    group = replace(
        GROUP,
        targets=(
            RegisteredTarget(id="192.168.1.5", port=8443, state="healthy"),
            RegisteredTarget(id="192.168.1.6", port=443, state="draining"),
            RegisteredTarget(id="i-0123456789", port=443, state="healthy"),
            RegisteredTarget(id="192.168.1.7", port=None, state="initial"),
            RegisteredTarget(
                id="192.168.1.8", port=443, state="unhealthy.draining"
            ),  # registered, but failed
        ),
    )
    names = [t.name for t in found(with_balancer(target_groups=(group,))) if t.role is Role.BACKEND]
    assert names == ["192.168.1.5:8443", "192.168.1.7", "192.168.1.8"]


def test_secondary_addresses_are_not_probed_because_nodes_accept_no_connections_there() -> None:
    nodes = tuple(replace(each, secondary=("10.0.1.11", "10.0.1.12")) for each in BALANCER.nodes)  # type: ignore[union-attr]
    assert found(with_balancer(nodes=nodes)) == found()


def test_only_target_groups_behind_port_443_are_probed() -> None:
    other = replace(GROUP, arn="arn:other", targets=(replace(TARGETS[0], id="192.168.9.9"),))
    account = with_balancer(target_groups=(GROUP, other))
    assert "192.168.9.9" not in [t.host for t in found(account)]
    unreadable = with_balancer(target_groups=(GROUP, other), listeners=DENIED)
    assert "192.168.9.9" in [t.host for t in found(unreadable)]
    assert [t.role for t in found(with_balancer(listeners=(replace(LISTENER, port=80),)))] == [Role.NODE] * 2


def test_backends_behind_tls_termination_or_proxy_protocol_get_only_tcp_checks() -> None:
    tls_terminated = with_balancer(listeners=(replace(LISTENER, protocol="TLS"),))
    with_proxy_protocol = with_balancer(
        target_groups=(replace(GROUP, attributes={"proxy_protocol_v2.enabled": "true"}),)
    )
    for account in (tls_terminated, with_proxy_protocol):
        checks = {t.role: [plan.check for plan in t.plans] for t in found(account)}
        assert checks == {Role.NODE: [Check.TCP, Check.TLS], Role.BACKEND: [Check.TCP]}


def test_configured_targets_are_kept_if_there_are_too_many() -> None:
    many = tuple(replace(TARGETS[0], id=f"192.168.{n // 250}.{n % 250}") for n in range(MAX_DISCOVERED + 50))
    account = with_balancer(target_groups=(replace(GROUP, targets=many),))
    kept = found(account, named("hsm.example.com", role=Role.KEY_MANAGER))
    assert len(kept) == MAX_DISCOVERED
    assert kept[-1].host == "hsm.example.com"


def test_any_number_of_configured_targets_is_probed_without_an_account() -> None:
    manager = named("hsm.example.com", 9000, Role.KEY_MANAGER)
    kept = found(None, named("10.1.1.1"), named("10.1.1.1"), manager)
    assert [(t.name, t.role, t.server_name) for t in kept] == [
        ("10.1.1.1", Role.BACKEND, HOST),
        ("hsm.example.com:9000", Role.KEY_MANAGER, None),
    ]
    assert [plan.check for plan in kept[1].plans] == [Check.TCP]
    assert len(found(None, *(named(f"10.1.{n // 250}.{n % 250}") for n in range(500)))) == 500


def test_names_are_unique() -> None:
    same_host = found(None, named("10.1.0.1"), named("10.1.0.1", role=Role.NODE))
    assert [t.name for t in same_host] == ["10.1.0.1", "10.1.0.1#2"]


def test_a_configured_and_discovered_target_has_the_configured_name_and_plans() -> None:
    typed = Target(name="mine", role=Role.NODE, host="10.0.1.10", plans=PLANS[:1])
    node = found(ACCOUNT, typed)[0]
    assert (node.name, node.plans, node.zone, node.server_name) == ("mine", PLANS[:1], "eu-west-1a", HOST)
    assert len(found(ACCOUNT, typed)) == len(found())
    elsewhere = replace(typed, host="10.0.9.9")
    assert "10.0.9.9" in {t.host for t in found(ACCOUNT, elsewhere)}


def test_several_key_stores_have_their_own_targets_and_regions_belong_to_none() -> None:
    stores = [StoreTargets(spec=replace(SPEC, id=id_), account=ACCOUNT) for id_ in ("cks-1", "cks-2")]
    region = Target(name="region-eu-west-1", role=Role.REGION, host="kms.example.com")
    targets = targets_of(stores, [region], dict.fromkeys(Role, PLANS))
    assert len({t.identity for t in targets}) == len({t.name for t in targets}) == len(targets) == 9
    assert [t.key_store for t in targets] == ["cks-1"] * 4 + ["cks-2"] * 4 + [""]


def test_a_public_proxy_is_probed_by_its_name() -> None:
    public = replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None)
    (target,) = targets_for(public, None)
    assert (target.role, target.host, target.server_name) == (Role.PROXY, HOST, HOST)


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nX: y",
        "proxy.example.com\x00",
        "münchen.example",
        "x" * 64 + ".example.com",
        "10.0.0.1",
        "a b.example",
    ],
)
def test_an_invalid_name_is_never_used_as_a_server_name(name: str) -> None:
    """A server name is sent in the ClientHello and in the Host header of a request."""
    spec = replace(SPEC, uri_endpoint=f"https://{name}")
    assert {t.server_name for t in targets_for(spec, ACCOUNT)} == {None}
    assert targets_for(replace(spec, connectivity=PUBLIC_CONNECTIVITY), None) == ()
