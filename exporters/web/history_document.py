"""The JSON of ``/api/v1/history`` and ``/api/v1/targets``, as in ``docs/schemas``. All text is cleaned."""

from datetime import UTC, datetime
from typing import Any

from exporters.checks import plans_of
from exporters.web.formatting import utc
from exporters.web.history_query import HistoryQuery
from exporters.web.snapshot import Attempt, Snapshot, TargetState
from probe.model.history import FailedProbe, MinuteSummary, TargetHistory
from probe.model.measurements import Failure
from probe.model.statistics import BOUNDS_S
from probe.model.targets import Check
from probe.model.text import clean

SCHEMA_VERSION = 1


def history(of: TargetHistory, query: HistoryQuery) -> dict[str, Any]:
    """As ``docs/schemas/history.json``. Times without a probe have no point."""
    return {
        "schema_version": SCHEMA_VERSION,
        "target": clean(query.target),
        "from": utc(query.from_s),
        "to": utc(query.to_s),
        "step_seconds": query.step_s,
        "bounds_seconds": list(BOUNDS_S),
        "checks": {
            check.value: [_point(at_s, each) for at_s, each in sorted(points.items())]
            for check, points in of.summaries.items()
        },
        "failures": [_failed(each) for each in of.failures],
        "more_failures": of.more_failures,
    }


def targets(snapshot: Snapshot) -> dict[str, Any]:
    """As ``docs/schemas/targets.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "taken_at": utc(snapshot.now_s),
        "targets": [_target(state) for state in snapshot.targets],
    }


def _point(at_s: int, summary: MinuteSummary) -> dict[str, Any]:
    return {
        "at": utc(at_s),
        "sent": summary.sent,
        "failed": {reason.value: count for reason, count in summary.failed.items()},
        "duration_seconds": {"min": summary.min_s, "median": summary.median_s, "max": summary.max_s},
        "counts": [summary.counts.get(index, 0) for index in range(len(BOUNDS_S) + 1)],
    }


def _failed(failed: FailedProbe) -> dict[str, Any]:
    at = datetime.fromtimestamp(failed.at_s, UTC).isoformat(timespec="milliseconds")
    failure = Failure(phase=failed.phase, reason=failed.reason, detail=failed.detail)
    return {"at": at.replace("+00:00", "Z"), "check": failed.check.value, "failure": _failure(failure)}


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "phase": failure.phase.value,
        "reason": failure.reason.value,
        "detail": clean(failure.detail),
    }


def _target(state: TargetState) -> dict[str, Any]:
    of = state.target
    return {
        "target": clean(of.name),
        "role": of.role.value,
        "host": clean(of.host),
        "port": of.port,
        "server_name": clean(of.server_name) if of.server_name else None,
        "address": clean(state.address) if state.address else None,
        "key_store": clean(of.key_store) if of.key_store else None,
        "zone": clean(of.zone) if of.zone else None,
        "region": clean(of.region) if of.region else None,
        "checks": {
            check.value: _check(state, check, plan.interval_s) for check, plan in plans_of(of).items()
        },
    }


def _check(state: TargetState, check: Check, interval_s: float) -> dict[str, Any]:
    attempt: Attempt | None = state.attempts.get(check)
    lasting = state.states.get(check)
    return {
        "interval_seconds": interval_s,
        "last_attempt_at": utc(attempt.at_s) if attempt else None,
        "failure": _failure(attempt.failure) if attempt and attempt.failure else None,
        "since": utc(lasting.since_s) if lasting else None,
    }
