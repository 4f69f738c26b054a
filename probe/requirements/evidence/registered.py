"""Registered targets: whether they get connections, and the targets of a load balancer among them. Pure."""

from collections.abc import Callable
from dataclasses import replace

from probe.model.account import LoadBalancer, RegisteredTarget, TargetGroup, Unavailable, known
from probe.requirements.declare import Finding, unknown, violated
from probe.requirements.evidence.account import call_failed
from probe.requirements.wording import listed, quoted

LOAD_BALANCER = "alb"  # a target group for an Application Load Balancer; it can have only one target
REMOVED = "draining"  # it is being deregistered; unhealthy.draining is a registered target that failed
SHIFTED = "zonal_shift_active"
# Their health check has no result yet, or there is none.
UNDECIDED = frozenset({"initial", "unavailable", ""})
_NO_OVERRIDE = frozenset({"", "no_override"})
Judge = Callable[[tuple[RegisteredTarget, ...]], Finding]


def is_out(target: RegisteredTarget) -> bool:
    """Whether an administrative override may keep new connections away from a healthy target."""
    return target.state == "healthy" and target.override not in _NO_OVERRIDE


def state_of(target: RegisteredTarget) -> str:
    """The health, or that a zonal shift keeps connections away; "" if it is not known whether one does."""
    if not is_out(target):
        return target.state
    return SHIFTED if target.override == SHIFTED else ""


def unhealthy(targets: tuple[RegisteredTarget, ...]) -> str:
    """The targets that are not healthy, with their states, in parentheses; "" if all are."""
    states = tuple(
        f"{each.id} {each.override if is_out(each) else each.state} {each.reason}".strip()
        for each in targets
        if each.state != "healthy" or is_out(each)
    )
    return f" ({listed(states)})" if states else ""


def behind_load_balancer(targets: tuple[RegisteredTarget, ...], judge: Judge) -> Finding:
    """The finding about the own targets of the Application Load Balancer that is the only target.

    Which of its target groups get KMS's requests depends on its rules, which are not read: groups that
    differ give *unknown*.
    """
    target = next((each for each in targets if each.state != REMOVED), None)
    if target is None:
        return violated("no load balancer is registered")
    found = _own_groups(target)
    if isinstance(found, Finding):
        return found
    judged = [judge(known(group.targets)) for group in found]
    because = "; ".join(dict.fromkeys(each.because for each in judged))
    same = {each.outcome for each in judged}
    because = f"behind {quoted(_name(target))}: {because}"
    if len(same) == 1:
        return replace(judged[0], because=because)
    return unknown(f"{because}; which of them get KMS's requests depends on its rules")


def _name(target: RegisteredTarget) -> str:
    return target.balancer.name if target.balancer else target.id


def _own_groups(target: RegisteredTarget) -> tuple[TargetGroup, ...] | Finding:
    """The target groups behind the target, or why they are not known."""
    if target.balancer is None:
        if target.unread is not None:
            return call_failed(target.unread)
        return unknown("its target is an Application Load Balancer, which AWS did not return")
    groups = target.balancer.target_groups
    if isinstance(groups, Unavailable):
        return call_failed(groups)
    failed = next((each.targets for each in groups if isinstance(each.targets, Unavailable)), None)
    if failed is not None:
        return call_failed(failed)
    return groups or unknown(f"{quoted(_name(target))} has no target group")


def placed(group: TargetGroup) -> TargetGroup:
    """The group with an Application Load Balancer as one target per zone of that load balancer."""
    if group.target_type != LOAD_BALANCER or isinstance(group.targets, Unavailable):
        return group
    return replace(group, targets=tuple(one for each in group.targets for one in _per_zone(each)))


def _per_zone(target: RegisteredTarget) -> tuple[RegisteredTarget, ...]:
    if target.balancer is None:
        return (replace(target, zone=None),)
    state = _state_behind(target, target.balancer)
    return tuple(replace(target, zone=zone.zone, state=state) for zone in target.balancer.zones) or (target,)


def _state_behind(target: RegisteredTarget, balancer: LoadBalancer) -> str:
    """The state of a load balancer as target: healthy only if it has a healthy target itself."""
    if target.state != "healthy":
        return target.state
    if isinstance(_own_groups(target), Finding):
        return ""
    healthy = {
        any(state_of(each) == "healthy" for each in known(group.targets))
        for group in known(balancer.target_groups)
    }
    if len(healthy) > 1:
        return ""
    return "healthy" if healthy == {True} else "unhealthy"
