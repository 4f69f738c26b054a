"""The targets that a requirement judges, and their latest measurements."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from probe.model.account import LoadBalancer, TargetGroup, known
from probe.model.evidence import Evidence
from probe.model.kinds import CHECKS, CONFORMANCE_INTERVAL_S, ON_PATH
from probe.model.measurements import HEALTH_PURPOSE, Certificate, Measurement, Phase, TlsDetails
from probe.model.targets import Check, Role, Target
from probe.requirements.declare import Finding, unknown
from probe.requirements.evidence.account import load_balancers_of, values_of
from probe.requirements.wording import why

NOT_MEASURED = "not measured yet"
NOT_CHECKED = "no TLS check is configured for it"
_NOT_ANSWERED = "the TLS handshake was not answered, so nothing else about TLS is known"
# Where nothing is known about TLS, the first of these with the same outcome names the cause for all others.
_TELLERS = ("tls-handshake-is-answered", "tls-version-is-supported")
# Verdicts use current data only: after three missed runs a measurement is stale, but not before a minute, so
# that a short stall of this machine does not change every verdict.
STALE_AFTER_INTERVALS = 3
STALE_AFTER_S = 60.0


def of_role(evidence: Evidence, *roles: Role) -> tuple[Target, ...]:
    return tuple(target for target in evidence.targets if target.role in roles)


def entry_points(evidence: Evidence) -> tuple[Target, ...]:
    """Where KMS connects: the load balancer's nodes; without nodes, the proxy's own name."""
    return of_role(evidence, Role.NODE) or of_role(evidence, Role.PROXY)


def common_subject(targets: tuple[Target, ...]) -> str:
    """The subject of a finding about all ``targets``: the name of the only one, else their key store."""
    if len(targets) == 1:
        return targets[0].name
    return next((target.key_store for target in targets if target.key_store), "key store")


def latest(evidence: Evidence, check: Check) -> Mapping[str, Measurement]:
    """The latest measurement of each target with ``check``, by target name; without stale ones."""
    return {
        each.target.name: each for each in evidence.latest if each.check is check and is_fresh(each, evidence)
    }


def is_fresh(measurement: Measurement, evidence: Evidence) -> bool:
    """Whether it is no older than three intervals of its check, or a minute. Without an interval it is fresh.

    Requests that are sent every six hours stay fresh for twelve.
    """
    age_s = evidence.taken_at_s - measurement.started_at_s
    if age_s <= STALE_AFTER_S:  # almost all, and a report asks some ten times for each
        return True
    plan = measurement.target.plan(CHECKS[measurement.check].comes_with or measurement.check)
    if plan is None:
        return True
    limit_s = max(STALE_AFTER_INTERVALS * plan.interval_s, STALE_AFTER_S)
    if measurement.purpose not in ("", HEALTH_PURPOSE):
        limit_s = max(limit_s, 2 * CONFORMANCE_INTERVAL_S)
    return age_s <= limit_s


def tls_targets(evidence: Evidence) -> Iterator[tuple[Target, Measurement | None]]:
    """The targets with a TLS check, each with its latest measurement.

    Entry points are included even without a TLS check, because they are then unknown.
    """
    measured = latest(evidence, Check.TLS)
    entry_names = {target.name for target in entry_points(evidence)}
    for target in of_role(evidence, *ON_PATH):
        measurement = measured.get(target.name)
        if measurement is not None or is_checked(target) or target.name in entry_names:
            yield target, measurement


def is_checked(target: Target) -> bool:
    """Whether the target has a TLS check."""
    return target.plan(Check.TLS) is not None


def each_handshake(
    evidence: Evidence, judge: Callable[[Target, Measurement, TlsDetails], Finding]
) -> Iterator[Finding]:
    """One finding per target: from ``judge``, if a connection was made and so a handshake started."""
    for target, measurement in tls_targets(evidence):
        if measurement is None:
            finding = _nothing_known(NOT_MEASURED if is_checked(target) else NOT_CHECKED)
        elif isinstance(measurement.details, TlsDetails) and not _ended_before_handshake(measurement):
            finding = judge(target, measurement, measurement.details)
        else:
            reason = f" ({why(measurement.failure)})" if measurement.failure else ""
            finding = _nothing_known(f"no handshake{reason}")
        yield replace(finding, subject=target.name, values={**values_at(evidence, target), **finding.values})


def values_at(evidence: Evidence, target: Target) -> Mapping[str, str]:
    """The values for placeholders in a remedy that concerns one address."""
    name = target.server_name or target.host
    values = {
        "ADDRESS:443": f"{target.host}:{target.port}",  # remedies are written with port 443
        "ADDRESS": target.host,
        "PRIVATE-DNS-NAME": name,
        "PARENT-DOMAIN": name.partition(".")[2] or name,
    }
    for balancer in load_balancers_of(evidence):
        if _has_node(balancer, target):
            values["LOAD-BALANCER-ARN"] = balancer.arn
        for group in balancer.forwarded_groups:
            if _has_target(group, target):
                values["TARGET-GROUP-ARN"] = group.arn
    return {**values_of(evidence), **values}


def groups_behind(evidence: Evidence, target: Target) -> tuple[TargetGroup, ...]:
    """The target groups that forward to this backend, or that this node forwards to, as far as known."""
    return tuple(
        group
        for balancer in load_balancers_of(evidence)
        for group in balancer.forwarded_groups
        if _has_target(group, target) or _has_node(balancer, target)
    )


def _has_node(balancer: LoadBalancer, target: Target) -> bool:
    nodes = {node.address for node in known(balancer.nodes)}
    return target.host in nodes | {zone.address for zone in balancer.zones}


def _has_target(group: TargetGroup, target: Target) -> bool:
    return target.host in {each.id for each in known(group.targets)}


def no_answer(measurement: Measurement, details: TlsDetails) -> Finding | None:
    """*Unknown*, if the server sent no part of its handshake, so that nothing else about TLS is known."""
    if details.is_answered:
        return None
    reason = f" ({why(measurement.failure)})" if measurement.failure else ""
    return _nothing_known(f"{_NOT_ANSWERED}{reason}")


def _nothing_known(because: str) -> Finding:
    return replace(unknown(because), told_by=_TELLERS)


def each_leaf(
    evidence: Evidence, judge: Callable[[Target, TlsDetails, Certificate], Finding]
) -> Iterator[Finding]:
    """One finding per target: from ``judge``, if a server certificate was received that can be read."""

    def judge_leaf(target: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        if (none := no_answer(measurement, details)) is not None:
            return none
        if not details.chain:
            reason = f" ({why(measurement.failure)})" if measurement.failure else ""
            return unknown(f"no certificate was received{reason}")
        leaf = details.chain[0]
        if leaf.not_before_s is None or leaf.not_after_s is None:
            return unknown("the server certificate cannot be read")
        return judge(target, details, leaf)

    return each_handshake(evidence, judge_leaf)


def _ended_before_handshake(measurement: Measurement) -> bool:
    """False after a lost SYN, if the handshake took place all the same."""
    failure, details = measurement.failure, measurement.details
    if failure is None or failure.phase not in {Phase.RESOLVE, Phase.CONNECT}:
        return False
    return not (isinstance(details, TlsDetails) and (details.version or details.chain))
