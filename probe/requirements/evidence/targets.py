"""Which targets a requirement is about, and what was last measured of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from probe.model.account import known
from probe.model.evidence import Evidence
from probe.model.kinds import CHECKS, CONFORMANCE_INTERVAL_S, ON_PATH
from probe.model.measurements import HEALTH_PURPOSE, Certificate, Measurement, Phase, TlsDetails
from probe.model.targets import Check, Role, Target
from probe.requirements.declare import Finding, unknown
from probe.requirements.evidence.account import load_balancers_of, values_of
from probe.requirements.wording import why

NOT_MEASURED = "not measured yet"
NOT_CHECKED = "its TLS is not checked by this configuration"
# A verdict rests on what is, not on what was: after three missed turns nothing is known any more. Never
# before a minute, so that a hiccup of this machine does not turn every verdict over.
STALE_AFTER_INTERVALS = 3
STALE_AFTER_S = 60.0


def of_role(evidence: Evidence, *roles: Role) -> tuple[Target, ...]:
    return tuple(target for target in evidence.targets if target.role in roles)


def entries(evidence: Evidence) -> tuple[Target, ...]:
    """Where KMS's connections come in: the load balancer's nodes; without one, the proxy's own name."""
    return of_role(evidence, Role.NODE) or of_role(evidence, Role.PROXY)


def common_subject(targets: tuple[Target, ...]) -> str:
    """The subject of a finding about all of ``targets``: the one's name, else their key store."""
    if len(targets) == 1:
        return targets[0].name
    return next((target.key_store for target in targets if target.key_store), "key store")


def latest(evidence: Evidence, check: Check) -> Mapping[str, Measurement]:
    """The newest measurement by ``check`` of each target, by the target's name; none that is stale."""
    return {
        each.target.name: each for each in evidence.latest if each.check is check and is_fresh(each, evidence)
    }


def is_fresh(measurement: Measurement, evidence: Evidence) -> bool:
    """It is no older than three intervals of its plan, or a minute; without a plan it does not age.

    What is asked each six hours may be twice as old.
    """
    plan = measurement.target.plan(CHECKS[measurement.check].comes_with or measurement.check)
    if plan is None:
        return True
    limit_s = max(STALE_AFTER_INTERVALS * plan.interval_s, STALE_AFTER_S)
    if measurement.purpose not in ("", HEALTH_PURPOSE):
        limit_s = max(limit_s, 2 * CONFORMANCE_INTERVAL_S)
    return evidence.taken_at_s - measurement.started_at_s <= limit_s


def tls_targets(evidence: Evidence) -> Iterator[tuple[Target, Measurement | None]]:
    """The targets that are to be probed by TLS, each with what was last measured.

    And the ways in, though nobody probes them so: of a node that is not looked at nothing is known.
    """
    measured = latest(evidence, Check.TLS)
    ways_in = {target.name for target in entries(evidence)}
    for target in of_role(evidence, *ON_PATH):
        measurement = measured.get(target.name)
        if measurement is not None or is_checked(target) or target.name in ways_in:
            yield target, measurement


def is_checked(target: Target) -> bool:
    """Its TLS is to be probed."""
    return target.plan(Check.TLS) is not None


def each_handshake(
    evidence: Evidence, judge: Callable[[Target, Measurement, TlsDetails], Finding]
) -> Iterator[Finding]:
    """One finding a target: ``judge``'s, where a connection was made and so a handshake begun."""
    for target, measurement in tls_targets(evidence):
        if measurement is None:
            finding = unknown(NOT_MEASURED if is_checked(target) else NOT_CHECKED)
        elif isinstance(measurement.details, TlsDetails) and not _ended_before_handshake(measurement):
            finding = judge(target, measurement, measurement.details)
        else:
            reason = f" ({why(measurement.failure)})" if measurement.failure else ""
            finding = unknown(f"no handshake{reason}")
        yield replace(finding, subject=target.name, values={**values_at(evidence, target), **finding.values})


def values_at(evidence: Evidence, target: Target) -> Mapping[str, str]:
    """What stands in a remedy for the words in capitals, where it is about one address."""
    name = target.server_name or target.host
    values = {
        "ADDRESS:443": f"{target.host}:{target.port}",  # 443 as long as nobody says another one
        "ADDRESS": target.host,
        "PRIVATE-DNS-NAME": name,
        "PARENT-DOMAIN": name.partition(".")[2] or name,
    }
    for balancer in load_balancers_of(evidence):
        nodes = known(balancer.nodes)
        if target.host in {*(node.address for node in nodes), *(zone.address for zone in balancer.zones)}:
            values["LOAD-BALANCER-ARN"] = balancer.arn
        for group in balancer.forwarded_groups:
            registered = known(group.targets)
            if target.host in {each.id for each in registered}:
                values["TARGET-GROUP-ARN"] = group.arn
    return {**values_of(evidence), **values}


def each_leaf(
    evidence: Evidence, judge: Callable[[Target, TlsDetails, Certificate], Finding]
) -> Iterator[Finding]:
    """One finding a target: ``judge``'s, where a certificate was sent that can be read."""

    def look(target: Target, measurement: Measurement, details: TlsDetails) -> Finding:
        if not details.chain:
            reason = f" ({why(measurement.failure)})" if measurement.failure else ""
            return unknown(f"no certificate was received{reason}")
        leaf = details.chain[0]
        if leaf.not_before_s is None or leaf.not_after_s is None:
            return unknown("the server's certificate cannot be read")
        return judge(target, details, leaf)

    return each_handshake(evidence, look)


def _ended_before_handshake(measurement: Measurement) -> bool:
    """A connection with a lost packet is one: the handshake went on over it."""
    failure, details = measurement.failure, measurement.details
    if failure is None or failure.phase not in {Phase.RESOLVE, Phase.CONNECT}:
        return False
    return not (isinstance(details, TlsDetails) and (details.version or details.chain))
