"""The load balancer's health checks of the targets."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import LoadBalancer, RegisteredTarget, TargetGroup, Unavailable, known
from probe.model.evidence import Evidence
from probe.model.targets import Check, Role
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.account import of_target_groups
from probe.requirements.evidence.targets import latest
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

# Reasons of DescribeTargetHealth for a check that was answered wrongly, or not at all.
_WRONG = frozenset({"Target.ResponseCodeMismatch", "Target.Timeout", "Target.FailedHealthChecks"})


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=account_errors.HEALTH_CHECKS,
    remedy=Remedy(
        text="Check the targets by HTTP or HTTPS, with the path that the proxy's vendor gives for that.",
        console="EC2 > Target Groups > TARGET-GROUP > Health checks > Edit",
        cli="aws elbv2 describe-target-groups --region REGION --target-group-arns TARGET-GROUP-ARN",
    ),
)
def health_check_sees_the_proxy(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer's health check asks the proxy, not only its port.

    A TCP check passes as long as something accepts connections, even if the proxy hangs. If targets fail
    their check although they accept the agent's connections, the check has a wrong port or path. That is a
    risk, because the load balancer may stop using targets that work.
    """

    def judge(_: LoadBalancer, group: TargetGroup) -> Finding:
        check = group.health_check
        if check is None:
            return unknown("AWS returned no health check")
        path = f" with path {quoted(check.path)}" if check.path else ""
        how = f"{check.protocol} on port {quoted(check.port)}{path}"
        if failed := _failed_although_reached(evidence, group):
            return _risk(f"{listed(failed)} fail the check ({how}), but accept the agent's connections")
        if check.protocol.upper() == "TCP":
            return violated(f"{how}: a proxy that hangs stays healthy")
        return met(how)

    yield from of_target_groups(evidence, judge)


def _risk(because: str) -> Finding:
    found = violated(because, kms_errors=path_errors.AT_TIMES_NOT_REACHABLE)
    remedy = replace(
        health_check_sees_the_proxy.remedy,
        text="Correct the port and the path of the health check; the proxy's vendor gives them.",
    )
    return replace(found, level=Level.RISK, step=KmsStep.NETWORK, remedy=remedy)


def _failed_although_reached(evidence: Evidence, group: TargetGroup) -> tuple[str, ...]:
    if isinstance(group.targets, Unavailable):
        return ()
    measured = latest(evidence, Check.TCP)
    reached = {
        (target.host, target.port)
        for target in evidence.targets
        if target.role is Role.BACKEND and target.name in measured and measured[target.name].failure is None
    }
    return tuple(
        each.id for each in known(group.targets) if _fails(each) and (each.id, _port(each, group)) in reached
    )


def _fails(target: RegisteredTarget) -> bool:
    return target.state == "unhealthy" and target.reason in _WRONG


def _port(target: RegisteredTarget, group: TargetGroup) -> int | None:
    return target.port or group.port
