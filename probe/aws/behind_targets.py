"""Reads what stands behind registered targets: instances, interfaces, and Application Load Balancers.

DescribeTargetHealth has zones of addresses only, and nothing about a load balancer's own targets. Most
accounts have only addresses, and then nothing more is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from probe.aws.calls import Answer, action
from probe.model.account import (
    ApiErrorKind,
    LoadBalancer,
    RegisteredTarget,
    SecurityGroup,
    TargetGroup,
    TargetHost,
    Unavailable,
    known,
)
from probe.wire import account as read
from probe.wire import account_network as read_network
from probe.wire.hostport import is_ipv4

MAX_HOSTS = 200  # EC2's limit of values per filter
MAX_ALBS = 4
MAX_ALB_GROUPS = 16
_ALBS = "elasticloadbalancing:DescribeLoadBalancers"
Call = tuple[str, str, Mapping[str, Any]]
Ask = Callable[..., list[Answer]]
Hosts = Mapping[str, TargetHost]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Behind:
    """The answers: hosts by id, load balancers by ARN, and the failed call of what is not among them."""

    hosts: Hosts
    hosts_failed: Unavailable | None
    albs: Mapping[str, LoadBalancer]
    albs_failed: Unavailable | None
    zones: Mapping[str, str]  # by subnet


def completed(
    balancers: tuple[LoadBalancer, ...], zones: Mapping[str, str], ask: Ask
) -> tuple[tuple[LoadBalancer, ...], tuple[SecurityGroup, ...]]:
    """The load balancers with what stands behind their targets, and the security groups of the hosts.

    ``zones`` are those of the VPC's subnets. ``ask`` makes calls in parallel, as `audit` does.
    """
    instances, addresses, arns = _wanted(balancers)
    vpc_ids = list(dict.fromkeys(each.vpc_id for each in balancers if each.vpc_id))
    calls = (*_about_hosts(instances, addresses, vpc_ids), *_about_albs(arns))
    if not calls:
        return balancers, ()
    answers = ask(*calls)
    of_hosts = len(calls) - len(_about_albs(arns))
    hosts, hosts_failed = _hosts(calls[:of_hosts], answers[:of_hosts])
    albs, albs_failed = _albs(arns, answers[of_hosts:])
    group_arns = [group.arn for alb in albs for group in known(alb.target_groups)][:MAX_ALB_GROUPS]
    group_ids = sorted({id_ for host in hosts for id_ in host.security_groups})[:MAX_HOSTS]
    second = (*_health_calls(group_arns), *_group_calls(group_ids))
    more = ask(*second) if second else []
    behind = _Behind(
        hosts={host.id: host for host in hosts},
        hosts_failed=hosts_failed,
        albs={alb.arn: _with_health(alb, dict(zip(group_arns, more, strict=False))) for alb in albs},
        albs_failed=albs_failed,
        zones=zones,
    )
    groups = _security_groups(more[len(group_arns) :])
    return tuple(_balancer(each, behind) for each in balancers), groups


def _wanted(balancers: Iterable[LoadBalancer]) -> tuple[list[str], list[str], list[str]]:
    """The ids of instances, the addresses whose security groups matter, and the ARNs of load balancers."""
    instances, addresses, arns = dict[str, None](), dict[str, None](), dict[str, None]()
    for group in (group for each in balancers for group in known(each.target_groups)):
        wanted = {"instance": instances, "alb": arns}.get(group.target_type)
        if wanted is None and group.preserves_client_address:
            wanted = addresses
        if wanted is not None:
            wanted.update(dict.fromkeys(each.id for each in known(group.targets)))
    return (
        list(instances)[:MAX_HOSTS],
        list(filter(is_ipv4, addresses))[:MAX_HOSTS],
        list(arns)[:MAX_ALBS],
    )


def _about_hosts(
    instances: Sequence[str], addresses: Sequence[str], vpc_ids: Sequence[str]
) -> tuple[Call, ...]:
    """By filters: an id that no longer exists makes a call by ids fail for all of them."""

    def by(**filters: Sequence[str]) -> Mapping[str, Any]:
        return {"Filters": [{"Name": n.replace("_", "-"), "Values": list(v)} for n, v in filters.items()]}

    found: list[Call] = []
    if instances:
        found.append(("ec2", "DescribeInstances", by(instance_id=instances)))
    if addresses and vpc_ids:
        about = by(vpc_id=vpc_ids, private_ip_address=addresses)
        found.append(("ec2", "DescribeNetworkInterfaces", about))
    return tuple(found)


def _about_albs(arns: Sequence[str]) -> tuple[Call, ...]:
    if not arns:
        return ()
    return (
        ("elbv2", "DescribeLoadBalancers", {"LoadBalancerArns": list(arns)}),
        *(("elbv2", "DescribeTargetGroups", {"LoadBalancerArn": arn}) for arn in arns),
    )


def _health_calls(group_arns: Sequence[str]) -> tuple[Call, ...]:
    return tuple(("elbv2", "DescribeTargetHealth", {"TargetGroupArn": arn}) for arn in group_arns)


def _group_calls(group_ids: Sequence[str]) -> tuple[Call, ...]:
    return (("ec2", "DescribeSecurityGroups", {"GroupIds": list(group_ids)}),) if group_ids else ()


def _hosts(
    calls: Sequence[Call], answers: Sequence[Answer]
) -> tuple[tuple[TargetHost, ...], Unavailable | None]:
    found: list[TargetHost] = []
    failed: Unavailable | None = None
    for call, answer in zip(calls, answers, strict=True):
        of_instances = call[1] == "DescribeInstances"
        key = "Reservations" if of_instances else "NetworkInterfaces"
        reader = read_network.instances if of_instances else read_network.interface_hosts
        part = read.each(answer, key, action(*call[:2]), reader)
        if isinstance(part, Unavailable):
            failed = part if of_instances else failed
        else:
            found += [host for hosts in part for host in hosts]
    return tuple(found), failed


def _albs(
    arns: Sequence[str], answers: Sequence[Answer]
) -> tuple[tuple[LoadBalancer, ...], Unavailable | None]:
    if not arns:
        return (), None
    found = read.each(answers[0], "LoadBalancers", _ALBS, read.load_balancer)
    if isinstance(found, Unavailable):
        return (), found
    named = "elasticloadbalancing:DescribeTargetGroups"
    groups = {
        arn: read.each(answer, "TargetGroups", named, read.target_group)
        for arn, answer in zip(arns, answers[1:], strict=True)
    }
    return tuple(replace(each, target_groups=groups[each.arn]) for each in found if each.arn in groups), None


def _with_health(alb: LoadBalancer, health: Mapping[str, Answer]) -> LoadBalancer:
    """The load balancer with the targets of its groups."""
    if isinstance(alb.target_groups, Unavailable):
        return alb
    named = "elasticloadbalancing:DescribeTargetHealth"
    too_many = Unavailable(call=named, because="too many target groups", cause=ApiErrorKind.NOT_ASKED)

    def targets(group: TargetGroup) -> tuple[RegisteredTarget, ...] | Unavailable:
        answer = health.get(group.arn, too_many)
        return read.each(answer, "TargetHealthDescriptions", named, read.registered_target)

    groups = tuple(replace(group, targets=targets(group)) for group in alb.target_groups)
    return replace(alb, target_groups=groups)


def _security_groups(answers: Sequence[Answer]) -> tuple[SecurityGroup, ...]:
    """Those that could be read: a missing one only leaves open whether it keeps this agent out."""
    named = "ec2:DescribeSecurityGroups"
    return tuple(
        group
        for answer in answers
        for group in known(read.each(answer, "SecurityGroups", named, read_network.security_group))
    )


def _balancer(balancer: LoadBalancer, behind: _Behind) -> LoadBalancer:
    if isinstance(balancer.target_groups, Unavailable):
        return balancer
    groups = (
        group
        if isinstance(group.targets, Unavailable)
        else replace(group, targets=tuple(_targets(group, behind)))
        for group in balancer.target_groups
    )
    return replace(balancer, target_groups=tuple(groups))


def _targets(group: TargetGroup, behind: _Behind) -> Iterator[RegisteredTarget]:
    for target in known(group.targets):
        match group.target_type:
            case "instance":
                yield _of_instance(target, behind)
            case "alb":
                alb = behind.albs.get(target.id)
                yield replace(target, balancer=alb, unread=None if alb else behind.albs_failed)
            case _:
                host = behind.hosts.get(target.id)
                yield replace(target, security_groups=host.security_groups) if host else target


def _of_instance(target: RegisteredTarget, behind: _Behind) -> RegisteredTarget:
    host = behind.hosts.get(target.id)
    if host is None:
        return replace(target, unread=behind.hosts_failed)
    return replace(
        target,
        zone=target.zone or behind.zones.get(host.subnet_id) or host.zone or None,
        address=host.address,
        security_groups=host.security_groups,
    )
