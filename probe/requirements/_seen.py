"""Seen outranks configured: where a request got through, no finding about its way predicts an error."""

from collections.abc import Iterator
from dataclasses import replace

from probe.model.account import LoadBalancer, Unavailable
from probe.model.measurements import HealthDetails, Measurement, TlsDetails
from probe.model.targets import Check, Role
from probe.model.verdicts import Evidence, Outcome, Verdict
from probe.requirements._subjects import is_fresh

# What is configured of the way from the endpoint service to the proxy. What PrivateLink checks, and what only
# KMS's own connection meets (security group rules), can't be seen from here.
OF_THE_WAY = frozenset(
    {
        "load-balancer-is-active",
        "load-balancer-has-ipv4",
        "listener-forwards-443",
        "two-targets-are-healthy",
        "every-zone-has-a-healthy-target",
        "network-routes-reach-every-target",
        "proxy-protocol-is-off",
    }
)
_OK = 200


def seen(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts, without the errors of a configured way that each node of its load balancer passes."""
    passed = frozenset(_passed(evidence))
    return tuple(_without_errors(each) if _is_refuted(each, passed) else each for each in verdicts)


def _is_refuted(verdict: Verdict, passed: frozenset[str]) -> bool:
    return (
        verdict.requirement in OF_THE_WAY
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
    through = {each.target.name for each in evidence.latest if _succeeded(each) and is_fresh(each, evidence)}
    vpcs: dict[str, bool] = {}
    for balancer in evidence.account.load_balancers:
        nodes = {t.name for t in evidence.targets if t.role is Role.NODE and t.host in _addresses(balancer)}
        passes = bool(nodes) and nodes <= through
        vpcs[balancer.vpc_id] = vpcs.get(balancer.vpc_id, True) and passes
        if passes:
            yield balancer.name
            groups = () if isinstance(balancer.target_groups, Unavailable) else balancer.target_groups
            yield from (group.name for group in groups)
    yield from (vpc_id for vpc_id, passes in vpcs.items() if passes)


def _addresses(balancer: LoadBalancer) -> frozenset[str]:
    nodes = () if isinstance(balancer.nodes, Unavailable) else balancer.nodes
    return frozenset({node.address for node in nodes} | {zone.address or "" for zone in balancer.zones})


def _succeeded(measurement: Measurement) -> bool:
    details = measurement.details
    if measurement.failure is not None:
        return False
    if measurement.check is Check.TLS:
        return isinstance(details, TlsDetails) and details.kms_handshake_succeeded
    return isinstance(details, HealthDetails) and details.purpose == "health" and details.status == _OK
