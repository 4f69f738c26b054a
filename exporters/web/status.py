"""The content of the page as one JSON document: ``/api/v1/status``.

Times are RFC 3339 UTC, durations are seconds, missing values are null. All text is cleaned.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from exporters.report.judged import prediction
from exporters.web import account
from exporters.web.banner import Banner, banners
from exporters.web.formatting import utc
from exporters.web.self_metrics import Health
from exporters.web.snapshot import Refused, Snapshot
from exporters.web.status_target import summary, target
from probe.model.survey import RegionRtt, Survey
from probe.model.text import clean
from probe.model.verdicts import Operation, Prediction, Remedy, Report, Verdict

SCHEMA_VERSION = 1
_TEXT_LIMIT = 512
MAX_ERRORS = 20  # of a refused configuration


def document(snapshot: Snapshot, version: str, *, ready: bool) -> dict[str, Any]:
    """The whole document. ``connect`` and ``report`` belong to the key store with the worst result."""
    stores = [_store(report, head, snapshot) for report, head in banners(snapshot.reports)]
    shown: dict[str, Any] = _cleaned(
        {
            "schema_version": SCHEMA_VERSION,
            "version": version,
            "taken_at": utc(snapshot.now_s),
            "ready": ready,
            "connect": stores[0]["connect"],
            "report": stores[0]["report"],
            "stores": stores if snapshot.reports else [],
            "targets": [target(state) for state in snapshot.targets],
            "survey": _survey(snapshot.survey),
            "instrument": _self_metrics(snapshot.health),
            "refused_configuration": _refused(snapshot.refused),
        }
    )
    return shown


def _refused(refused: Refused | None) -> dict[str, Any] | None:
    """The last reload, if it failed."""
    return {"at": utc(refused.at_s), "errors": list(refused.errors[:MAX_ERRORS])} if refused else None


def _self_metrics(health: Health) -> dict[str, Any]:
    """Counts since the start; delays are the maximum of the last one to two minutes."""
    return {
        "samples": {stamps.value: count for stamps, count in health.samples.items()},
        "receive_queue_drops": health.dropped,
        "packets_discarded": health.discarded,
        "clock_step_discards": health.stepped,
        "event_loop_lag_seconds": health.loop_lag_s,
        "scheduling_delay_seconds": health.send_delay_s,
        "user_minus_kernel_seconds": health.user_minus_kernel_s,
    }


def _store(report: Report | None, head: Banner, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "key_store": (report.key_store or None) if report else None,
        "connect": {
            "state": head.state.value,
            "headline": head.headline,
            "because": head.because or None,
            "error": head.error,
            "remedy": _remedy(head.remedy),
            "notes": list(head.notes),
        },
        "report": _report(report),
        **account.document(report, snapshot.facts_of(report)),
    }


def _report(report: Report | None) -> dict[str, Any] | None:
    if report is None:
        return None
    predictions = {p.operation: p for p in report.predictions}
    return {
        "taken_at": utc(report.taken_at_s),
        "key_store": report.key_store or None,
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
        "prediction": {o.value: _prediction(predictions.get(o)) for o in Operation},
        "summary": {outcome.value: count for outcome, count in report.counts().items()},
        "extra_authorities": list(report.extra_authorities),
        "authorities_as_of": report.authorities_as_of or None,
        "authorities_proposed": report.authorities_proposed or None,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "requirement": verdict.requirement,
        "level": verdict.level.value,
        "subject": verdict.subject,
        "outcome": verdict.outcome.value,
        "because": verdict.because,
        "kms_errors": [
            {
                "operation": error.operation.value,
                "error": error.error,
                "likelihood": error.likelihood.value,
                "basis": error.basis.value,
                "alternatives": list(error.alternatives),
            }
            for error in verdict.kms_errors
        ],
        "remedy": _remedy(verdict.remedy),
        "source": verdict.source or None,
        "told_by": list(verdict.told_by),
        "rests_on_extra_authority": verdict.rests_on_extra_authority,
        "inferred": verdict.is_inferred,
    }


def _remedy(remedy: Remedy | None) -> dict[str, Any] | None:
    if remedy is None:
        return None
    return {"text": remedy.text, "console": remedy.console or None, "cli": remedy.cli or None}


def _prediction(value: Prediction | None) -> Mapping[str, object] | None:
    return None if value is None else prediction(value)


def _survey(survey: Survey | None) -> dict[str, Any] | None:
    if survey is None:
        return None
    return {
        "taken_at": utc(survey.taken_at_s),
        "threshold_seconds": survey.threshold_s,
        "vantage": survey.vantage,
        "regions": [_region(region) for region in survey.regions],
        "recommended": survey.recommended,
        "notes": list(survey.notes),
        "complete": survey.complete,
    }


def _region(region: RegionRtt) -> dict[str, Any]:
    return {
        "region": region.region,
        "rank": region.rank,
        **summary(region.summary),
        "within_threshold": region.within_threshold,
        "tied_with_best": region.tied_with_best,
        "reason": region.reason,
        "address": region.address,
        "method": region.method.value,
    }


def _cleaned(value: Any) -> Any:
    """``value`` with every text cleaned; keys are left as they are."""
    if isinstance(value, str):
        return clean(value, _TEXT_LIMIT)
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, Iterable) else value
