"""Reports and surveys to rows of label values and numbers (pure)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from exporters.prometheus.families import Labels, label
from exporters.prometheus.kms_errors import KMS_ERRORS
from probe.model.survey import Survey
from probe.model.verdicts import Likelihood, Operation, Outcome, Report, Verdict

MAX_SUBJECTS = 64
_WORST_FIRST = (Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.MET, Outcome.NOT_APPLICABLE)


def outcome_rows(reports: Sequence[Report]) -> dict[Labels, float]:
    """For each judged subject of each report, one row an outcome, 1 for the one that holds."""
    rows: dict[Labels, float] = {}
    for report in reports:
        for requirement, outcomes in _outcomes(report.verdicts).items():
            for subject, outcome in _worst(outcomes):
                for other in Outcome:
                    rows[label(report.key_store), requirement, subject, other.value] = float(other is outcome)
    return rows


def prediction_rows(key_stores: Iterable[str], reports: Sequence[Report]) -> dict[Labels, float]:
    """Every name of botocore's at 0, and 1 for what is predicted and not masked by an earlier fault."""
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
    """0 for each operation until a report decides it."""
    rows: dict[Labels, float] = {
        (label(key_store), operation.value): 0.0 for key_store in key_stores for operation in Operation
    }
    for report in reports:
        for prediction in report.predictions:
            rows[label(report.key_store), prediction.operation.value] = float(prediction.decided)
    return rows


def extra_authorities(reports: Sequence[Report]) -> int | None:
    """How many the reports name together; None before the first."""
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
    """Decided Regions alone."""
    return {
        (label(region.region),): float(region.within_threshold)
        for region in survey.regions
        if region.within_threshold is not None
    }


def _outcomes(verdicts: Iterable[Verdict]) -> dict[str, dict[str, Outcome]]:
    """Requirement → subject → outcome; of two verdicts on one subject the worse."""
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
