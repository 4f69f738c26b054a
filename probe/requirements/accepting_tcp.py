"""Whether connections to port 443 are accepted: by some node, by every node, by every backend."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from probe.model.account import Unavailable
from probe.model.evidence import Evidence
from probe.model.measurements import Measurement, Phase, Reason
from probe.model.targets import Check, Role, Target
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import load_balancers_of, not_seen, unseen_nodes, unseen_targets
from probe.requirements.evidence.targets import (
    NOT_MEASURED,
    common_subject,
    entries,
    is_fresh,
    latest,
    of_role,
    values_at,
)
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import milliseconds, why

# These say something about this machine or the name, nothing about whether port 443 is open.
_NOT_OF_THE_PORT = {Reason.NOT_PERMITTED, Reason.OVER_LIMIT, Reason.NAME_NOT_FOUND, Reason.SERVER_FAILURE}

_SHOWN = 5  # a sentence, not a table: the nodes have a line each under every-node-accepts-tcp-443


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Whether the newest connection to a target was accepted; None when that isn't known."""

    accepts: bool | None
    because: str


def acceptances(evidence: Evidence, targets: tuple[Target, ...]) -> Iterator[tuple[Target, Acceptance]]:
    """Judged by the newest connection, be it the TCP check's or the TLS check's own."""
    by_tcp, by_tls = latest(evidence, Check.TCP), latest(evidence, Check.TLS)
    recent = _recent(evidence)
    for target in targets:
        newest = max(
            filter(None, (by_tcp.get(target.name), by_tls.get(target.name))),
            key=lambda measurement: measurement.started_at_s,
            default=None,
        )
        yield target, _acceptance(target, newest, recent.get(target.name, []))


def _recent(evidence: Evidence) -> dict[str, list[bool]]:
    """For each target whether its last connections were accepted, the TLS check's too, oldest first."""
    recent: dict[str, list[bool]] = {}
    for measurement in sorted(evidence.recent, key=lambda each: each.started_at_s):
        if measurement.check not in {Check.TCP, Check.TLS} or not is_fresh(measurement, evidence):
            continue
        accepted = _accepted(measurement)
        if accepted is not None:
            recent.setdefault(measurement.target.name, []).append(accepted)
    return recent


def _acceptance(target: Target, measurement: Measurement | None, recent: list[bool]) -> Acceptance:
    if measurement is None:
        return Acceptance(accepts=None, because=NOT_MEASURED)
    accepts = _accepted(measurement)
    differ = f"; of the last {len(recent)} attempts {sum(recent)} were accepted" if len({*recent}) > 1 else ""
    if accepts:
        connect_s = measurement.phases_s.get(Phase.CONNECT)
        duration = f" in {milliseconds(connect_s)}" if connect_s is not None else ""
        return Acceptance(accepts=True, because=f"port {target.port} accepted a connection{duration}{differ}")
    if accepts is False and _is_silence(measurement) and recent[-2:] != [False, False]:
        # One lost packet more than TCP repeats within the deadline is no shut port.
        return Acceptance(
            accepts=None, because="one connection was not answered; a second one decides" + differ
        )
    return Acceptance(accepts=accepts, because=_words(target, measurement) + differ)


def _is_silence(measurement: Measurement) -> bool:
    return measurement.failure is not None and measurement.failure.reason is Reason.TIMED_OUT


def _accepted(measurement: Measurement) -> bool | None:
    """A lost packet delays a connection: it was made all the same."""
    failure = measurement.failure
    if failure is None or failure.phase not in {Phase.RESOLVE, Phase.CONNECT}:
        return True
    if failure.reason is Reason.PACKET_LOST:
        return True
    return None if failure.phase is Phase.RESOLVE or failure.reason in _NOT_OF_THE_PORT else False


