"""Public endpoint connectivity: create speaks with the proxy, and meets what update would meet."""

from dataclasses import replace

from probe.model.preflight import PUBLIC_CONNECTIVITY
from probe.model.verdicts import Evidence, KmsError, Operation, Position, Verdict

_MET_AT_CREATE = frozenset({Position.NETWORK, Position.TLS, Position.HEALTH})


def as_public(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts; for a store with public connectivity update's errors of the proxy are create's, too.

    With VPC connectivity create does not speak with the proxy (API reference, XksProxyUriEndpoint).
    """
    if evidence.proposal is None or evidence.proposal.connectivity != PUBLIC_CONNECTIVITY:
        return verdicts
    return tuple(
        replace(each, kms_errors=(*_at_create(each), *each.kms_errors)) if _concerns(each) else each
        for each in verdicts
    )


def _concerns(verdict: Verdict) -> bool:
    return verdict.position in _MET_AT_CREATE and not any(
        error.operation is Operation.CREATE for error in verdict.kms_errors
    )


def _at_create(verdict: Verdict) -> tuple[KmsError, ...]:
    return tuple(
        replace(error, operation=Operation.CREATE)
        for error in verdict.kms_errors
        if error.operation is Operation.UPDATE
    )
