"""The targets behind the load balancers: how many, in which zones, in what health, how they are spoken to."""

from collections.abc import Iterable

from probe.model.account import Account, LoadBalancer, RegisteredTarget, TargetGroup, Unavailable
from probe.model.verdicts import Evidence, Level, Position, Remedy
from probe.requirements import _account_errors as _errors
from probe.requirements import _errors as _network_errors
from probe.requirements._account import not_seen, of_load_balancers, of_target_groups
from probe.requirements._declare import Finding, met, requirement, unknown, violated
from probe.requirements._wording import listed, quoted

_CONSOLE = "EC2 > Target Groups > TARGET-GROUP > Targets"
_HEALTH = "aws elbv2 describe-target-health --region REGION --target-group-arn TARGET-GROUP-ARN"
_EVERYWHERE = "all"  # the zone of a target outside the VPC: every node sends to it
_WANTED = 2
_NOT_COUNTED = frozenset({"draining", "unhealthy.draining"})  # they are being taken out
# The health check of these has not spoken yet, or can't.
_UNDECIDED = frozenset({"initial", "unavailable", ""})


@requirement(
    level=Level.RISK,
    position=Position.NETWORK,
    errors=_errors.AT_TIMES_NO_WAY_IN,
    source=_network_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Have a second healthy target, so that one may fail or be serviced.",
        console=_CONSOLE,
        cli=_HEALTH,
    ),
)
def two_targets_are_healthy(evidence: Evidence) -> Iterable[Finding]:
    """Two targets at least are healthy, as the load balancer sees them.

    AWS's guide asks for two hosts. With one, each restart of the proxy stops every key of the store; with
    none the load balancer sends to all of them, ill or not.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        if isinstance(group.targets, Unavailable):
            return not_seen(group.targets)
        targets = tuple(each for each in group.targets if each.state not in _NOT_COUNTED)
        healthy = sum(each.state == "healthy" for each in targets)
        said = f"{healthy} of {len(targets)} targets healthy{_ill(targets)}"
        if healthy >= _WANTED:
            return met(said)
        may_become = sum(each.state in _UNDECIDED for each in targets)
        return unknown(said) if healthy + may_become >= _WANTED else violated(said)

    yield from of_target_groups(evidence, judge)


def _ill(targets: tuple[RegisteredTarget, ...]) -> str:
    said = tuple(
        f"{each.id} {each.state} {each.reason}".strip() for each in targets if each.state != "healthy"
    )
    return f" ({listed(said)})" if said else ""


@requirement(
    level=Level.RISK,
    position=Position.NETWORK,
    errors=_errors.AT_TIMES_NO_WAY_IN,
    source=_errors.LOAD_BALANCERS,
    remedy=Remedy(
        text="Register a target in each enabled zone, or turn on cross-zone load balancing.",
        console="EC2 > Load Balancers > LOAD-BALANCER > Attributes > Cross-zone load balancing",
        cli="aws elbv2 modify-load-balancer-attributes --region REGION "
        "--load-balancer-arn LOAD-BALANCER-ARN --attributes Key=load_balancing.cross_zone.enabled,Value=true",
    ),
)
def every_zone_has_a_healthy_target(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer's node in each zone has a healthy target to send to.

    Without cross-zone load balancing a node sends to the targets of its own zone alone, and to those outside
    the VPC. Which zone KMS comes through is not documented.
    """

    def judge(_: Account, balancer: LoadBalancer) -> Finding:
        for part in (balancer.target_groups, balancer.attributes, balancer.listeners):
            if isinstance(part, Unavailable):
                return not_seen(part)
        groups = balancer.forwarded_groups
        unseen = next((g.targets for g in groups if isinstance(g.targets, Unavailable)), None)
        if unseen is not None:
            return not_seen(unseen)
        return _zones(balancer, groups)

    yield from of_load_balancers(evidence, judge)


def _zones(balancer: LoadBalancer, groups: tuple[TargetGroup, ...]) -> Finding:
    """Judged by each zone's targets; a target whose health check has not spoken yet leaves it open."""
    targets = tuple(t for g in groups if not isinstance(g.targets, Unavailable) for t in g.targets)
    if not groups:
        return unknown("no target group is forwarded to on port 443")
    if not balancer.zones:
        return unknown("AWS does not say in which zones it is")
    crosses = any(_crosses(balancer, group) for group in groups)
    empty: list[str] = []
    open_: list[str] = []
    for zone in balancer.zones:
        near = tuple(t for t in targets if crosses or t.zone in {zone.zone, zone.zone_id, _EVERYWHERE})
        if any(each.state == "healthy" for each in near):
            continue
        (open_ if any(each.state in _UNDECIDED for each in near) else empty).append(zone.zone)
    if empty:
        return violated(f"no healthy target for {listed(tuple(empty))}")
    if open_:
        return unknown(f"not known yet for {listed(tuple(open_))}")
    return met(f"each of {len(balancer.zones)} zones{' (cross-zone)' if crosses else ''}")


def _crosses(balancer: LoadBalancer, group: TargetGroup) -> bool:
    """The group's own setting wins over the load balancer's, unless it says to use that."""
    key = "load_balancing.cross_zone.enabled"
    of_group = {} if isinstance(group.attributes, Unavailable) else group.attributes
    of_balancer = {} if isinstance(balancer.attributes, Unavailable) else balancer.attributes
    own = of_group.get(key, "use_load_balancer_configuration").lower()
    return own == "true" or (own not in {"true", "false"} and of_balancer.get(key, "false").lower() == "true")


@requirement(
    level=Level.RISK,
    position=Position.TLS,
    errors=_errors.AT_TIMES_NOT_TLS,
    source=_errors.TARGET_GROUP_ATTRIBUTES,
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
        if enabled is None:
            return unknown("AWS does not say whether it is on")
        return violated("it is on") if enabled.lower() == "true" else met("it is off")

    yield from of_target_groups(evidence, judge)


@requirement(
    level=Level.ADVICE,
    position=Position.NETWORK,
    source=_network_errors.VPC_CONNECTIVITY,
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
        count = len({(t.id, t.port) for t in group.targets if t.state not in _NOT_COUNTED})
        said = f"{count} registered"
        return met(said) if count >= _WANTED else violated(said)

    yield from of_target_groups(evidence, judge)


@requirement(
    level=Level.ADVICE,
    position=Position.NETWORK,
    source=_network_errors.VPC_CONNECTIVITY,
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
        listeners = () if isinstance(balancer.listeners, Unavailable) else balancer.listeners
        terminated = any(each.protocol.upper() == "TLS" for each in listeners)
        protocols = {"TCP", "TLS"} if terminated else {"TCP"}
        differing = [
            f"{what} {quoted(is_)}"
            for what, is_, fits in (
                ("target type", group.target_type, group.target_type == "ip"),
                ("protocol", group.protocol, group.protocol.upper() in protocols),
                ("port", str(group.port), group.port == 443 or terminated),  # noqa: PLR2004
                ("address type", group.address_type or "ipv4", group.address_type in {"ipv4", ""}),
            )
            if not fits
        ]
        return (
            violated(", ".join(differing)) if differing else met(f"ip, {group.protocol}, {group.port}, ipv4")
        )

    yield from of_target_groups(evidence, judge)
