"""The parts of JSON documents that judge: verdicts, and the errors KMS would return."""

from collections.abc import Mapping

from exporters.report.fields import TEXT_LIMIT, Fields
from probe.model.text import clean
from probe.model.verdicts import KmsError, Operation, PredictedError, Prediction, ReportedState, Verdict


def kms_error(error: KmsError) -> Fields:
    """An error that KMS may return, and for which operation."""
    return {
        "operation": error.operation.value,
        "error": error.error,
        "likelihood": error.likelihood.value,
        "basis": error.basis.value,
        "alternatives": list(error.alternatives),
    }


def verdict(value: Verdict) -> Fields:
    """The verdict on one requirement for one subject."""
    remedy = value.remedy
    return {
        "requirement": value.requirement,
        "level": value.level.value,
        "subject": clean(value.subject, TEXT_LIMIT),
        "outcome": value.outcome.value,
        "because": clean(value.because, TEXT_LIMIT),
        "kms_errors": [kms_error(error) for error in value.kms_errors],
        "remedy": remedy
        and {
            "text": clean(remedy.text, TEXT_LIMIT),
            "console": clean(remedy.console, TEXT_LIMIT),
            "cli": clean(remedy.cli, TEXT_LIMIT),
        },
        "source": value.source,
        "told_by": list(value.told_by),
        "rests_on_extra_authority": value.rests_on_extra_authority,
        "inferred": value.is_inferred,
    }


def reported_state(value: ReportedState | None) -> Fields | None:
    """What KMS reports for an existing key store, and whether the prediction agrees."""
    if value is None:
        return None
    return {
        "connection_state": clean(value.connection_state),
        "connection_error_code": clean(value.connection_error_code or "") or None,
        "agrees": value.agrees,
        "because": clean(value.because),
    }


def predictions(values: tuple[Prediction, ...]) -> Mapping[str, object]:
    """All four operations; ``decided`` is false for an operation without a prediction."""
    by_operation = {prediction.operation: prediction for prediction in values}
    return {
        operation.value: prediction(
            by_operation.get(operation) or Prediction(operation=operation, decided=False)
        )
        for operation in Operation
    }


def prediction(value: Prediction) -> Fields:
    return {
        "decided": value.decided,
        "unknown_requirements": list(value.unknown_requirements),
        "rests_on_extra_authority": value.rests_on_extra_authority,
        "errors": [_predicted(error) for error in value.errors],
    }


def _predicted(error: PredictedError) -> Fields:
    return {
        "error": error.error,
        "likelihood": error.likelihood.value,
        "basis": error.basis.value,
        "alternatives": list(error.alternatives),
        "requirements": list(error.requirements),
        "masked_by": error.masked_by,
    }
