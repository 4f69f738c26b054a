"""One target of ``/api/v1/status``: its checks, round trips, TLS and health results."""

from typing import Any

from exporters.checks import ROUND_TRIPS, plans_of
from exporters.report import latest_health
from exporters.web.formatting import utc
from exporters.web.snapshot import Attempt, TargetState
from probe.model.measurements import Certificate, Failure, TlsDetails
from probe.model.statistics import Summary
from probe.model.targets import Check, Method

MAX_POSITIONS = 10  # positions 0 (leaf) to 9


def target(state: TargetState) -> dict[str, Any]:
    """The texts are not cleaned here: `status.document` cleans all of them."""
    of = state.target
    return {
        "target": of.name,
        "role": of.role.value,
        "host": of.host,
        "port": of.port,
        "address": state.address,
        "key_store": of.key_store or None,
        "zone": of.zone or None,
        "region": of.region or None,
        "checks": {check.value: _check(state, check) for check in plans_of(of)},
        "round_trips": {method.value: _round_trips(state, method) for method in state.series},
        "tls": _tls(state),
        "health": latest_health.document(of, state.health),
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
    attempt = state.attempts.get(ROUND_TRIPS[method])
    window = state.windows.get(method)
    return {
        "last_rtt_seconds": attempt.rtt_s if attempt else None,
        "timestamps": attempt.timestamps.value if attempt and attempt.timestamps else None,
        "window_seconds": window.span_s if window else None,
        **summary(window.summary if window else Summary()),
        "series_seconds": list(state.series.get(method, ())),
    }


def summary(of: Summary) -> dict[str, Any]:
    """Round-trip statistics, for targets and for candidate Regions."""
    interval = of.median_ci95_s
    return {
        "samples": of.samples,
        "lost": of.lost,
        "rtt_seconds": {
            "min": of.min_s,
            "median": of.median_s,
            "p95": of.p95_s,
            "p99": of.p99_s,
        },
        "median_ci95_seconds": list(interval) if interval else None,
        "jitter_seconds": of.jitter_s,
        "jitter_rfc3550_seconds": of.jitter_rfc3550_s,
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
