"""Adds to the reason of a verdict how many of the service's load balancers are affected, and what that means.

An interface endpoint uses one of the service's Network Load Balancers, chosen at its first connection, and
stays with it: a fault of one of them is not a share of KMS's requests, but all of them or none.
"""

from collections.abc import Mapping
from dataclasses import replace

from probe.model.account import LoadBalancer, known
from probe.model.evidence import Evidence
from probe.model.targets import Role
from probe.model.verdicts import Outcome, Verdict
from probe.requirements.evidence.account import load_balancers_of

_Names = frozenset[str]


def apply(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts; those with an error that affects some of several load balancers say how many.

    A finding about a node affects its load balancer if each of its nodes violates the requirement. The
    likelihood of the errors stays: one of several is at most *possible* (`entry_points`).
    """
    balancers = load_balancers_of(evidence)
    if len(balancers) < 2:  # noqa: PLR2004
        return verdicts
    subjects = [_subjects(each, evidence) for each in balancers]
    failing = _failing(verdicts)

    def affected(requirement: str) -> int:
        return sum(_is_affected(failing[requirement], *each) for each in subjects)

    def told(verdict: Verdict) -> Verdict:
        if verdict.outcome is not Outcome.VIOLATED or not verdict.kms_errors:
            return verdict
        own = [each for each in subjects if verdict.subject in each[0] | each[1]]
        if not any(_is_affected(failing[verdict.requirement], *each) for each in own):
            return verdict
        count = affected(verdict.requirement)
        return verdict if count == len(balancers) else _with_share(verdict, count, len(balancers))

    return tuple(map(told, verdicts))


def _subjects(balancer: LoadBalancer, evidence: Evidence) -> tuple[_Names, _Names]:
    """The subjects that stand for the whole load balancer, and its nodes."""
    addresses = {node.address for node in known(balancer.nodes)} | {zone.address for zone in balancer.zones}
    nodes = (each for each in evidence.targets if each.role is Role.NODE and each.host in addresses)
    groups = (group.name for group in balancer.forwarded_groups)
    return frozenset({balancer.name, *groups}), frozenset(each.name for each in nodes)


def _failing(verdicts: tuple[Verdict, ...]) -> Mapping[str, _Names]:
    """The subjects that violate each requirement."""
    found: dict[str, set[str]] = {}
    for verdict in verdicts:
        subjects = found.setdefault(verdict.requirement, set())
        if verdict.outcome is Outcome.VIOLATED:
            subjects.add(verdict.subject)
    return {requirement: frozenset(subjects) for requirement, subjects in found.items()}


def _is_affected(failing: _Names, whole: _Names, nodes: _Names) -> bool:
    return bool(failing & whole) or (bool(nodes) and nodes <= failing)


def _with_share(verdict: Verdict, count: int, of: int) -> Verdict:
    because = (
        f"{verdict.because}; this affects {count} of {of} load balancers of the endpoint service: an "
        "interface endpoint uses one of them, chosen at random, and stays with it. So with a chance of "
        f"{count} in {of} KMS always fails, and retries do not help"
    )
    return replace(verdict, because=because)
