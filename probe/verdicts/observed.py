"""Seen outranks configured: where a request got through, no finding about its way predicts an error."""

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
    """The verdicts, without the errors of a configured path that each node of its load balancer passes.

    What PrivateLink checks, and what only KMS's own connection meets (security group rules), can't be seen
    from here, and stays.
    """
    passed = frozenset(_passed(evidence))
    backends = frozenset(target.name for target in evidence.targets if target.role is Role.BACKEND)
    through = _of_nodes_alone(verdicts, evidence, backends)

    def weighed(verdict: Verdict) -> Verdict:
        if _is_refuted(verdict, passed):
            return _without_errors(verdict)
        hidden = verdict.outcome is Outcome.UNKNOWN or Trait.BACKENDS_ALONE in verdict.traits
        of_nodes = verdict.requirement in through and verdict.subject in backends
        return _not_from_here(verdict) if hidden and of_nodes else verdict

    return tuple(map(weighed, verdicts))


def _of_nodes_alone(
    verdicts: tuple[Verdict, ...], evidence: Evidence, backends: frozenset[str]
) -> frozenset[str]:
    """The requirements that every node meets and no target does: targets differ for us and for the nodes.

    They commonly admit the load balancer's addresses alone; behind a TLS listener they may speak plain HTTP.
    """
    nodes = frozenset(target.name for target in evidence.targets if target.role is Role.NODE)
    passed = nodes & _through(evidence)
    met = {v.requirement: set(passed) for v in verdicts if Trait.BACKENDS_ALONE in v.traits}
    for verdict in verdicts:
        if verdict.outcome is Outcome.MET:
            met.setdefault(verdict.requirement, set()).add(verdict.subject)
    return frozenset(
        id_ for id_, subjects in met.items() if nodes and nodes <= subjects and not subjects & backends
    )


def _not_from_here(verdict: Verdict) -> Verdict:
    """What is not seen of a target from here is no fault of it, and leaves nothing to be known of the way."""
    said = f"{verdict.because}; but every node passes requests on, and KMS comes through these"
    outcome = Outcome.UNKNOWN if Trait.BACKENDS_ALONE in verdict.traits else Outcome.NOT_APPLICABLE
    return replace(verdict, outcome=outcome, because=said, kms_errors=(), remedy=None)


def _is_refuted(verdict: Verdict, passed: frozenset[str]) -> bool:
    return (
        Trait.CONFIGURED_PATH in verdict.traits
        and verdict.outcome in (Outcome.VIOLATED, Outcome.UNKNOWN)
        and verdict.subject in passed
    )


def _without_errors(verdict: Verdict) -> Verdict:
    said = f"{verdict.because}; but requests through its nodes succeeded, so no error is predicted"
    return replace(verdict, because=said, kms_errors=())


def _passed(evidence: Evidence) -> Iterator[str]:
    """Load balancers, target groups and VPCs through all of whose nodes TLS or health succeeded."""
    if evidence.account is None or isinstance(evidence.account.load_balancers, Unavailable):
        return
    through = _through(evidence)
    vpcs: dict[str, bool] = {}
    for balancer in evidence.account.load_balancers:
        nodes = {t.name for t in evidence.targets if t.role is Role.NODE and t.host in _addresses(balancer)}
        passes = bool(nodes) and nodes <= through
        vpcs[balancer.vpc_id] = vpcs.get(balancer.vpc_id, True) and passes
        if passes:
            yield balancer.name
            groups = known(balancer.target_groups)
            yield from (group.name for group in groups)
    yield from (vpc_id for vpc_id, passes in vpcs.items() if passes)


def _through(evidence: Evidence) -> frozenset[str]:
    """The targets with which TLS or health succeeded."""
    seen = (*evidence.latest, *(each for each in evidence.recent if each.purpose))  # any one of health counts
    return frozenset(each.target.name for each in seen if _succeeded(each) and is_fresh(each, evidence))


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
