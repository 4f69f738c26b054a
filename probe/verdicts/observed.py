"""Measurements override configuration: if requests succeeded, findings about their path predict no error."""

from collections.abc import Iterator
from dataclasses import replace

from probe.model.account import LoadBalancer, Unavailable, known
from probe.model.evidence import Evidence
from probe.model.measurements import HEALTH_PURPOSE, HealthDetails, Measurement, TlsDetails
from probe.model.targets import Check, Role
from probe.model.verdicts import Outcome, Trait, Verdict
from probe.requirements.evidence.targets import is_fresh

_OK = 200


def apply(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts, without errors of a configured path if requests succeeded through every node of it.

    Errors that only KMS's own connection can get (checks by PrivateLink, security group rules) stay.
    """
    passed = frozenset(_passed(evidence))
    backends = frozenset(target.name for target in evidence.targets if target.role is Role.BACKEND)
    only_nodes = _met_only_by_nodes(verdicts, evidence, backends)

    def corrected(verdict: Verdict) -> Verdict:
        if _is_refuted(verdict, passed):
            return _without_errors(verdict)
        not_seen = verdict.outcome is Outcome.UNKNOWN or Trait.BACKENDS_ALONE in verdict.traits
        of_backend = verdict.requirement in only_nodes and verdict.subject in backends
        return _unreachable_from_agent(verdict) if not_seen and of_backend else verdict

    return tuple(map(corrected, verdicts))


def _met_only_by_nodes(
    verdicts: tuple[Verdict, ...], evidence: Evidence, backends: frozenset[str]
) -> frozenset[str]:
    """The requirements that every node meets and no backend does: backends may treat the agent differently.

    They often accept connections only from the load balancer; behind a TLS listener they may use plain HTTP.
    """
    nodes = frozenset(target.name for target in evidence.targets if target.role is Role.NODE)
    passed = nodes & _succeeded_targets(evidence)
    met = {v.requirement: set(passed) for v in verdicts if Trait.BACKENDS_ALONE in v.traits}
    for verdict in verdicts:
        if verdict.outcome is Outcome.MET:
            met.setdefault(verdict.requirement, set()).add(verdict.subject)
    return frozenset(
        id_ for id_, subjects in met.items() if nodes and nodes <= subjects and not subjects & backends
    )


def _unreachable_from_agent(verdict: Verdict) -> Verdict:
    """That the agent cannot test a backend is not a fault, and leaves nothing unknown about the path."""
    because = (
        f"{verdict.because}; but requests through every node succeeded, and KMS connects through the nodes"
    )
    outcome = Outcome.UNKNOWN if Trait.BACKENDS_ALONE in verdict.traits else Outcome.NOT_APPLICABLE
    return replace(verdict, outcome=outcome, because=because, kms_errors=(), remedy=None)


def _is_refuted(verdict: Verdict, passed: frozenset[str]) -> bool:
    return (
        Trait.CONFIGURED_PATH in verdict.traits
        and verdict.outcome in (Outcome.VIOLATED, Outcome.UNKNOWN)
        and verdict.subject in passed
    )


def _without_errors(verdict: Verdict) -> Verdict:
    if Trait.MET_IF_SEEN in verdict.traits:
        because = f"{verdict.because}; but requests through its nodes succeeded"
        return replace(verdict, outcome=Outcome.MET, because=because, kms_errors=(), remedy=None)
    because = f"{verdict.because}; but requests through its nodes succeeded, so no error is predicted"
    return replace(verdict, because=because, kms_errors=())


def _passed(evidence: Evidence) -> Iterator[str]:
    """The load balancers, target groups and VPCs for which TLS or health succeeded through every node."""
    if evidence.account is None or isinstance(evidence.account.load_balancers, Unavailable):
        return
    succeeded = _succeeded_targets(evidence)
    vpcs: dict[str, bool] = {}
    for balancer in evidence.account.load_balancers:
        nodes = {t.name for t in evidence.targets if t.role is Role.NODE and t.host in _addresses(balancer)}
        passes = bool(nodes) and nodes <= succeeded
        vpcs[balancer.vpc_id] = vpcs.get(balancer.vpc_id, True) and passes
        if passes:
            yield balancer.name
            groups = known(balancer.target_groups)
            yield from (group.name for group in groups)
    yield from (vpc_id for vpc_id, passes in vpcs.items() if passes)


def _succeeded_targets(evidence: Evidence) -> frozenset[str]:
    """The targets with which TLS or health succeeded."""
    # Any recent health request counts, not only the latest.
    measured = (*evidence.latest, *(each for each in evidence.recent if each.purpose))
    return frozenset(each.target.name for each in measured if _succeeded(each) and is_fresh(each, evidence))


def _addresses(balancer: LoadBalancer) -> frozenset[str]:
    nodes = known(balancer.nodes)
    return frozenset({node.address for node in nodes} | {zone.address or "" for zone in balancer.zones})


def _succeeded(measurement: Measurement) -> bool:
    details = measurement.details
    if measurement.failure is not None:
        return False
    if measurement.check is Check.TLS:
        return isinstance(details, TlsDetails) and details.kms_handshake_succeeded
    return isinstance(details, HealthDetails) and details.purpose == HEALTH_PURPOSE and details.status == _OK
