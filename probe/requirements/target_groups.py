"""The targets behind the load balancers: number, zones, health, PROXY protocol, type of target group."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import (
    KMS_PORT,
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
from probe.requirements.evidence.account import call_failed, of_load_balancers, of_target_groups
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_CONSOLE = "EC2 > Target Groups > TARGET-GROUP > Targets"
_HEALTH = "aws elbv2 describe-target-health --region REGION --target-group-arn TARGET-GROUP-ARN"
_EVERYWHERE = "all"  # the zone of a target outside the VPC: every node sends to it
_WANTED = 2
_CROSS_ZONE = "load_balancing.cross_zone.enabled"
_REMOVED = "draining"  # it is being deregistered; unhealthy.draining is a registered target that failed
_NO_OVERRIDE = frozenset({"", "no_override"})
_SHIFTED = "zonal_shift_active"
_LOAD_BALANCER = "alb"
_OF_ANOTHER = "its target is an Application Load Balancer, whose own targets are not read"
# Their health check has no result yet, or there is none.
_UNDECIDED = frozenset({"initial", "unavailable", ""})


@requirement(
    level=Level.RISK,
    scope=Scope.ACCOUNT,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    traits={Trait.CONFIGURED_PATH},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Add a second healthy target, so that one may fail or be maintained.",
        console=_CONSOLE,
        cli=_HEALTH,
    ),
)
def two_targets_are_healthy(evidence: Evidence) -> Iterable[Finding]:
    """At least two targets are healthy according to the load balancer.

    AWS's guide asks for two hosts; one host with two ports counts as one. With only one healthy target, each
    restart of the proxy stops every key of the store. With none, the load balancer sends to all targets,
    healthy or not.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        if isinstance(group.targets, Unavailable):
            return call_failed(group.targets)
        if group.target_type == _LOAD_BALANCER:
            return unknown(_OF_ANOTHER)
        targets = tuple(each for each in group.targets if each.state != _REMOVED)
        healthy = {each.id for each in targets if each.state == "healthy" and not _is_out(each)}
        count = f"{len(healthy)} of {len({each.id for each in targets})} targets healthy{_unhealthy(targets)}"
        if len(healthy) >= _WANTED:
            return met(count)
        possible = healthy | {each.id for each in targets if each.state in _UNDECIDED or _is_out(each)}
        return unknown(count) if len(possible) >= _WANTED else violated(count)

    yield from of_target_groups(evidence, judge)


def _is_out(target: RegisteredTarget) -> bool:
    """Whether an administrative override may keep new connections away from a healthy target."""
    return target.state == "healthy" and target.override not in _NO_OVERRIDE


