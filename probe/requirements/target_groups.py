"""The targets behind the load balancers: number, health, PROXY protocol, type of target group."""

from collections.abc import Iterable

from probe.model.account import KMS_PORT, LoadBalancer, RegisteredTarget, TargetGroup, Unavailable, known
from probe.model.evidence import Evidence
from probe.model.verdicts import KmsStep, Level, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.account import call_failed, of_target_groups
from probe.requirements.evidence.registered import (
    LOAD_BALANCER,
    REMOVED,
    UNDECIDED,
    behind_load_balancer,
    is_out,
    unhealthy,
)
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import quoted

_CONSOLE = "EC2 > Target Groups > TARGET-GROUP > Targets"
_HEALTH = "aws elbv2 describe-target-health --region REGION --target-group-arn TARGET-GROUP-ARN"
_WANTED = 2


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
    healthy or not. For an Application Load Balancer as target, its own targets count.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        if isinstance(group.targets, Unavailable):
            return call_failed(group.targets)
        if group.target_type == LOAD_BALANCER:
            return behind_load_balancer(group.targets, _healthy)
        return _healthy(group.targets)

    yield from of_target_groups(evidence, judge)


def _healthy(targets: tuple[RegisteredTarget, ...]) -> Finding:
    targets = tuple(each for each in targets if each.state != REMOVED)
    healthy = {each.id for each in targets if each.state == "healthy" and not is_out(each)}
    count = f"{len(healthy)} of {len({each.id for each in targets})} targets healthy{unhealthy(targets)}"
    if len(healthy) >= _WANTED:
        return met(count)
    possible = healthy | {each.id for each in targets if each.state in UNDECIDED or is_out(each)}
    return unknown(count) if len(possible) >= _WANTED else violated(count)


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
        if group.target_type == LOAD_BALANCER:
            return behind_load_balancer(group.targets, _registered)
        return _registered(group.targets)

    yield from of_target_groups(evidence, judge)


def _registered(targets: tuple[RegisteredTarget, ...]) -> Finding:
    count = len({each.id for each in targets if each.state != REMOVED})
    registered = f"{count} registered"
    return met(registered) if count >= _WANTED else violated(registered)


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
