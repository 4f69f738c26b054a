"""The banner at the top: what KMS would return now, why, and how to fix it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from exporters.headline import State
from exporters.predictions import returned, without_error
from probe.model.verdicts import (
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    PredictedError,
    Prediction,
    Remedy,
    Report,
    Verdict,
)

# KMS also checks what is not evaluated here, and trusts only the CAs on its own list: no text here may read
# as "KMS would connect".
_CLEAR = "No problem found on the network or in TLS"
_CLEAR_WITH_HEALTH = "No problem found on the network, in TLS or in the proxy's responses"
_CLEAR_WITH_ALL = "No problem found in AWS, on the network, in TLS or in the proxy's responses"
_AWS_SIDE, _PROXY_SIDE = "the AWS account", "the credential and the proxy's responses"
_OF_AWS = frozenset({KmsStep.SERVICE, KmsStep.DOMAIN, KmsStep.CONFIGURATION})
_REFUSED = "but KMS would refuse the certificate: it relies on an extra CA that KMS does not trust"


_WORST_FIRST = (State.BAD, State.RISK, State.UNDECIDED, State.GOOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """``headline`` is a sentence without its full stop; ``error`` is the KMS error named in it, if any."""

    state: State
    headline: str
    because: str = ""
    error: str | None = None
    remedy: Remedy | None = None
    notes: tuple[str, ...] = ()


def banners(reports: Iterable[Report]) -> tuple[tuple[Report | None, Banner], ...]:
    """Each report with its banner, the worst first; one undecided banner before the first report."""
    shown = [(report, _with_notes(banner(report), report)) for report in reports]
    return tuple(sorted(shown, key=lambda each: _WORST_FIRST.index(each[1].state))) or ((None, banner(None)),)


def _with_notes(shown: Banner, report: Report) -> Banner:
    """The banner, and the report's notes about the input after its own."""
    return replace(shown, notes=(*shown.notes, *map(_sentence, report.notes)))


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}."


def banner(report: Report | None) -> Banner:
    """The result for ConnectCustomKeyStore, the call that needs the whole path."""
    prediction = prediction_of(report, Operation.CONNECT)
    if report is None or prediction is None:
        return Banner(
            state=State.UNDECIDED, headline="Undecided: the first round of measurements is not finished"
        )
    expected = _first_unmasked(prediction, Likelihood.EXPECTED)
    if expected is not None:
        return _failing(report, prediction, expected)
    if prediction.unknown_requirements or not (prediction.decided or prediction.rests_on_extra_authority):
        return _undecided(report)
    possible = _first_unmasked(prediction, Likelihood.POSSIBLE)
    if possible is not None:
        return _at_risk(report, possible)
    return _clear(report)


def prediction_of(report: Report | None, operation: Operation) -> Prediction | None:
    predictions = report.predictions if report else ()
    return next((p for p in predictions if p.operation is operation), None)


def summary(report: Report | None, operation: Operation) -> str:
    """The result of one KMS call, in a few words."""
    prediction = prediction_of(report, operation)
    errors = returned(prediction)
    expected = next((e for e in errors if e.likelihood is Likelihood.EXPECTED), None)
    if expected is not None:
        return f"would fail with {expected.error}"
    if errors and prediction is not None and prediction.decided:
        return f"{errors[0].error} possible"
    return without_error(operation, prediction, report.verdicts if report else ())[1]


def _first_unmasked(prediction: Prediction, likelihood: Likelihood) -> PredictedError | None:
    """The first error of that likelihood that no earlier error hides."""
    return next((e for e in prediction.errors if e.likelihood is likelihood and e.masked_by is None), None)


def _clear(report: Report) -> Banner:
    """No problem was found; what was not evaluated is listed."""
    judged = {verdict.step for verdict in report.verdicts}
    has_health, has_aws = KmsStep.HEALTH in judged, bool(_OF_AWS & judged)
    missing = [*([] if has_aws else [_AWS_SIDE]), *([] if has_health else [_PROXY_SIDE])]
    with_health = _CLEAR_WITH_ALL if has_aws else _CLEAR_WITH_HEALTH
    headline = with_health if has_health else _CLEAR
    rest = f"not evaluated: {', '.join(missing)}"
    if report.rests_on_extra_authority:
        return Banner(state=State.RISK, headline=headline, because=_REFUSED, notes=(rest,) if missing else ())
    return Banner(state=State.GOOD, headline=headline, because=rest if missing else "")


def _failing(report: Report, prediction: Prediction, error: PredictedError) -> Banner:
    cause = _cause(report, error)
    notes = _notes(error)
    if not prediction.decided:
        notes += ("Other required requirements are still unknown.",)
    return Banner(
        state=State.BAD,
        headline=f"KMS would fail with {error.error}",
        because=_with_subject(cause) if cause else "",
        error=error.error,
        remedy=cause.remedy if cause else None,
        notes=notes,
    )


def _at_risk(report: Report, error: PredictedError) -> Banner:
    cause = _cause(report, error)
    return Banner(
        state=State.RISK,
        headline=f"KMS may return {error.error} intermittently",
        because=_with_subject(cause) if cause else "",
        error=error.error,
        remedy=cause.remedy if cause else None,
        notes=_notes(error),
    )


def _undecided(report: Report) -> Banner:
    unknown = [v for v in report.verdicts if v.outcome is Outcome.UNKNOWN and v.level is Level.REQUIRED]
    if not unknown:
        return Banner(state=State.UNDECIDED, headline="Undecided: not everything has been measured yet")
    requirements = len({v.requirement for v in unknown})
    noun = "requirement is" if requirements == 1 else "requirements are"
    return Banner(
        state=State.UNDECIDED,
        headline=f"Undecided: {requirements} required {noun} unknown",
        because=_with_subject(unknown[0]),
        remedy=unknown[0].remedy,
    )


def _cause(report: Report, error: PredictedError) -> Verdict | None:
    """The verdict that leads to ``error``: a violated one, else one that predicts it although it is met."""
    named = [v for v in report.verdicts if v.requirement in error.requirements]
    violated = [v for v in named if v.outcome is Outcome.VIOLATED]
    return next(iter(violated or named), None)


def _notes(error: PredictedError) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if error.alternatives:
        notes += (f"According to AWS's documentation it may also be {', '.join(error.alternatives)}.",)
    match error.basis.value:
        case "inferred":
            notes += ("AWS does not document which error this causes; it is inferred.",)
        case "conflicting":
            notes += ("AWS's documentation is inconsistent about which error this causes.",)
    return notes


def _with_subject(verdict: Verdict) -> str:
    return f"{verdict.subject}: {verdict.because}" if verdict.subject else verdict.because
