"""Predicts the errors of each KMS operation from the verdicts of a key store."""

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

# The order of the steps in each operation; steps with the same number have no known order. AWS documents
# parts of the order of connect; the rest is inferred (docs/requirements.md).
_CONNECT = {step: number for number, step in enumerate(KmsStep)}
_UNORDERED_AT_CREATE = (KmsStep.DOMAIN, KmsStep.CONFIGURATION, KmsStep.NAME)
_CREATE = _CONNECT | dict.fromkeys(_UNORDERED_AT_CREATE, _CONNECT[KmsStep.DOMAIN])
_ORDERS = {
    Operation.CREATE: _CREATE,
    Operation.UPDATE: _CREATE,
    Operation.CONNECT: _CONNECT,
    Operation.CREATE_KEY: _CONNECT,
}
_AFTER_LAST_STEP = len(KmsStep)
_BASES = tuple(Basis)  # the most certain first


def predict(
    verdicts: tuple[Verdict, ...], rules: tuple[Rule, ...], evidence: Evidence
) -> tuple[Prediction, ...]:
    """The prediction for each of the four operations. ``rules`` are the requirements that were judged.

    Errors with the same name are merged; the highest likelihood wins. An expected error masks the errors of
    later steps, because KMS stops at the earlier step.

    A prediction is *decided* if no open requirement could change it (docs/decisions/0004). A requirement is
    open if it is unknown, or met only with an extra CA, which KMS does not trust. It cannot change the
    prediction if an expected error comes at an earlier step, or if KMS is known to fail at an earlier or the
    same step at the address concerned. At the same step as an expected error it depends: KMS checks
    configuration in no known order and may report any fault, so the prediction is undecided; but it makes
    only one connection (network, TLS, health), and reports the first failure on it. An operation with no
    required requirement among ``rules`` is never decided.
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
class _Cause:
    """One verdict and one of its errors."""

    verdict: Verdict
    error: KmsError

    @property
    def order(self) -> int:
        return _order(self.error.operation, self.verdict)

    @property
    def masks(self) -> bool:
        return self.error.likelihood is Likelihood.EXPECTED and self.verdict.level is Level.REQUIRED


def _order(operation: Operation, verdict: Verdict) -> int:
    """The number of the verdict's step in the operation. Advice comes after the last step."""
    return _AFTER_LAST_STEP if verdict.step is None else _ORDERS[operation][verdict.step]


def _prediction(operation: Operation, verdicts: tuple[Verdict, ...], relevant: frozenset[str]) -> Prediction:
    """``relevant`` are the ids of the required requirements that can make the operation fail."""
    causes = sorted(
        (_Cause(verdict=v, error=e) for v in verdicts for e in v.kms_errors if e.operation is operation),
        key=lambda cause: cause.order,
    )
    first = next((cause for cause in causes if cause.masks), None)
    names = dict.fromkeys(cause.error.error for cause in causes)
    still_open = _open(operation, verdicts, relevant, first)
    return Prediction(
        operation=operation,
        decided=bool(relevant) and not still_open,
        unknown_requirements=_unique(v.requirement for v in still_open if v.outcome is Outcome.UNKNOWN),
        rests_on_extra_authority=any(v.rests_on_extra_authority for v in still_open),
        errors=tuple(_merged([c for c in causes if c.error.error == name], first) for name in names),
    )


def _merged(causes: list[_Cause], first: _Cause | None) -> PredictedError:
    """One error with all its causes; masked only if every cause is."""
    unmasked = [cause for cause in causes if first is None or cause.order <= first.order]
    counted = unmasked or causes
    likely = [cause for cause in counted if cause.error.likelihood is Likelihood.EXPECTED] or counted
    return PredictedError(
        error=causes[0].error.error,
        likelihood=likely[0].error.likelihood,
        basis=min((cause.error.basis for cause in likely), key=_BASES.index),
        alternatives=_unique(name for cause in counted for name in cause.error.alternatives),
        requirements=_unique(cause.verdict.requirement for cause in causes),
        masked_by=None if unmasked or first is None else first.verdict.requirement,
    )


def _open(
    operation: Operation, verdicts: tuple[Verdict, ...], relevant: frozenset[str], first: _Cause | None
) -> tuple[Verdict, ...]:
    """The open verdicts on relevant requirements that could change what the operation returns."""
    first_failures = _first_failures(operation, verdicts)

    def could_change_it(verdict: Verdict) -> bool:
        order = _order(operation, verdict)
        before_failure = order < first_failures.get(verdict.subject, _AFTER_LAST_STEP)
        if first is None:
            return before_failure
        same_step = order == first.order and verdict.step not in AT_PROXY
        return before_failure and (order < first.order or same_step)

    return tuple(
        verdict
        for verdict in verdicts
        if verdict.is_open and verdict.requirement in relevant and could_change_it(verdict)
    )


def _first_failures(operation: Operation, verdicts: tuple[Verdict, ...]) -> dict[str, int]:
    """For each address, the number of the first step at which KMS certainly fails, if it connects there."""
    failures: dict[str, int] = {}
    for verdict in verdicts:
        required = verdict.level is Level.REQUIRED and not verdict.may_pass
        certain = required or Trait.MEANS_SHUT in verdict.traits
        concerned = any(error.operation is operation for error in verdict.kms_errors)
        if certain and concerned and verdict.step in AT_PROXY:
            order = _order(operation, verdict)
            failures[verdict.subject] = min(order, failures.get(verdict.subject, order))
    return failures


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
