"""The targets behind the load balancers: how many, in which zones, in what health, how they are spoken to."""

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
from probe.requirements.evidence.account import not_seen, of_load_balancers, of_target_groups
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_CONSOLE = "EC2 > Target Groups > TARGET-GROUP > Targets"
_HEALTH = "aws elbv2 describe-target-health --region REGION --target-group-arn TARGET-GROUP-ARN"
_EVERYWHERE = "all"  # the zone of a target outside the VPC: every node sends to it
_WANTED = 2
_CROSS_ZONE = "load_balancing.cross_zone.enabled"
_NOT_COUNTED = frozenset({"draining", "unhealthy.draining"})  # they are being taken out
# The health check of these has not spoken yet, or can't.
_UNDECIDED = frozenset({"initial", "unavailable", ""})


@requirement(
    level=Level.RISK,
    scope=Scope.ACCOUNT,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    traits={Trait.CONFIGURED_PATH},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Have a second healthy target, so that one may fail or be serviced.",
        console=_CONSOLE,
        cli=_HEALTH,
    ),
)
def two_targets_are_healthy(evidence: Evidence) -> Iterable[Finding]:
    """Two targets at least are healthy, as the load balancer sees them.

    AWS's guide asks for two hosts; one host on two ports is one. With one, each restart of the proxy stops
    every key of the store; with none the load balancer sends to all of them, ill or not.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        if isinstance(group.targets, Unavailable):
            return not_seen(group.targets)
        targets = tuple(each for each in group.targets if each.state not in _NOT_COUNTED)
        healthy = {each.id for each in targets if each.state == "healthy"}
        said = f"{len(healthy)} of {len({each.id for each in targets})} targets healthy{_ill(targets)}"
        if len(healthy) >= _WANTED:
            return met(said)
        may_be = healthy | {each.id for each in targets if each.state in _UNDECIDED}
        return unknown(said) if len(may_be) >= _WANTED else violated(said)

    yield from of_target_groups(evidence, judge)


def _ill(targets: tuple[RegisteredTarget, ...]) -> str:
    said = tuple(
        f"{each.id} {each.state} {each.reason}".strip() for each in targets if each.state != "healthy"
    )
    return f" ({listed(said)})" if said else ""


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
    """The load balancer's node in each zone has a healthy target to send to.

    Without cross-zone load balancing a node sends to the targets of its own zone alone, and to those outside
    the VPC. Which zone KMS comes through is not documented.
    """

    def judge(_: Account, balancer: LoadBalancer) -> Finding:
        for part in (balancer.target_groups, balancer.listeners):
            if isinstance(part, Unavailable):
                return not_seen(part)
        groups = balancer.forwarded_groups
        unseen = next((g.targets for g in groups if isinstance(g.targets, Unavailable)), None)
        if unseen is not None:
            return not_seen(unseen)
        return _zones(balancer, groups)

    yield from of_load_balancers(evidence, judge)


def _zones(balancer: LoadBalancer, groups: tuple[TargetGroup, ...]) -> Finding:
    """Judged by each zone's targets; a target whose health check has not spoken yet leaves it open.

    So does one of another zone, where nobody says whether the load balancer sends across zones.
    """
    if not groups:
        return unknown("no target group is forwarded to on port 443")
    if not balancer.zones:
        return unknown("AWS does not say in which zones it is")
    crosses = [(group, _crosses(balancer, group)) for group in groups]
    hidden, beyond = _beyond(crosses)
    empty: list[str] = []
    open_: list[str] = []
    for zone in balancer.zones:
        near = {each.state for group, across in crosses for each in _near(group, zone, across=across is True)}
        if "healthy" not in near:
            may_be = (near | beyond) & (_UNDECIDED | {"healthy"})
            (open_ if may_be else empty).append(zone.zone)
    if empty:
        return _without(empty, groups)
    if open_ and hidden is not None and "healthy" in beyond:
        return not_seen(hidden)
    if open_:
        return unknown(f"not known yet for {listed(tuple(open_))}")
    is_across = any(across is True for _, across in crosses)
    return met(f"each of {len(balancer.zones)} zones{' (cross-zone)' if is_across else ''}")


def _without(empty: list[str], groups: tuple[TargetGroup, ...]) -> Finding:
    """Zones without a healthy target. A group that has cross-zone off for itself is the one to change."""
    found = violated(f"no healthy target for {listed(tuple(empty))}")
    attributes = ((g, known_items(g.attributes)) for g in groups)
    own = next((group for group, of_it in attributes if of_it.get(_CROSS_ZONE, "").lower() == "false"), None)
    if own is None:
        return found
    cli = (
        "aws elbv2 modify-target-group-attributes --region REGION --target-group-arn TARGET-GROUP-ARN "
        f"--attributes Key={_CROSS_ZONE},Value=true"
    )
    console = "EC2 > Target Groups > TARGET-GROUP > Attributes > Cross-zone load balancing"
    remedy = replace(every_zone_has_a_healthy_target.remedy, console=console, cli=cli)
    return replace(found, remedy=remedy, values={"TARGET-GROUP-ARN": own.arn, "TARGET-GROUP": own.name})


def _near(group: TargetGroup, zone: LoadBalancerZone, *, across: bool) -> tuple[RegisteredTarget, ...]:
    """Those to which the node in the zone sends."""
    targets = known(group.targets)
    return tuple(each for each in targets if across or each.zone in {zone.zone, zone.zone_id, _EVERYWHERE})


def _beyond(
    crosses: Iterable[tuple[TargetGroup, bool | Unavailable]],
) -> tuple[Unavailable | None, frozenset[str]]:
    """What could not be seen of it, and the states of the targets to which a node of any zone may send."""
    hidden: Unavailable | None = None
    states: set[str] = set()
    for group, across in crosses:
        if isinstance(across, Unavailable):
            hidden = hidden or across
            targets = known(group.targets)
            states |= {each.state for each in targets}
    return hidden, frozenset(states)


def _crosses(balancer: LoadBalancer, group: TargetGroup) -> bool | Unavailable:
    """The group's own setting wins over the load balancer's, unless it says to use that."""
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
    traits={Trait.CONFIGURED_PATH},
    source=account_errors.TARGET_GROUP_ATTRIBUTES,
    remedy=Remedy(
        text="Turn PROXY protocol off, unless the proxy parses it.",
        console="EC2 > Target Groups > TARGET-GROUP > Attributes > Proxy protocol v2",
        cli="aws elbv2 modify-target-group-attributes --region REGION --target-group-arn TARGET-GROUP-ARN "
        "--attributes Key=proxy_protocol_v2.enabled,Value=false",
    ),
)
def proxy_protocol_is_off(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer puts no PROXY protocol header before the TLS handshake.

    A proxy that does not parse the header takes it for a broken handshake. One that does is fine.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        if isinstance(group.attributes, Unavailable):
            return not_seen(group.attributes)
        enabled = group.attributes.get("proxy_protocol_v2.enabled")
        match (enabled or "").lower():
            case "true":
                return violated("it is on")
            case "false":
                return met("it is off")
        return unknown("AWS does not say whether it is on")

    yield from of_target_groups(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(text="Register a second host of the proxy.", console=_CONSOLE, cli=_HEALTH),
)
def two_targets_are_registered(evidence: Evidence) -> Iterable[Finding]:
    """The target group has two targets at least.

    AWS's guide asks for two hosts at least. Which of them are healthy is judged apart; this is about how many
    there are to become so.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        if isinstance(group.targets, Unavailable):
            return not_seen(group.targets)
        count = len({t.id for t in group.targets if t.state not in _NOT_COUNTED})
        said = f"{count} registered"
        return met(said) if count >= _WANTED else violated(said)

    yield from of_target_groups(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="AWS's guide makes a target group of IPv4 addresses, TCP (TLS behind a TLS listener), port 443. "
        "Another one may work; nobody promises it.",
        console="EC2 > Target Groups > TARGET-GROUP > Details",
        cli="aws elbv2 describe-target-groups --region REGION --target-group-arns TARGET-GROUP-ARN",
    ),
)
def target_group_is_ip_tcp_443(evidence: Evidence) -> Iterable[Finding]:
    """The target group is as AWS's guide makes it: of IPv4 addresses, by TCP, on port 443.

    Another port behind the load balancer, or another type of target, is not what the guide describes; KMS
    can't see it, and it may well work.
    """

    def judge(balancer: LoadBalancer, group: TargetGroup) -> Finding:
        if not group.target_type:
            return unknown("AWS does not say of which type it is")
        listeners = known(balancer.listeners)
        terminated = any(each.port == KMS_PORT and each.protocol.upper() == "TLS" for each in listeners)
        protocols = {"TCP", "TLS"} if terminated else {"TCP"}
        differing = [
            f"{what} {quoted(is_)}"
            for what, is_, fits in (
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
