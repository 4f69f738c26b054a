"""Public endpoint connectivity: create speaks with the proxy, and meets what update would meet."""

from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.verdicts import KmsError, KmsStep, Operation, Verdict
from probe.requirements.declare import Rule

# What KMS meets by its one connection with the proxy, at the first fault of which it ends.
AT_PROXY = frozenset({KmsStep.NETWORK, KmsStep.TLS, KmsStep.HEALTH})
# A store with public connectivity has no endpoint service of which KMS could speak.
_OF_A_SERVICE = "XKS_VPC_ENDPOINT_SERVICE_"


def is_public(evidence: Evidence) -> bool:
    return evidence.spec is not None and evidence.spec.is_public


def apply(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts; for a store with public connectivity update's errors of the proxy are create's, too.

    With VPC connectivity create does not speak with the proxy (API reference, XksProxyUriEndpoint).
    """
    if not is_public(evidence):
        return verdicts
    return tuple(replace(each, kms_errors=_errors(each)) if each.kms_errors else each for each in verdicts)


def operations_of(rule: Rule, *, public: bool) -> frozenset[Operation]:
    """The calls that would fail if the requirement were violated."""
    named = frozenset(error.operation for error in rule.published.errors)
    too = public and rule.published.step in AT_PROXY and Operation.UPDATE in named
    return named | {Operation.CREATE} if too else named


def _errors(verdict: Verdict) -> tuple[KmsError, ...]:
    errors = tuple(
        replace(error, alternatives=tuple(n for n in error.alternatives if not n.startswith(_OF_A_SERVICE)))
        for error in verdict.kms_errors
    )
    if verdict.step not in AT_PROXY or any(e.operation is Operation.CREATE for e in errors):
        return errors
    at_create = (
        replace(error, operation=Operation.CREATE) for error in errors if error.operation is Operation.UPDATE
    )
    return (*at_create, *errors)
