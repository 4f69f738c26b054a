"""Whether AWS keeps out this agent, but not KMS. Pure.

Connections through PrivateLink pass the load balancer's security groups if enforcement is off, and reach the
targets from the load balancer's own address, even with client IP preservation. The agent's connections to a
node do neither. A security group drops what it does not admit, so the agent's connections time out.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address

from probe.model.account import (
    KMS_PORT,
    Account,
    LoadBalancer,
    RegisteredTarget,
    SecurityGroup,
    TargetGroup,
    known,
)
from probe.model.evidence import Evidence
from probe.model.targets import Role, Target
from probe.requirements.evidence.account import load_balancers_of
from probe.requirements.evidence.security_groups import exclude
from probe.requirements.wording import listed

_NOT_KMS = "this does not keep KMS out"


def why_shut_out(evidence: Evidence, target: Target) -> str:
    """The cause, and what to admit in order to measure; "" unless the rules as read exclude this agent."""
    if target.role is Role.BACKEND:
        return _at_backend(evidence, target)
    source = evidence.source_addresses.get(target.host)
    if evidence.account is None or source is None:
        return ""
    for balancer in load_balancers_of(evidence):
        if target.host in _addresses(balancer):
            return _at_node(evidence.account, balancer, IPv4Address(source))
    return ""


def _addresses(balancer: LoadBalancer) -> Iterator[str]:
    yield from (node.address for node in known(balancer.nodes))
    yield from (zone.address for zone in balancer.zones if zone.address)


def _at_node(account: Account, balancer: LoadBalancer, source: IPv4Address) -> str:
    own = _found(account, balancer.security_groups)
    if own and balancer.enforces_inbound_rules is False and exclude(own, KMS_PORT, source):
        return (
            f"the load balancer's security groups do not admit this agent ({source}); they are not "
            f"enforced on PrivateLink traffic, so {_NOT_KMS}. To measure from here, allow TCP {KMS_PORT} "
            f"from {source}/32 in {_ids(own)}"
        )
    targets = tuple(_connected_targets(balancer))
    groups = [_found(account, target.security_groups) for _, target in targets]
    if targets and all(
        group.preserves_client_address and own and exclude(own, _port(group, target), source)
        for (group, target), own in zip(targets, groups, strict=True)
    ):
        every = tuple({each.id: each for own in groups for each in own}.values())
        return (
            f"the targets see the client's address, and their security groups do not admit this agent "
            f"({source}); connections through PrivateLink have the load balancer's address, so {_NOT_KMS}. "
            f"To measure from here, allow the targets' port from {source}/32 in {_ids(every)}"
        )
    return ""


def _connected_targets(balancer: LoadBalancer) -> Iterator[tuple[TargetGroup, RegisteredTarget]]:
    """The targets that may get connections."""
    for group in balancer.forwarded_groups:
        yield from ((group, each) for each in known(group.targets) if each.state != "draining")


def _port(group: TargetGroup, target: RegisteredTarget) -> int:
    return target.port or group.port or KMS_PORT


def _found(account: Account, ids: tuple[str, ...]) -> tuple[SecurityGroup, ...]:
    """The groups; none if one of them was not read."""
    found = tuple(each for each in known(account.security_groups) if each.id in ids)
    return found if len(found) == len(set(ids)) else ()


def _ids(groups: tuple[SecurityGroup, ...]) -> str:
    return listed(tuple(each.id for each in groups))


def _at_backend(evidence: Evidence, target: Target) -> str:
    """A backend that the load balancer reaches, where each node is known to keep this agent out."""
    nodes = [each for each in evidence.targets if each.role is Role.NODE]
    healthy = any(
        each.id == target.host and each.state == "healthy"
        for balancer in load_balancers_of(evidence)
        for _, each in _connected_targets(balancer)
    )
    if not healthy or not nodes or not all(why_shut_out(evidence, node) for node in nodes):
        return ""
    return "the load balancer's health check reaches it, so it may admit only the load balancer"
