"""Public endpoint connectivity: create contacts the proxy, and can fail with the same errors as update."""

from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.verdicts import KmsError, KmsStep, Operation, Verdict
from probe.requirements.declare import Rule

# The steps on KMS's one connection to the proxy; the first failure ends the connection.
AT_PROXY = frozenset({KmsStep.NETWORK, KmsStep.TLS, KmsStep.HEALTH})
# A store with public connectivity has no endpoint service, so these errors cannot occur.
_SERVICE_ERRORS = "XKS_VPC_ENDPOINT_SERVICE_"


def is_public(evidence: Evidence) -> bool:
    return evidence.spec is not None and evidence.spec.is_public


def apply(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts; for a store with public connectivity, update's errors at the proxy are also create's.

    With VPC connectivity create does not contact the proxy (API reference, XksProxyUriEndpoint).
    """
    if not is_public(evidence):
        return verdicts
    return tuple(replace(each, kms_errors=_errors(each)) if each.kms_errors else each for each in verdicts)


def operations_of(rule: Rule, *, public: bool) -> frozenset[Operation]:
    """The operations that would fail if the requirement were violated."""
    declared = frozenset(error.operation for error in rule.published.errors)
    create_too = public and rule.published.step in AT_PROXY and Operation.UPDATE in declared
    return declared | {Operation.CREATE} if create_too else declared


def _errors(verdict: Verdict) -> tuple[KmsError, ...]:
    errors = tuple(
        replace(error, alternatives=tuple(n for n in error.alternatives if not n.startswith(_SERVICE_ERRORS)))
        for error in verdict.kms_errors
    )
    if verdict.step not in AT_PROXY or any(e.operation is Operation.CREATE for e in errors):
        return errors
    at_create = (
        replace(error, operation=Operation.CREATE) for error in errors if error.operation is Operation.UPDATE
    )
    return (*at_create, *errors)