def _unhealthy(targets: tuple[RegisteredTarget, ...]) -> str:
    states = tuple(
        f"{each.id} {each.override if _is_out(each) else each.state} {each.reason}".strip()
        for each in targets
        if each.state != "healthy" or _is_out(each)
    )
    return f" ({listed(states)})" if states else ""


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
    VPC. AWS does not document which zone KMS uses.
    """

    def judge(_: Account, balancer: LoadBalancer) -> Finding:
        for part in (balancer.target_groups, balancer.listeners):
            if isinstance(part, Unavailable):
                return call_failed(part)
        groups = balancer.forwarded_groups
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
    anywhere = elsewhere | set(map(_state, unplaced))
    without: list[str] = []
    undecided: list[str] = []
    for zone in balancer.zones:
        states = {
            _state(each)
            for group, across in cross_zone
            for each in _reachable(group, zone, across=across is True)
        }
        if "healthy" not in states:
            possible = (states | anywhere) & (_UNDECIDED | {"healthy"})
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
    return _OF_ANOTHER if any(group.target_type == _LOAD_BALANCER for group in groups) else ""


def _undecided(zones: list[str], unplaced: tuple[RegisteredTarget, ...]) -> str:
    if not unplaced:
        return f"not known yet for {listed(tuple(zones))}"
    ids = tuple(each.id for each in unplaced)
    return f"AWS returned no zones of the targets {listed(ids)}: it gives them for addresses only"


def _state(target: RegisteredTarget) -> str:
    """The health, or that a zonal shift keeps connections away; "" if it is not known whether one does."""
    if not _is_out(target):
        return target.state
    return _SHIFTED if target.override == _SHIFTED else ""


def _without_zone(groups: tuple[TargetGroup, ...]) -> tuple[RegisteredTarget, ...]:
    return tuple(each for group in groups for each in known(group.targets) if not each.zone)


def _without_target(zones: list[str], groups: tuple[TargetGroup, ...]) -> Finding:
    """Zones without a healthy target. The remedy changes the group that turns cross-zone off, if any."""
    declared = every_zone_has_a_healthy_target.remedy
    found = violated(f"no healthy target for {listed(tuple(zones))}")
    if any(_state(each) == _SHIFTED for group in groups for each in known(group.targets)):
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


@requirement(
    level=Level.RISK,
    scope=Scope.ACCOUNT,
    step=KmsStep.TLS,
    errors=account_errors.AT_TIMES_NOT_TLS,
    traits={Trait.CONFIGURED_PATH, Trait.MET_IF_SEEN},
    source=account_errors.TARGET_GROUP_ATTRIBUTES,
    remedy=Remedy(
        text="Turn off Proxy protocol v2, unless the proxy parses its header.",
        console="EC2 > Target Groups > TARGET-GROUP > Attributes > Proxy protocol v2",
        cli="aws elbv2 modify-target-group-attributes --region REGION --target-group-arn TARGET-GROUP-ARN "
        "--attributes Key=proxy_protocol_v2.enabled,Value=false",
    ),
)
def proxy_protocol_is_off(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer sends no PROXY protocol header before the TLS handshake.

    A proxy that does not parse the header treats it as a broken handshake. A proxy that parses it works
    normally.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        if isinstance(group.attributes, Unavailable):
            return call_failed(group.attributes)
        enabled = group.attributes.get("proxy_protocol_v2.enabled")
        match (enabled or "").lower():
            case "true":
                return violated("Proxy protocol v2 is on")
            case "false":
                return met("Proxy protocol v2 is off")
        return unknown("AWS returned no setting of Proxy protocol v2")

    yield from of_target_groups(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(text="Register a second proxy host.", console=_CONSOLE, cli=_HEALTH),
)
def two_targets_are_registered(evidence: Evidence) -> Iterable[Finding]:
    """The target group has at least two targets.

    AWS's guide asks for at least two hosts. This counts the registered targets; two-targets-are-healthy
    checks how many of them are healthy.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        if isinstance(group.targets, Unavailable):
            return call_failed(group.targets)
        if group.target_type == _LOAD_BALANCER:
            return unknown(_OF_ANOTHER)
        count = len({t.id for t in group.targets if t.state != _REMOVED})
        registered = f"{count} registered"
        return met(registered) if count >= _WANTED else violated(registered)

    yield from of_target_groups(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Create a target group as in AWS's guide: target type IP addresses, IPv4, protocol TCP (TLS "
        "behind a TLS listener), port 443. Another one may work, but that is not documented.",
        console="EC2 > Target Groups > TARGET-GROUP > Details",
        cli="aws elbv2 describe-target-groups --region REGION --target-group-arns TARGET-GROUP-ARN",
    ),
)
def target_group_is_ip_tcp_443(evidence: Evidence) -> Iterable[Finding]:
    """The target group follows AWS's guide: IPv4 addresses as targets, protocol TCP, port 443.

    AWS's guide does not describe another port behind the load balancer, or another target type. KMS does not
    see the difference, and it may well work.
    """

    def judge(balancer: LoadBalancer, group: TargetGroup) -> Finding:
        if not group.target_type:
            return unknown("AWS returned no target type")
        listeners = known(balancer.listeners)
        terminated = any(each.port == KMS_PORT and each.protocol.upper() == "TLS" for each in listeners)
        protocols = {"TCP", "TLS"} if terminated else {"TCP"}
        differing = [
            f"{what} {quoted(value)}"
            for what, value, fits in (
                ("target type", group.target_type, group.target_type == "ip"),
                ("protocol", group.protocol, group.protocol.upper() in protocols),
                ("port", str(group.port), group.port == KMS_PORT or terminated),
                ("address type", group.address_type or "ipv4", group.address_type in {"ipv4", ""}),
            )
            if not fits
        ]
        return (
            violated(", ".join(differing)) if differing else met(f"ip, {group.protocol}, {group.port}, ipv4")
        )

    yield from of_target_groups(evidence, judge)
