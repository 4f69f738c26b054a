"""What the KMS calls would return, in the words that every report and the page use. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Operation,
    Outcome,
    PredictedError,
    Prediction,
    Verdict,
)

CALLS: Mapping[Operation, str] = {
    Operation.CREATE: "CreateCustomKeyStore",
    Operation.UPDATE: "UpdateCustomKeyStore",
    Operation.CONNECT: "ConnectCustomKeyStore",
    Operation.CREATE_KEY: "CreateKey",
}
BASES: Mapping[Basis, str] = {
    Basis.DOCUMENTED: "documented",
    Basis.CONFLICTING: "AWS documentation is inconsistent",
    Basis.INFERRED: "inferred, not documented",
}
NO_ERROR = "no error expected"
NOT_EVALUATED = "not evaluated"
_ONLY_HERE = "KMS does not trust the CA of this certificate, only this agent does"
# The steps of a KMS call that only the AWS account can answer for.
_AWS_STEPS = frozenset({KmsStep.SERVICE, KmsStep.DOMAIN, KmsStep.CONFIGURATION})
_CAUSES = (
    (Outcome.VIOLATED, "violated"),
    (Outcome.UNKNOWN, "unknown"),
    (Outcome.MET, "met, but close to a limit"),
)
_MAX_NAMED = 2


def returned(prediction: Prediction | None) -> list[PredictedError]:
    """The errors that the call would return, or might."""
    return [error for error in prediction.errors if error.masked_by is None] if prediction else []


def hidden(prediction: Prediction | None) -> list[str]:
    """The errors that the call would return once the ones of `returned` are fixed."""
    errors = prediction.errors if prediction else ()
    return list(dict.fromkeys(error.error for error in errors if error.masked_by is not None))


def evaluates_aws(verdicts: Iterable[Verdict]) -> bool:
    """Whether the AWS side (endpoint service, domain, principals) was evaluated at all."""
    return any(verdict.step in _AWS_STEPS for verdict in verdicts)


def without_error(
    operation: Operation, prediction: Prediction | None, verdicts: Sequence[Verdict]
) -> tuple[Outcome, str]:
    """The result of a call for which no error is predicted.

    MET: no error is expected. UNKNOWN: undecided. NOT_APPLICABLE: not evaluated. CreateCustomKeyStore mostly
    checks the AWS account, which only preflight reads; without it the call counts as not evaluated.
    """
    has_aws = evaluates_aws(verdicts)
    if operation is Operation.CREATE and not has_aws:
        return Outcome.NOT_APPLICABLE, f"{NOT_EVALUATED} by the agent (use preflight)"
    if prediction is not None and prediction.decided:
        return Outcome.MET, NO_ERROR if has_aws else f"{NO_ERROR}; the AWS account was not evaluated"
    if prediction is not None and prediction.unknown_requirements:
        missing = _named(prediction.unknown_requirements)
        return Outcome.UNKNOWN, f"undecided: required information is missing ({missing})"
    if prediction is not None and prediction.rests_on_extra_authority:
        return Outcome.UNKNOWN, f"undecided: {_ONLY_HERE}"
    return Outcome.NOT_APPLICABLE, NOT_EVALUATED


def causes(error: PredictedError, verdicts: Iterable[Verdict]) -> str:
    """Why the error is predicted: ``violated: common-name-matches``; "" if no requirement is named."""
    listed = [verdict for verdict in verdicts if verdict.requirement in error.requirements]
    left = dict.fromkeys(error.requirements)
    parts = []
    for outcome, words in _CAUSES:
        of_outcome = {v.requirement for v in listed if v.outcome is outcome}
        named = [requirement for requirement in left if requirement in of_outcome]
        if named:
            parts.append(f"{words}: {', '.join(named)}")
        left = dict.fromkeys(requirement for requirement in left if requirement not in named)
    return "; ".join([*parts, *([", ".join(left)] if left else [])])


def alternatives(error: PredictedError | KmsError) -> str:
    """The basis of a prediction and the other names AWS uses, for the end of a line."""
    others = "".join(f"; or {name}" for name in error.alternatives)
    return f"{BASES[error.basis]}{others}"


def _named(requirements: Sequence[str]) -> str:
    more = len(requirements) - _MAX_NAMED
    return ", ".join(requirements[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
