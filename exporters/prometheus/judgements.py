"""Converts reports and surveys to rows of label values and numbers. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from exporters.prometheus.families import Labels, label
from exporters.prometheus.kms_errors import KMS_ERRORS
from probe.model.survey import Survey
from probe.model.verdicts import Likelihood, Operation, Outcome, Report, Verdict

MAX_SUBJECTS = 64
_WORST_FIRST = (Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.MET, Outcome.NOT_APPLICABLE)


def outcome_rows(reports: Sequence[Report]) -> dict[Labels, float]:
    """One row per report, requirement, subject and outcome: 1 for the current outcome, 0 for the others."""
    rows: dict[Labels, float] = {}
    for report in reports:
        for requirement, outcomes in _outcomes(report.verdicts).items():
            for subject, outcome in _worst(outcomes):
                for other in Outcome:
                    rows[label(report.key_store), requirement, subject, other.value] = float(other is outcome)
    return rows


def prediction_rows(key_stores: Iterable[str], reports: Sequence[Report]) -> dict[Labels, float]:
    """Every error name in botocore's model: 1 if it is predicted and no earlier error hides it, else 0."""
    rows: dict[Labels, float] = {
        (label(key_store), operation.value, error, likelihood.value): 0.0
        for key_store in key_stores
        for operation, errors in KMS_ERRORS.items()
        for error in errors
        for likelihood in Likelihood
    }
    for report in reports:
        for prediction in report.predictions:
            for error in prediction.errors:
                where = (label(report.key_store), prediction.operation.value)
                row = (*where, label(error.error), error.likelihood.value)
                rows[row] = max(rows.get(row, 0.0), float(error.masked_by is None))
    return rows


def decided_rows(key_stores: Iterable[str], reports: Sequence[Report]) -> dict[Labels, float]:
    """1 per operation whose prediction is decided, 0 before that."""
    rows: dict[Labels, float] = {
        (label(key_store), operation.value): 0.0 for key_store in key_stores for operation in Operation
    }
    for report in reports:
        for prediction in report.predictions:
            rows[label(report.key_store), prediction.operation.value] = float(prediction.decided)
    return rows


def extra_authorities(reports: Sequence[Report]) -> int | None:
    """How many distinct extra CAs the reports list; None before the first report."""
    return len({name for report in reports for name in report.extra_authorities}) if reports else None


def survey_rows(survey: Survey) -> dict[Labels, float]:
    """Statistics that have enough samples, in seconds."""
    rows: dict[Labels, float] = {}
    for region in survey.regions:
        summary = region.summary
        statistics = (
            ("min", summary.min_s),
            ("median", summary.median_s),
            ("p95", summary.p95_s),
            ("p99", summary.p99_s),
        )
        for statistic, value_s in statistics:
            if value_s is not None:
                rows[label(region.region), statistic] = value_s
    return rows


def within_rows(survey: Survey) -> dict[Labels, float]:
    """Only Regions with a verdict."""
    return {
        (label(region.region),): float(region.within_threshold)
        for region in survey.regions
        if region.within_threshold is not None
    }


def recommended_rows(survey: Survey) -> dict[Labels, float]:
    """Every candidate: 1 for the one that the survey recommends, 0 for the others."""
    return {(label(region.region),): float(region.region == survey.recommended) for region in survey.regions}


def _outcomes(verdicts: Iterable[Verdict]) -> dict[str, dict[str, Outcome]]:
    """Requirement → subject → outcome; the worse one if a subject has two verdicts."""
    judged: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for verdict in verdicts:
        subjects = judged[label(verdict.requirement)]
        subject = label(verdict.subject)
        subjects[subject] = min(
            subjects.get(subject, verdict.outcome), verdict.outcome, key=_WORST_FIRST.index
        )
    return judged


def _worst(outcomes: dict[str, Outcome]) -> list[tuple[str, Outcome]]:
    return sorted(outcomes.items(), key=lambda item: _WORST_FIRST.index(item[1]))[:MAX_SUBJECTS]
