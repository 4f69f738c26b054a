"""What each of KMS's operations would say, by the verdicts of a key store."""

from collections.abc import Iterable
from dataclasses import dataclass

from probe.model.evidence import Evidence
from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    PredictedError,
    Prediction,
    Trait,
    Verdict,
)
from probe.requirements import Rule
from probe.verdicts.public_endpoint import AT_PROXY, is_public, operations_of

# The order in which each operation comes to a fault; steps of one rank have none among them. Connect's is
# documented from the service to health, the others are inferred (docs/requirements.md).
_CONNECT = {step: rank for rank, step in enumerate(KmsStep)}
_UNORDERED_AT_CREATE = (KmsStep.DOMAIN, KmsStep.CONFIGURATION, KmsStep.NAME)
_CREATE = _CONNECT | dict.fromkeys(_UNORDERED_AT_CREATE, _CONNECT[KmsStep.DOMAIN])
_RANKS = {
    Operation.CREATE: _CREATE,
    Operation.UPDATE: _CREATE,
    Operation.CONNECT: _CONNECT,
    Operation.CREATE_KEY: _CONNECT,
}
_AFTER_LAST_STEP = len(KmsStep)
_BASES = tuple(Basis)  # the firmest first


def predict(
    verdicts: tuple[Verdict, ...], rules: tuple[Rule, ...], evidence: Evidence
) -> tuple[Prediction, ...]:
    """What each of the four operations would say.

    Errors of one name are one, with the strongest likelihood. An error that is expected masks those of later
    steps, since KMS does not come that far. An operation is decided when nothing that is still unknown
    could change what it says: an unknown behind an expected error could not, nor could one at an address that
    is known to fail. At the same step it depends: KMS checks several things of what is configured, in no
    known order, and may name any of them; but it has one connection, and what that met is what it says.
    An operation about which none of ``rules``, those that were judged, says anything is never decided.
    """
    required = tuple(rule for rule in rules if rule.published.level is Level.REQUIRED)
    public = is_public(evidence)
    return tuple(
        _prediction(
            operation,
            verdicts,
            frozenset(rule.id for rule in required if operation in operations_of(rule, public=public)),
        )
        for operation in Operation
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """One error of one verdict."""

    verdict: Verdict
    error: KmsError

    @property
    def place(self) -> int:
        return _place(self.error.operation, self.verdict)

    @property
    def masks(self) -> bool:
        return self.error.likelihood is Likelihood.EXPECTED and self.verdict.level is Level.REQUIRED


def _place(operation: Operation, verdict: Verdict) -> int:
    """When the operation comes to it: never, if it is advice."""
    return _AFTER_LAST_STEP if verdict.step is None else _RANKS[operation][verdict.step]


def _prediction(operation: Operation, verdicts: tuple[Verdict, ...], relevant: frozenset[str]) -> Prediction:
    """``relevant`` are the required requirements that the operation depends on."""
    faults = sorted(
        (_Fault(verdict=v, error=e) for v in verdicts for e in v.kms_errors if e.operation is operation),
        key=lambda fault: fault.place,
    )
    first = next((fault for fault in faults if fault.masks), None)
    names = dict.fromkeys(fault.error.error for fault in faults)
    return Prediction(
        operation=operation,
        decided=_is_decided(operation, verdicts, relevant, first),
        errors=tuple(_merged([f for f in faults if f.error.error == name], first) for name in names),
    )


def _merged(faults: list[_Fault], first: _Fault | None) -> PredictedError:
    """One error of several verdicts; masked only if each of them is."""
    unmasked = [fault for fault in faults if first is None or fault.place <= first.place]
    counted = unmasked or faults
    likely = [fault for fault in counted if fault.error.likelihood is Likelihood.EXPECTED] or counted
    return PredictedError(
        error=faults[0].error.error,
        likelihood=likely[0].error.likelihood,
        basis=min((fault.error.basis for fault in likely), key=_BASES.index),
        alternatives=_once(name for fault in counted for name in fault.error.alternatives),
        requirements=_once(fault.verdict.requirement for fault in faults),
        masked_by=None if unmasked or first is None else first.verdict.requirement,
    )


def _is_decided(
    operation: Operation, verdicts: tuple[Verdict, ...], relevant: frozenset[str], first: _Fault | None
) -> bool:
    failing = _first_failing_places(operation, verdicts)

    def matters(unknown: Verdict) -> bool:
        place = _place(operation, unknown)
        known_to_fail = failing.get(unknown.subject, _AFTER_LAST_STEP)
        if first is not None:
            beside = place == first.place and unknown.step not in AT_PROXY
            return (place < first.place or beside) and place < known_to_fail
        return place < known_to_fail

    return bool(relevant) and not any(
        verdict.outcome is Outcome.UNKNOWN and verdict.requirement in relevant and matters(verdict)
        for verdict in verdicts
    )


def _first_failing_places(operation: Operation, verdicts: tuple[Verdict, ...]) -> dict[str, int]:
    """For each address the earliest step at which KMS, if it comes there, is certain to fail."""
    places: dict[str, int] = {}
    for verdict in verdicts:
        certain = verdict.level is Level.REQUIRED or Trait.MEANS_SHUT in verdict.traits
        concerned = any(error.operation is operation for error in verdict.kms_errors)
        if certain and concerned and verdict.step in AT_PROXY:
            place = _place(operation, verdict)
            places[verdict.subject] = min(place, places.get(verdict.subject, place))
    return places


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
