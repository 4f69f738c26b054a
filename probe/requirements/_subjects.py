"""Which targets a requirement is about, and what was last measured of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from probe.model.measurements import Certificate, Measurement, Phase, TlsDetails
from probe.model.targets import Check, Role, Target
from probe.model.verdicts import Evidence
from probe.requirements._declare import Finding, unknown
from probe.requirements._wording import why

PATH_ROLES = (Role.PROXY, Role.NODE, Role.BACKEND)
NOT_MEASURED = "not measured yet"


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
    """The newest measurement by ``check`` of each target, by the target's name."""
    return {each.target.name: each for each in evidence.latest if each.check is check}


def tls_targets(evidence: Evidence) -> Iterator[tuple[Target, Measurement | None]]:
    """The targets that are to be probed by TLS, each with what was last measured."""
    measured = latest(evidence, Check.TLS)
    for target in of_role(evidence, *PATH_ROLES):
        measurement = measured.get(target.name)
        if measurement is not None or target.plan(Check.TLS) is not None:
            yield target, measurement


def each_handshake(
    evidence: Evidence, judge: Callable[[Target, Measurement, TlsDetails], Finding]
) -> Iterator[Finding]:
    """One finding a target: ``judge``'s, where a connection was made and so a handshake begun."""
    for target, measurement in tls_targets(evidence):
        if measurement is None:
            finding = unknown(NOT_MEASURED)
        elif isinstance(measurement.details, TlsDetails) and not _ended_before_handshake(measurement):
            finding = judge(target, measurement, measurement.details)
        else:
            reason = f" ({why(measurement.failure)})" if measurement.failure else ""
            finding = unknown(f"no handshake{reason}")
        yield replace(finding, subject=target.name)


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
