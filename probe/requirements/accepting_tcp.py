"""Whether connections to port 443 are accepted: by some node, by every node, by every backend."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from probe.model.account import Unavailable
from probe.model.evidence import Evidence
from probe.model.measurements import Measurement, Phase, Reason
from probe.model.targets import Check, Role, Target
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import (
    call_failed,
    load_balancers_of,
    undiscovered_nodes,
    undiscovered_targets,
)
from probe.requirements.evidence.shut_out import why_shut_out
from probe.requirements.evidence.targets import (
    NOT_MEASURED,
    common_subject,
    entry_points,
    is_fresh,
    latest,
    of_role,
    values_at,
)
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import milliseconds, why

# Failures of this machine or of name resolution: they do not show whether port 443 is open.
_UNRELATED_TO_PORT = {Reason.NOT_PERMITTED, Reason.OVER_LIMIT, Reason.NAME_NOT_FOUND, Reason.SERVER_FAILURE}

_MAX_SHOWN = 5  # keeps the sentence short; every-node-accepts-tcp-443 has a line per node


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Whether the target accepted the latest connection; None if not known.

    ``shut_out`` is why it is not known, if AWS keeps out this agent, but not KMS.
    """

    accepts: bool | None
    because: str
    shut_out: str = ""


def acceptances(evidence: Evidence, targets: tuple[Target, ...]) -> Iterator[tuple[Target, Acceptance]]:
    """Whether each target accepts connections, by its latest connection of the TCP or TLS check.

    A timeout decides nothing if the account's rules keep out this agent, but not KMS.
    """
    by_tcp, by_tls = latest(evidence, Check.TCP), latest(evidence, Check.TLS)
    recent = _recent(evidence)
    for target in targets:
        newest = max(
            filter(None, (by_tcp.get(target.name), by_tls.get(target.name))),
            key=lambda measurement: measurement.started_at_s,
            default=None,
        )
        found = _acceptance(target, newest, recent.get(target.name, []))
        cause = why_shut_out(evidence, target) if newest is not None and _timed_out(newest) else ""
        if cause and not found.accepts:
            found = replace(found, accepts=None, shut_out=cause)
        yield target, found


def _recent(evidence: Evidence) -> dict[str, list[bool]]:
    """For each target, whether its recent connections (TCP and TLS checks) were accepted, oldest first."""
    recent: dict[str, list[bool]] = {}
    for measurement in sorted(evidence.recent, key=lambda each: each.started_at_s):
        if measurement.check not in {Check.TCP, Check.TLS} or not is_fresh(measurement, evidence):
            continue
        accepted = _was_accepted(measurement)
        if accepted is not None:
            recent.setdefault(measurement.target.name, []).append(accepted)
    return recent


def _acceptance(target: Target, measurement: Measurement | None, recent: list[bool]) -> Acceptance:
    if measurement is None:
        return Acceptance(accepts=None, because=NOT_MEASURED)
    accepts = _was_accepted(measurement)
    differ = f"; of the last {len(recent)} attempts {sum(recent)} were accepted" if len({*recent}) > 1 else ""
    if accepts:
        connect_s = measurement.phases_s.get(Phase.CONNECT)
        duration = f" in {milliseconds(connect_s)}" if connect_s is not None else ""
        return Acceptance(accepts=True, because=f"port {target.port} accepted a connection{duration}{differ}")
    if accepts is False and _timed_out(measurement) and recent[-2:] != [False, False]:
        # A few lost SYNs can also cause one timeout, so a single one does not prove that the port is closed.
        return Acceptance(
            accepts=None, because="one connection timed out; a second timeout would decide" + differ
        )
    return Acceptance(accepts=accepts, because=_reason(target, measurement) + differ)


def _timed_out(measurement: Measurement) -> bool:
    """Whether the connect timed out; for a handshake that did, the connection was accepted."""
    failure = measurement.failure
    return failure is not None and failure.phase is Phase.CONNECT and failure.reason is Reason.TIMED_OUT


def _was_accepted(measurement: Measurement) -> bool | None:
    """True also after a lost SYN: the retransmitted one was accepted."""
    failure = measurement.failure
    if failure is None or failure.phase not in {Phase.RESOLVE, Phase.CONNECT}:
        return True
    if failure.reason is Reason.PACKET_LOST:
        return True
    return None if failure.phase is Phase.RESOLVE or failure.reason in _UNRELATED_TO_PORT else False


def _reason(target: Target, measurement: Measurement) -> str:
    """The failure in words. A timeout suggests a firewall, a refusal a missing listener."""
    failure = measurement.failure
    match failure.reason if failure and failure.phase is Phase.CONNECT else None:
        case Reason.TIMED_OUT:
            return f"port {target.port} does not respond: no reply to SYN, as if a firewall drops it"
        case Reason.REFUSED:
            return (
                f"port {target.port} refused the connection: the host is up, but nothing listens on the port"
            )
        case _:
            return why(failure) if failure else NOT_MEASURED


