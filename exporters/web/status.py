"""What the page shows as one JSON document: ``/api/v1/status``.

Times are RFC 3339 UTC, durations seconds, a missing value null. All text is cleaned.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from exporters.report.judged import prediction
from exporters.web.banner import banner
from exporters.web.instrument import Health
from exporters.web.snapshot import Attempt, Snapshot, TargetState
from exporters.web.words import utc
from probe.model.measurements import Certificate, Failure, TlsDetails
from probe.model.statistics import Summary
from probe.model.survey import RegionRtt, Survey
from probe.model.targets import Check, Method
from probe.model.text import clean
from probe.model.verdicts import Operation, Prediction, Remedy, Report, Verdict

SCHEMA_VERSION = 1
_TEXT_LIMIT = 512
MAX_POSITIONS = 10  # the closed set of positions: 0 (leaf) to 9


def document(snapshot: Snapshot, version: str, *, ready: bool) -> dict[str, Any]:
    """The whole document."""
    head = banner(snapshot.report)
    shown: dict[str, Any] = _cleaned(
        {
            "schema_version": SCHEMA_VERSION,
            "version": version,
            "taken_at": utc(snapshot.now_s),
            "ready": ready,
            "connect": {
                "state": head.state.value,
                "headline": head.headline,
                "because": head.because or None,
                "error": head.error,
                "remedy": _remedy(head.remedy),
                "notes": list(head.notes),
            },
            "report": _report(snapshot.report),
            "targets": [_target(state) for state in snapshot.targets],
            "survey": _survey(snapshot.survey),
            "instrument": _instrument(snapshot.health),
        }
    )
    return shown


def _instrument(health: Health) -> dict[str, Any]:
    """Counts since the start; the worst lateness of the last one to two minutes."""
    return {
        "samples": {stamps.value: count for stamps, count in health.samples.items()},
        "receive_queue_drops": health.dropped,
        "packets_discarded": health.discarded,
        "clock_step_discards": health.stepped,
        "event_loop_lag_seconds": health.loop_lag_s,
        "scheduling_delay_seconds": health.send_delay_s,
        "user_minus_kernel_seconds": health.user_minus_kernel_s,
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
    }


def _remedy(remedy: Remedy | None) -> dict[str, Any] | None:
    if remedy is None:
        return None
    return {"text": remedy.text, "console": remedy.console or None, "cli": remedy.cli or None}


def _prediction(value: Prediction | None) -> Mapping[str, object] | None:
    return None if value is None else prediction(value)


def _target(state: TargetState) -> dict[str, Any]:
    target = state.target
    return {
        "target": target.name,
        "role": target.role.value,
        "host": target.host,
        "port": target.port,
        "address": state.address,
        "zone": target.zone or None,
        "region": target.region or None,
        "checks": {check.value: _check(state, check) for check in Check if target.plan(check)},
        "round_trips": {method.value: _round_trips(state, method) for method in state.series},
        "tls": _tls(state),
    }


def _check(state: TargetState, check: Check) -> dict[str, Any]:
    attempt, failed = state.attempts.get(check), state.failures.get(check)
    return {
        "last_attempt_at": utc(attempt.at_s) if attempt else None,
        "failure": _failure(attempt.failure) if attempt and attempt.failure else None,
        "last_failure": _failed(failed) if failed else None,
    }


def _failed(attempt: Attempt) -> dict[str, Any]:
    return {"at": utc(attempt.at_s), **(_failure(attempt.failure) if attempt.failure else {})}


def _failure(failure: Failure) -> dict[str, Any]:
    return {"phase": failure.phase.value, "reason": failure.reason.value, "detail": failure.detail or None}


def _round_trips(state: TargetState, method: Method) -> dict[str, Any]:
    attempt = state.attempts.get(Check(method.value))
    window = state.windows.get(method)
    return {
        "last_rtt_seconds": attempt.rtt_s if attempt else None,
        "timestamps": attempt.timestamps.value if attempt and attempt.timestamps else None,
        "window_seconds": window.span_s if window else None,
        **_summary(window.summary if window else Summary()),
        "series_seconds": list(state.series.get(method, ())),
    }


def _summary(summary: Summary) -> dict[str, Any]:
    interval = summary.median_ci95_s
    return {
        "samples": summary.samples,
        "lost": summary.lost,
        "rtt_seconds": {
            "min": summary.min_s,
            "median": summary.median_s,
            "p95": summary.p95_s,
            "p99": summary.p99_s,
        },
        "median_ci95_seconds": list(interval) if interval else None,
        "jitter_seconds": summary.jitter_s,
        "jitter_rfc3550_seconds": summary.jitter_rfc3550_s,
    }


def _tls(state: TargetState) -> dict[str, Any] | None:
    details = state.tls.details if state.tls else None
    if not isinstance(details, TlsDetails):
        return None
    return {
        "offer": details.offer.value,
        "kms_handshake_succeeded": details.kms_handshake_succeeded,
        "version": details.version,
        "cipher": details.cipher,
        "certificates": [_certificate(c) for c in details.chain[:MAX_POSITIONS]],
    }


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "position": certificate.position,
        "subject_common_name": certificate.subject_common_name,
        "dns_names": list(certificate.dns_names),
        "issuer": certificate.issuer,
        "not_before": _time(certificate.not_before_s),
        "not_after": _time(certificate.not_after_s),
        "serial": certificate.serial,
        "sha256": certificate.sha256,
        "key": certificate.key,
        "public_key_bits": certificate.public_key_bits,
    }


def _time(at_s: float | None) -> str | None:
    return None if at_s is None else utc(at_s)


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
        **_summary(region.summary),
        "within_threshold": region.within_threshold,
        "tied_with_best": region.tied_with_best,
        "reason": region.reason,
        "address": region.address,
        "method": region.method.value,
    }


def _cleaned(value: Any) -> Any:
    """``value`` with every text of it, but no key, made harmless."""
    if isinstance(value, str):
        return clean(value, _TEXT_LIMIT)
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, Iterable) else value
