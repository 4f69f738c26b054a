"""Derives the targets from the AWS accounts and the settings: nodes, backends, and configured targets. Pure.

A configured and a discovered target with the same role, host and port are merged: the configured name and
plans win, and a configured target is kept even if AWS does not list it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from probe.model.account import Account, LoadBalancer, TargetGroup, known, known_items
from probe.model.kinds import ROLES
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.wire.hostport import check_name, is_ipv4

MAX_DISCOVERED = 64
HTTPS_PORT = 443
_PROXY_PROTOCOL = "proxy_protocol_v2.enabled"
_GONE = "draining"  # it is being deregistered; unhealthy.draining is a registered target that failed
# Checks that make no sense for a backend whose TLS session would not be with KMS.
_TLS_CHECKS = frozenset({Check.TLS, Check.HEALTH_COLD})
Plans = Mapping[Role, tuple[PlannedCheck, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTargets:
    """The sources of one key store's targets: ``configured`` by the user, discovered in ``account``."""

    spec: KeyStoreSpec
    account: Account | None = None
    configured: tuple[Target, ...] = ()


def targets_of(stores: Iterable[StoreTargets], others: Iterable[Target], plans: Plans) -> tuple[Target, ...]:
    """All targets, with unique names: each store's nodes and backends, configured targets, and ``others``.

    Probes connect to an address and send the private DNS name as server name, because that name does not
    resolve in the provider's own VPC. A public endpoint is probed by its name. A backend that does not get
    KMS's TLS connections unchanged gets only TCP checks. ``plans`` are for discovered targets.
    """
    found = [target for store in stores for target in _of_store(store, plans)]
    return tuple(_unique((*found, *others)))


def _of_store(store: StoreTargets, plans: Plans) -> Iterator[Target]:
    """Discovered targets first, up to the limit; configured targets are always included."""
    host = _server_name(store.spec)
    without_tls = frozenset(_without_tls_of_kms(store.account))
    configured = {_key(target): target for target in store.configured}
    listed = {_key(target): target for target in (*_public(store.spec), *_discovered(store.account))}
    unlisted = [target for key, target in configured.items() if key not in listed]
    room = max(0, MAX_DISCOVERED - len(unlisted))
    discovered = [
        _merged(configured.get(key), target) or replace(target, plans=plans.get(target.role, ()))
        for key, target in list(listed.items())[:room]
    ]
    for target in (*discovered, *unlisted):
        name = target.server_name or (host if ROLES[target.role].is_on_path else None)
        only_tcp = (target.host, target.port) in without_tls
        yield replace(
            target,
            server_name=name,
            key_store=store.spec.id,
            plans=tuple(plan for plan in target.plans if not (only_tcp and plan.check in _TLS_CHECKS)),
        )


def _merged(configured: Target | None, listed: Target) -> Target | None:
    """The configured target, with AWS's zone if no zone is configured."""
    return replace(configured, zone=configured.zone or listed.zone) if configured else None


def _key(target: Target) -> tuple[Role, str, int]:
    return target.role, target.host, target.port


def _without_tls_of_kms(account: Account | None) -> Iterator[tuple[str, int]]:
    """Backends behind a TLS listener, which terminates KMS's TLS, or with a PROXY protocol header."""
    for balancer in _balancers(account):
        listeners = known(balancer.listeners)
        terminated = {arn for each in listeners if each.protocol == "TLS" for arn in each.target_group_arns}
        for group in balancer.forwarded_groups:
            if group.arn in terminated or known_items(group.attributes).get(_PROXY_PROTOCOL) == "true":
                yield from ((target.host, target.port) for target in _of_group(group))


def _server_name(spec: KeyStoreSpec) -> str | None:
    """The host, if it is a valid name for a ClientHello and a Host header; AWS's or the user's may not be."""
    try:
        return check_name(spec.host or "")
    except ValueError:
        return None


def _public(spec: KeyStoreSpec) -> Iterator[Target]:
    host = _server_name(spec)
    if spec.is_public and host:
        yield Target(name=host, role=Role.PROXY, host=host)


def _discovered(account: Account | None) -> Iterator[Target]:
    for balancer in _balancers(account):
        yield from _nodes(balancer)
    for balancer in _balancers(account):
        for group in balancer.forwarded_groups:
            yield from _of_group(group)


def _balancers(account: Account | None) -> tuple[LoadBalancer, ...]:
    return known(account.load_balancers) if account else ()


def _nodes(balancer: LoadBalancer) -> Iterator[Target]:
    """The load balancer's network interfaces; if these are unreadable, the addresses in its zones."""
    by_interface = tuple((node.address, node.zone) for node in known(balancer.nodes))
    by_zone = tuple((zone.address or "", zone.zone) for zone in balancer.zones)
    name = balancer.name.rpartition("/")[2]
    for address, zone in by_interface or by_zone:
        if is_ipv4(address):
            yield Target(name=f"{name}-{zone or address}", role=Role.NODE, host=address, zone=zone)


def _of_group(group: TargetGroup) -> Iterator[Target]:
    for each in known(group.targets):
        port = each.port or group.port or HTTPS_PORT
        if group.target_type == "ip" and each.state != _GONE and is_ipv4(each.id):
            yield Target(
                name=name_of(each.id, port), role=Role.BACKEND, host=each.id, port=port, zone=each.zone or ""
            )


def name_of(host: str, port: int) -> str:
    """The default name of a target.

    >>> name_of("10.0.1.5", 443), name_of("10.0.1.5", 8443)
    ('10.0.1.5', '10.0.1.5:8443')
    """
    return host if port == HTTPS_PORT else f"{host}:{port}"


def _unique(targets: Iterable[Target]) -> Iterator[Target]:
    """Makes duplicate names unique by appending a number."""
    counts: dict[str, int] = {}
    for target in targets:
        count = counts[target.name] = counts.get(target.name, 0) + 1
        yield target if count == 1 else replace(target, name=f"{target.name}#{count}")