@requirement(
    level=Level.REQUIRED,
    scope=Scope.NETWORK,
    step=KmsStep.NETWORK,
    errors=path_errors.NOT_REACHABLE,
    traits={Trait.MEANS_SHUT},
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Make the load balancer's nodes accept TCP 443: check the listener, security groups and network "
        "ACLs.",
        console="EC2 > Load Balancers > the Network Load Balancer > Listeners",
        cli="aws elbv2 describe-listeners --region REGION --load-balancer-arn LOAD-BALANCER-ARN",
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def some_node_accepts_tcp_443(evidence: Evidence) -> Iterable[Finding]:
    """At least one node of the load balancer accepts TCP connections on port 443.

    KMS reaches the proxy through an interface endpoint and the Network Load Balancer's nodes. If none of
    the nodes accepts connections, KMS cannot reach the proxy. If no node is configured, the proxy's own
    address is tested instead. If security groups keep out this agent, but not KMS, the result is unknown.
    """
    targets = entry_points(evidence)
    undiscovered = undiscovered_nodes(evidence)
    if not targets:
        found = undiscovered or unknown("neither a node nor a proxy is configured")
        yield replace(found, subject=common_subject(evidence.targets))
        return
    results = tuple(acceptances(evidence, targets))
    summary = _summary(results)
    accepting = [target.name for target, each in results if each.accepts]
    if accepting:
        found = met(f"{len(accepting)} of {len(results)} accept ({summary})")
    elif any(each.accepts is None for _, each in results):
        found = unknown(summary)
    elif undiscovered is not None:
        found = unknown(
            f"none of {len(results)} accepts ({summary}); there may be others: {undiscovered.because}"
        )
    else:
        found = violated(f"none of {len(results)} accepts ({summary})")
    yield replace(found, subject=common_subject(targets), values=values_at(evidence, targets[0]))


def _summary(results: tuple[tuple[Target, Acceptance], ...]) -> str:
    parts = [f"{target.name}: {each.because}" for target, each in results[:_MAX_SHOWN]]
    hidden = len(results) - _MAX_SHOWN
    more = [f"and {hidden} more"] if hidden > 0 else []
    causes = dict.fromkeys(each.shut_out for _, each in results if each.shut_out)
    return "; ".join([*parts, *more, *causes])


@requirement(
    level=Level.RISK,
    scope=Scope.NETWORK,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    traits={Trait.MEANS_SHUT},
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Compare this node with the others: the targets in its zone, its subnet's route table and "
        "network ACL.",
        console="EC2 > Load Balancers > the Network Load Balancer > Network mapping",
        cli="aws elbv2 describe-load-balancers --region REGION --load-balancer-arns LOAD-BALANCER-ARN",
    ),
)
def every_node_accepts_tcp_443(evidence: Evidence) -> Iterable[Finding]:
    """Every node of the load balancer accepts TCP connections on port 443.

    The load balancer has one node in each zone, and you cannot choose the zone that KMS connects through. If
    a node refuses connections or does not respond, some of the requests fail.
    """
    nodes, undiscovered = of_role(evidence, Role.NODE), undiscovered_nodes(evidence)
    if undiscovered is not None or not nodes:
        found = undiscovered or not_applicable("no node is configured")
        yield replace(found, subject=common_subject(entry_points(evidence) or evidence.targets))
    yield from _each(evidence, nodes)


@requirement(
    level=Level.RISK,
    scope=Scope.NETWORK,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    traits={Trait.MEANS_SHUT, Trait.BACKENDS_ALONE},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Start the proxy on this target, or allow connections to it from the load balancer's subnets.",
        console="EC2 > Target Groups > the target group > Targets",
        cli="aws elbv2 describe-target-health --region REGION --target-group-arn TARGET-GROUP-ARN",
    ),
)
def every_target_accepts_tcp_443(evidence: Evidence) -> Iterable[Finding]:
    """Every target behind the load balancer accepts TCP connections on its port.

    The load balancer distributes connections over its targets. If a target refuses connections or does not
    respond, the requests sent to it fail until the load balancer's health checks have excluded it.
    """
    backends, undiscovered = of_role(evidence, Role.BACKEND), undiscovered_targets(evidence)
    if undiscovered is not None or not backends:
        found = undiscovered or not_applicable("no target is configured")
        yield replace(found, subject=common_subject(entry_points(evidence) or evidence.targets))
    doubt = _unread_listeners(evidence)
    for found in _each(evidence, backends):
        if found.outcome is Outcome.VIOLATED and doubt is not None:
            yield replace(found, outcome=Outcome.UNKNOWN, because=f"{found.because}; {doubt.because}")
        else:
            yield found


def _unread_listeners(evidence: Evidence) -> Finding | None:
    """Why it is not known which of several target groups KMS reaches; None if it is known."""
    for each in load_balancers_of(evidence):
        if isinstance(each.listeners, Unavailable) and len(each.forwarded_groups) > 1:
            return call_failed(each.listeners)
    return None


def _each(evidence: Evidence, targets: tuple[Target, ...]) -> Iterator[Finding]:
    judged = {True: met, False: violated, None: unknown}
    for target, acceptance in acceptances(evidence, targets):
        because = "; ".join(filter(None, (acceptance.because, acceptance.shut_out)))
        found = judged[acceptance.accepts](because, target.name)
        yield replace(found, values=values_at(evidence, target))