def _words(target: Target, measurement: Measurement) -> str:
    """Silence and refusal send people to different places: a firewall, or the listener."""
    failure = measurement.failure
    match failure.reason if failure and failure.phase is Phase.CONNECT else None:
        case Reason.TIMED_OUT:
            return f"port {target.port} is silent: no answer to the connection request, as behind a firewall"
        case Reason.REFUSED:
            return f"port {target.port} refused the connection: the host is there, nothing listens"
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
        text="Open TCP 443 towards the load balancer's nodes: listener, security groups, network ACLs.",
        console="EC2 > Load Balancers > the Network Load Balancer > Listeners",
        cli="aws elbv2 describe-listeners --region REGION --load-balancer-arn LOAD-BALANCER-ARN",
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def some_node_accepts_tcp_443(evidence: Evidence) -> Iterable[Finding]:
    """At least one node of the load balancer accepts TCP connections on port 443.

    KMS reaches the proxy through an interface endpoint and the Network Load Balancer's nodes. When none of
    them accepts a connection there is no way in. Where no node is configured, the proxy's own address
    stands for them.
    """
    targets = entries(evidence)
    hidden = unseen_nodes(evidence)
    if not targets:
        found = hidden or unknown("no node and no proxy is configured")
        yield replace(found, subject=common_subject(evidence.targets))
        return
    seen = tuple(acceptances(evidence, targets))
    said = _said(seen)
    accepting = [target.name for target, each in seen if each.accepts]
    if accepting:
        found = met(f"{len(accepting)} of {len(seen)} accept ({said})")
    elif any(each.accepts is None for _, each in seen):
        found = unknown(said)
    elif hidden is not None:
        found = unknown(f"none of {len(seen)} accepts ({said}); there may be others: {hidden.because}")
    else:
        found = violated(f"none of {len(seen)} accepts ({said})")
    yield replace(found, subject=common_subject(targets), values=values_at(evidence, targets[0]))


def _said(seen: tuple[tuple[Target, Acceptance], ...]) -> str:
    parts = [f"{target.name}: {each.because}" for target, each in seen[:_SHOWN]]
    return "; ".join([*parts, f"and {len(seen) - _SHOWN} more"] if len(seen) > _SHOWN else parts)


@requirement(
    level=Level.RISK,
    scope=Scope.NETWORK,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    traits={Trait.MEANS_SHUT},
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="See why this node differs: its zone's targets, subnet route table, network ACL.",
        console="EC2 > Load Balancers > the Network Load Balancer > Network mapping",
        cli="aws elbv2 describe-load-balancers --region REGION --load-balancer-arns LOAD-BALANCER-ARN",
    ),
)
def every_node_accepts_tcp_443(evidence: Evidence) -> Iterable[Finding]:
    """Every node of the load balancer accepts TCP connections on port 443.

    The load balancer has one node in each zone, and which zone KMS's next connection comes through is not in
    your hands. A node that is shut fails a part of the requests.
    """
    nodes, hidden = of_role(evidence, Role.NODE), unseen_nodes(evidence)
    if hidden is not None or not nodes:
        found = hidden or not_applicable("no node is configured")
        yield replace(found, subject=common_subject(entries(evidence) or evidence.targets))
    yield from _each(evidence, nodes)


@requirement(
    level=Level.RISK,
    scope=Scope.NETWORK,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    traits={Trait.MEANS_SHUT, Trait.BACKENDS_ALONE},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Start the proxy on this target, or let the load balancer's subnets through to it.",
        console="EC2 > Target Groups > the target group > Targets",
        cli="aws elbv2 describe-target-health --region REGION --target-group-arn TARGET-GROUP-ARN",
    ),
)
def every_target_accepts_tcp_443(evidence: Evidence) -> Iterable[Finding]:
    """Every target behind the load balancer accepts TCP connections on its port.

    The load balancer spreads connections over its targets; one that is shut is left out after failed health
    checks at the earliest, and until then the requests sent there are lost.
    """
    backends, hidden = of_role(evidence, Role.BACKEND), unseen_targets(evidence)
    if hidden is not None or not backends:
        found = hidden or not_applicable("no target is configured")
        yield replace(found, subject=common_subject(entries(evidence) or evidence.targets))
    doubt = _unseen_listeners(evidence)
    for found in _each(evidence, backends):
        if found.outcome is Outcome.VIOLATED and doubt is not None:
            yield replace(found, outcome=Outcome.UNKNOWN, because=f"{found.because}; {doubt.because}")
        else:
            yield found


def _unseen_listeners(evidence: Evidence) -> Finding | None:
    """Why a target of one of several groups may be none of KMS's; None where listeners tell."""
    for each in load_balancers_of(evidence):
        if isinstance(each.listeners, Unavailable) and len(each.forwarded_groups) > 1:
            return not_seen(each.listeners)
    return None


def _each(evidence: Evidence, targets: tuple[Target, ...]) -> Iterator[Finding]:
    judged = {True: met, False: violated, None: unknown}
    for target, acceptance in acceptances(evidence, targets):
        found = judged[acceptance.accepts](acceptance.because, target.name)
        yield replace(found, values=values_at(evidence, target))
