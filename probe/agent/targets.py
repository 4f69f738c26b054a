"""From settings and accounts to what is probed: nodes, targets, what the user names. Pure.

Typed and discovered targets are united by `Target.identity`: a typed one's name and plans win, and it stays
though AWS does not list it.
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
_GONE = frozenset({"draining", "unhealthy.draining"})
# Without TLS, or where it would not be KMS's, these say nothing.
_SPEAK_TLS = frozenset({Check.TLS, Check.HEALTH_COLD})
Plans = Mapping[Role, tuple[PlannedCheck, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTargets:
    """What there is to probe for one key store: ``typed`` by its user, ``account`` is what AWS says."""

    spec: KeyStoreSpec
    account: Account | None = None
    typed: tuple[Target, ...] = ()


def targets_of(stores: Iterable[StoreTargets], others: Iterable[Target], plans: Plans) -> tuple[Target, ...]:
    """What to probe, each name once: each store's nodes and backends, what the user names, and ``others``.

    Each is connected to by its address, with the private DNS name as server name: the name does not resolve
    in the provider's own VPC. A public endpoint is probed by its name. A target to which the load balancer
    speaks otherwise than KMS does is connected to, no more. ``plans`` are for what is discovered.
    """
    found = [target for store in stores for target in _of_store(store, plans)]
    return tuple(_unique((*found, *others)))


def _of_store(store: StoreTargets, plans: Plans) -> Iterator[Target]:
    """Discovered ones first, so many as there is room for beside those that the user names."""
    host = _server_name(store.spec)
    otherwise = frozenset(_otherwise(store.account))
    typed = {_key(target): target for target in store.typed}
    seen = {_key(target): target for target in (*_public(store.spec), *_discovered(store.account))}
    unseen = [target for key, target in typed.items() if key not in seen]
    room = max(0, MAX_DISCOVERED - len(unseen))
    discovered = [
        _united(typed.get(key), target) or replace(target, plans=plans.get(target.role, ()))
        for key, target in list(seen.items())[:room]
    ]
    for target in (*discovered, *unseen):
        name = target.server_name or (host if ROLES[target.role].is_on_path else None)
        shut = (target.host, target.port) in otherwise
        yield replace(
            target,
            server_name=name,
            key_store=store.spec.id,
            plans=tuple(plan for plan in target.plans if not (shut and plan.check in _SPEAK_TLS)),
        )


def _united(typed: Target | None, seen: Target) -> Target | None:
    """What the user says wins; the zone is AWS's where the user says none."""
    return replace(typed, zone=typed.zone or seen.zone) if typed else None


def _key(target: Target) -> tuple[Role, str, int]:
    return target.role, target.host, target.port


def _otherwise(account: Account | None) -> Iterator[tuple[str, int]]:
    """The targets that get no TLS of KMS's: a TLS listener ends it, the PROXY protocol comes before it."""
    for balancer in _balancers(account):
        listeners = known(balancer.listeners)
        ended = {arn for each in listeners if each.protocol == "TLS" for arn in each.target_group_arns}
        for group in balancer.forwarded_groups:
            if group.arn in ended or known_items(group.attributes).get(_PROXY_PROTOCOL) == "true":
                yield from ((target.host, target.port) for target in _of_group(group))


def _server_name(spec: KeyStoreSpec) -> str | None:
    """What can stand in a ClientHello and a Host header; what AWS or a user says need be no name at all."""
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
    """Its interfaces; where these can't be seen, the addresses that the load balancer itself gives."""
    by_interface = tuple((node.address, node.zone) for node in known(balancer.nodes))
    by_zone = tuple((zone.address or "", zone.zone) for zone in balancer.zones)
    name = balancer.name.rpartition("/")[2]
    for address, zone in by_interface or by_zone:
        if is_ipv4(address):
            yield Target(name=f"{name}-{zone or address}", role=Role.NODE, host=address, zone=zone)


def _of_group(group: TargetGroup) -> Iterator[Target]:
    for each in known(group.targets):
        port = each.port or group.port or HTTPS_PORT
        if group.target_type == "ip" and each.state not in _GONE and is_ipv4(each.id):
            yield Target(
                name=name_of(each.id, port), role=Role.BACKEND, host=each.id, port=port, zone=each.zone or ""
            )


def name_of(host: str, port: int) -> str:
    """What a target is called of which nobody says a name.

    >>> name_of("10.0.1.5", 443), name_of("10.0.1.5", 8443)
    ('10.0.1.5', '10.0.1.5:8443')
    """
    return host if port == HTTPS_PORT else f"{host}:{port}"


def _unique(targets: Iterable[Target]) -> Iterator[Target]:
    """Names as they are, a second one of the same with its number."""
    counts: dict[str, int] = {}
    for target in targets:
        count = counts[target.name] = counts.get(target.name, 0) + 1
        yield target if count == 1 else replace(target, name=f"{target.name}#{count}")
