"""Keeps the last good value of each fact that cannot be read at the moment, for a limited time. Pure.

An audit in which a call failed has an `Unavailable` part. Until the last good value is 15 minutes old, it
stands in for that part; then the part is unknown, with the reason of the newest audit. So no fact is frozen.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from probe.model.account import (
    Account,
    ApiErrorKind,
    EndpointService,
    LoadBalancer,
    RegisteredTarget,
    TargetGroup,
    Unavailable,
    Vpc,
)
from probe.model.facts import DomainFacts, RecordState

KEPT_S = 900.0
_Part = TypeVar("_Part")
_Item = TypeVar("_Item")
# States of a DNS query that say nothing about the record.
_UNANSWERED = frozenset(
    {
        RecordState.SERVER_FAILURE,
        RecordState.TIMED_OUT,
        RecordState.UNREACHABLE,
        RecordState.MALFORMED_RESPONSE,
    }
)


def unread(region: str, at_s: float, because: str) -> Account:
    """An account of which nothing was read."""
    nothing = Unavailable(call="sts:GetCallerIdentity", because=because, cause=ApiErrorKind.NOT_ASKED)
    return Account(
        region=region,
        taken_at_s=at_s,
        id=nothing,
        key_stores=nothing,
        service=nothing,
        services=nothing,
        principals=nothing,
        connections=nothing,
        load_balancers=nothing,
        vpcs=nothing,
        security_groups=nothing,
        metrics=nothing,
    )


def within(audits: Sequence[Account], now_s: float) -> tuple[Account, ...]:
    """The audits that are not too old."""
    return tuple(each for each in audits if now_s - each.taken_at_s <= KEPT_S)


def current(audits: Sequence[Account], now_s: float) -> Account | None:
    """The newest audit, with unread parts from earlier ones; ``audits`` are newest first.

    ``taken_at_s`` is the time of the oldest audit of which a part is used.
    """
    if not audits:
        return None
    kept = within(audits, now_s)
    if not kept:
        return unread(audits[0].region, audits[0].taken_at_s, "no audit has ended for 15 minutes")
    account = kept[-1]
    for newer in reversed(kept[:-1]):
        account = over(newer, account)
    return account


def over(new: Account, old: Account | None) -> Account:
    """``new``, with its unread parts from ``old``."""
    if old is None:
        return new
    filled = replace(
        new,
        id=_part(new.id, old.id),
        key_stores=_part(new.key_stores, old.key_stores),
        services=_part(new.services, old.services),
        metrics=_part(new.metrics, old.metrics),
    )
    if _has_lost_its_service(new) and isinstance(old.service, EndpointService):
        filled = _with_service_of(old, filled)
    elif _service_name(new) == _service_name(old):
        filled = _with_parts_of_service(filled, old)
    return filled if filled == new else replace(filled, taken_at_s=old.taken_at_s)


def _has_lost_its_service(account: Account) -> bool:
    """Whether the service, or what chooses it, could not be read.

    Without this account's list of services, AWS returns at most the view of a consumer: no load balancers.
    """
    service = account.service
    if isinstance(service, EndpointService):
        return isinstance(account.services, Unavailable) and not service.is_owner_view
    is_unread = isinstance(account.key_stores, Unavailable) or isinstance(account.services, Unavailable)
    return isinstance(service, Unavailable) or is_unread


def _service_name(account: Account) -> str | None:
    return account.service.name if isinstance(account.service, EndpointService) else None


def _with_service_of(old: Account, account: Account) -> Account:
    return replace(
        account,
        service=old.service,
        principals=old.principals,
        connections=old.connections,
        load_balancers=old.load_balancers,
        vpcs=old.vpcs,
        security_groups=old.security_groups,
    )


def _with_parts_of_service(account: Account, old: Account) -> Account:
    return replace(
        account,
        principals=_part(account.principals, old.principals),
        connections=_part(account.connections, old.connections),
        load_balancers=_each(account.load_balancers, old.load_balancers, _arn, _balancer),
        vpcs=_each(account.vpcs, old.vpcs, _vpc_id, _vpc),
        security_groups=_part(account.security_groups, old.security_groups),
    )


def _part(new: _Part, old: _Part) -> _Part:
    return old if isinstance(new, Unavailable) and not isinstance(old, Unavailable) else new


def _each(
    new: tuple[_Item, ...] | Unavailable,
    old: tuple[_Item, ...] | Unavailable,
    key: Callable[[_Item], object],
    fill: Callable[[_Item, _Item], _Item],
) -> tuple[_Item, ...] | Unavailable:
    """The part, each of its items filled by the old item with the same key."""
    if isinstance(new, Unavailable) or isinstance(old, Unavailable):
        return _part(new, old)
    before = {key(each): each for each in old}
    return tuple(fill(each, before[key(each)]) if key(each) in before else each for each in new)


def _arn(of: LoadBalancer | TargetGroup) -> str:
    return of.arn


def _vpc_id(of: Vpc) -> str:
    return of.id


def _target_key(of: RegisteredTarget) -> tuple[str, int | None]:
    return of.id, of.port


def _balancer(new: LoadBalancer, old: LoadBalancer) -> LoadBalancer:
    return replace(
        new,
        attributes=_part(new.attributes, old.attributes),
        listeners=_part(new.listeners, old.listeners),
        target_groups=_each(new.target_groups, old.target_groups, _arn, _group),
        nodes=_part(new.nodes, old.nodes),
    )


def _group(new: TargetGroup, old: TargetGroup) -> TargetGroup:
    return replace(
        new,
        attributes=_part(new.attributes, old.attributes),
        targets=_each(new.targets, old.targets, _target_key, _target),
    )


def _target(new: RegisteredTarget, old: RegisteredTarget) -> RegisteredTarget:
    """What was read beside the target's health, if only that is missing."""
    if new.unread is None or old.unread is not None:
        return new
    return replace(
        new,
        zone=new.zone or old.zone,
        address=old.address,
        security_groups=old.security_groups,
        balancer=old.balancer,
        unread=None,
    )


def _vpc(new: Vpc, old: Vpc) -> Vpc:
    return replace(
        new,
        cidrs=_part(new.cidrs, old.cidrs),
        dns_support=_part(new.dns_support, old.dns_support),
        dns_hostnames=_part(new.dns_hostnames, old.dns_hostnames),
        subnets=_part(new.subnets, old.subnets),
        route_tables=_part(new.route_tables, old.route_tables),
        network_acls=_part(new.network_acls, old.network_acls),
    )


def current_domain(new: DomainFacts, old: DomainFacts | None, now_s: float) -> DomainFacts:
    """``new``; if no name server answered, ``old``, if it is about the same record and not too old."""
    if _is_answered(new) or old is None or now_s - old.taken_at_s > KEPT_S:
        return new
    is_same = (old.private_dns_name, old.expected_value) == (new.private_dns_name, new.expected_value)
    return old if is_same and _is_answered(old) else new


def _is_answered(domain: DomainFacts) -> bool:
    answered = [each for each in domain.seen if each.state not in _UNANSWERED]
    return domain.is_public is not None and (not domain.seen or bool(answered))
