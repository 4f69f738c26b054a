"""Whether the load balancer's node in each zone can send to a healthy target."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import (
    Account,
    LoadBalancer,
    LoadBalancerZone,
    RegisteredTarget,
    TargetGroup,
    Unavailable,
    known,
    known_items,
)
from probe.model.evidence import Evidence
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.account import call_failed, of_load_balancers
from probe.requirements.evidence.registered import SHIFTED, UNDECIDED, placed, state_of
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed

_EVERYWHERE = "all"  # the zone of a target outside the VPC: every node sends to it
_CROSS_ZONE = "load_balancing.cross_zone.enabled"


@requirement(
    level=Level.RISK,
    scope=Scope.ACCOUNT,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    traits={Trait.CONFIGURED_PATH},
    source=account_errors.LOAD_BALANCERS,
    remedy=Remedy(
        text="Register a target in each enabled zone, or turn on cross-zone load balancing.",
        console="EC2 > Load Balancers > LOAD-BALANCER > Attributes > Cross-zone load balancing",
        cli="aws elbv2 modify-load-balancer-attributes --region REGION "
        f"--load-balancer-arn LOAD-BALANCER-ARN --attributes Key={_CROSS_ZONE},Value=true",
    ),
)
def every_zone_has_a_healthy_target(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer's node in each zone can send to a healthy target.

    Without cross-zone load balancing, a node sends only to targets in its own zone and to targets outside the
    VPC. An instance is in the zone of its subnet; an Application Load Balancer as target is in each of its
    own zones, if it has a healthy target itself. AWS does not document which zone KMS uses.
    """

    def judge(_: Account, balancer: LoadBalancer) -> Finding:
        for part in (balancer.target_groups, balancer.listeners):
            if isinstance(part, Unavailable):
                return call_failed(part)
        groups = tuple(map(placed, balancer.forwarded_groups))
        failed = next((g.targets for g in groups if isinstance(g.targets, Unavailable)), None)
        if failed is not None:
            return call_failed(failed)
        return _zones(balancer, groups)

    yield from of_load_balancers(evidence, judge)


def _zones(balancer: LoadBalancer, groups: tuple[TargetGroup, ...]) -> Finding:
    """Whether each zone has a healthy target.

    A zone is undecided if a target has no health result or no zone, or if the only healthy targets are in
    another zone and it is not known whether the load balancer sends across zones.
    """
    because = _not_judged(balancer, groups)
    if because:
        return unknown(because)
    cross_zone = [(group, _is_cross_zone(balancer, group)) for group in groups]
    failed, elsewhere = _other_zones(cross_zone)
    unplaced = _without_zone(groups)
    anywhere = elsewhere | set(map(state_of, unplaced))
    without: list[str] = []
    undecided: list[str] = []
    for zone in balancer.zones:
        states = {
            state_of(each)
            for group, across in cross_zone
            for each in _reachable(group, zone, across=across is True)
        }
        if "healthy" not in states:
            possible = (states | anywhere) & (UNDECIDED | {"healthy"})
            (undecided if possible else without).append(zone.zone)
    if without:
        return _without_target(without, groups)
    if undecided and not unplaced and failed is not None and "healthy" in elsewhere:
        return call_failed(failed)
    if undecided:
        return unknown(_undecided(undecided, unplaced))
    is_across = any(across is True for _, across in cross_zone)
    across_zones = " (cross-zone)" if is_across else ""
    return met(f"each of {len(balancer.zones)} zones has a healthy target{across_zones}")


def _not_judged(balancer: LoadBalancer, groups: tuple[TargetGroup, ...]) -> str:
    if not groups:
        return "no listener forwards port 443 to a target group"
    if not balancer.zones:
        return "AWS returned no zones of the load balancer"
    return ""


def _undecided(zones: list[str], unplaced: tuple[RegisteredTarget, ...]) -> str:
    if not unplaced:
        return f"not known yet for {listed(tuple(zones))}"
    ids = listed(tuple(each.id for each in unplaced))
    failed = next(filter(None, (each.unread for each in unplaced)), None)
    why = call_failed(failed).because if failed else "AWS returned none"
    return f"the zones of the targets {ids} are not known: {why}"


def _without_zone(groups: tuple[TargetGroup, ...]) -> tuple[RegisteredTarget, ...]:
    return tuple(each for group in groups for each in known(group.targets) if not each.zone)


def _without_target(zones: list[str], groups: tuple[TargetGroup, ...]) -> Finding:
    """Zones without a healthy target. The remedy changes the group that turns cross-zone off, if any."""
    declared = every_zone_has_a_healthy_target.remedy
    found = violated(f"no healthy target for {listed(tuple(zones))}")
    if any(state_of(each) == SHIFTED for group in groups for each in known(group.targets)):
        text = "End the zonal shift when its cause is over, or turn on cross-zone load balancing."
        because = f"{found.because}: a zonal shift is active"
        return replace(found, because=because, remedy=replace(declared, text=text))
    settings = ((g, known_items(g.attributes).get(_CROSS_ZONE, "").lower()) for g in groups)
    own = next((group for group, setting in settings if setting == "false"), None)
    if own is None:
        return found
    cli = (
        "aws elbv2 modify-target-group-attributes --region REGION --target-group-arn TARGET-GROUP-ARN "
        f"--attributes Key={_CROSS_ZONE},Value=true"
    )
    console = "EC2 > Target Groups > TARGET-GROUP > Attributes > Cross-zone load balancing"
    remedy = replace(declared, console=console, cli=cli)
    return replace(found, remedy=remedy, values={"TARGET-GROUP-ARN": own.arn, "TARGET-GROUP": own.name})


def _reachable(group: TargetGroup, zone: LoadBalancerZone, *, across: bool) -> tuple[RegisteredTarget, ...]:
    """The targets to which the node in the zone sends."""
    targets = known(group.targets)
    return tuple(each for each in targets if across or each.zone in {zone.zone, zone.zone_id, _EVERYWHERE})


def _other_zones(
    cross_zone: Iterable[tuple[TargetGroup, bool | Unavailable]],
) -> tuple[Unavailable | None, frozenset[str]]:
    """The failed call for cross-zone settings, and the states of targets that nodes of all zones may use."""
    failed: Unavailable | None = None
    states: set[str] = set()
    for group, across in cross_zone:
        if isinstance(across, Unavailable):
            failed = failed or across
            targets = known(group.targets)
            states |= {each.state for each in targets}
    return failed, frozenset(states)


def _is_cross_zone(balancer: LoadBalancer, group: TargetGroup) -> bool | Unavailable:
    """The group's own setting overrides the load balancer's, unless it refers to that one."""
    if isinstance(group.attributes, Unavailable):
        return group.attributes
    own = group.attributes.get(_CROSS_ZONE, "use_load_balancer_configuration").lower()
    if own in {"true", "false"}:
        return own == "true"
    if isinstance(balancer.attributes, Unavailable):
        return balancer.attributes
    return balancer.attributes.get(_CROSS_ZONE, "false").lower() == "true"
