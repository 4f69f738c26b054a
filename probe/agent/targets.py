"""From an account and what KMS would be told to what can be probed: nodes, targets, names. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from probe.model.account import (
    Account,
    LoadBalancer,
    TargetGroup,
    Unavailable,
    known,
    known_items,
)
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, Plan, Role, Target
from probe.wire.hostport import check_name, is_ipv4

MOST_TARGETS = 64
HTTPS_PORT = 443
_PROXY_PROTOCOL = "proxy_protocol_v2.enabled"
_GONE = frozenset({"draining", "unhealthy.draining"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address that the user names: a target behind the load balancer, or a key manager."""

    host: str
    port: int = HTTPS_PORT
    role: Role = Role.BACKEND


def targets_of(
    spec: KeyStoreSpec, account: Account | None, places: Iterable[Place], plans: tuple[Plan, ...]
) -> tuple[Target, ...]:
    """What to probe, each name once: every node of every load balancer, every target, what the user names.

    Each is connected to by its address, with the private DNS name as server name: the name does not resolve
    in the provider's own VPC. A public endpoint is probed by its name. A target to which the load balancer
    speaks otherwise than KMS does is connected to, no more. Of too many those are left out that nobody named.
    """
    otherwise = frozenset(_otherwise(account))

    def speaks_tls(target: Target) -> bool:
        """What a key manager speaks is not known."""
        return target.role is not Role.KEY_MANAGER and (target.host, target.port) not in otherwise

    found = {_key(target): target for target in (*_public(spec), *_discovered(account))}
    named = {_key(target): target for target in _named(places)}
    unseen = {key: target for key, target in named.items() if key not in found}
    chosen = (*list(found.values())[: max(0, MOST_TARGETS - len(unseen))], *unseen.values())
    host = _server_name(spec)
    return tuple(
        replace(
            target,
            name=name,
            server_name=None if target.role is Role.KEY_MANAGER else host,
            key_store=spec.id,
            plans=tuple(plan for plan in plans if plan.check is Check.TCP or speaks_tls(target)),
        )
        for name, target in _unique(chosen[:MOST_TARGETS])
    )


def _key(target: Target) -> tuple[Role, str, int]:
    return target.role, target.host, target.port


def _otherwise(account: Account | None) -> Iterator[tuple[str, int]]:
    """The targets that get no TLS of KMS's: a TLS listener ends it, the PROXY protocol comes before it."""
    if account is None or isinstance(account.load_balancers, Unavailable):
        return
    for balancer in account.load_balancers:
        listeners = known(balancer.listeners)
        ended = {arn for each in listeners if each.protocol == "TLS" for arn in each.target_group_arns}
        for group in balancer.forwarded_groups:
            attributes = known_items(group.attributes)
            if group.arn in ended or attributes.get(_PROXY_PROTOCOL) == "true":
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
    if account is None or isinstance(account.load_balancers, Unavailable):
        return
    for balancer in account.load_balancers:
        yield from _nodes(balancer)
    for balancer in account.load_balancers:
        yield from _backends(balancer)


def _nodes(balancer: LoadBalancer) -> Iterator[Target]:
    """Its interfaces; where these can't be seen, the addresses that the load balancer itself gives."""
    interfaces = known(balancer.nodes)
    by_interface = tuple((node.address, node.zone) for node in interfaces)
    by_zone = tuple((zone.address or "", zone.zone) for zone in balancer.zones)
    name = balancer.name.rpartition("/")[2]
    for address, zone in by_interface or by_zone:
        if is_ipv4(address):
            yield Target(name=f"{name}-{zone or address}", role=Role.NODE, host=address, zone=zone)


def _backends(balancer: LoadBalancer) -> Iterator[Target]:
    for group in balancer.forwarded_groups:
        yield from _of_group(group)


def _of_group(group: TargetGroup) -> Iterator[Target]:
    registered = known(group.targets)
    for each in registered:
        port = each.port or group.port or HTTPS_PORT
        if group.target_type == "ip" and each.state not in _GONE and is_ipv4(each.id):
            name = each.id if port == HTTPS_PORT else f"{each.id}:{port}"
            yield Target(name=name, role=Role.BACKEND, host=each.id, port=port, zone=each.zone or "")


def _named(places: Iterable[Place]) -> Iterator[Target]:
    for place in places:
        name = place.host if place.port == HTTPS_PORT else f"{place.host}:{place.port}"
        yield Target(name=name, role=place.role, host=place.host, port=place.port)


def _unique(targets_: Iterable[Target]) -> Iterator[tuple[str, Target]]:
    """Names as they are, a second one of the same with its number."""
    counts: dict[str, int] = {}
    for target in targets_:
        counts[target.name] = counts.get(target.name, 0) + 1
        count = counts[target.name]
        yield (target.name if count == 1 else f"{target.name}#{count}"), target
