"""Which verdicts of a report differ from the last stored ones. No I/O.

Only the outcome and the level are compared: reasons contain measured numbers, which differ in each report.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probe.model.text import clean
from probe.model.verdicts import Level, Outcome, Prediction, Report

Key = tuple[str, str]  # requirement and subject
MAX_CHANGES = 500  # of one report; the document says how many more there are
_MAX_TEXT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The last stored verdict; ``held`` is its last outcome apart from unknown, since ``since_s``."""

    outcome: Outcome
    level: Level
    held: Outcome
    since_s: float


def stored(report: Report, before: Mapping[Key, Stored]) -> dict[Key, Stored]:
    """The state of all verdicts after ``report``."""
    return {
        (key := (clean(v.requirement), clean(v.subject))): _after(
            before.get(key), v.outcome, v.level, report.taken_at_s
        )
        for v in report.verdicts
    }


def _after(before: Stored | None, outcome: Outcome, level: Level, at_s: float) -> Stored:
    """*Unknown* keeps what held before: a restart, or a probe that is late, does not end a state."""
    if before is None:
        return Stored(outcome=outcome, level=level, held=outcome, since_s=at_s)
    if outcome in (before.held, Outcome.UNKNOWN):
        return Stored(outcome=outcome, level=level, held=before.held, since_s=before.since_s)
    return Stored(outcome=outcome, level=level, held=outcome, since_s=at_s)


def changes(report: Report, before: Mapping[Key, Stored], prediction_before: str) -> str | None:
    """The changes as compact JSON; None if nothing changed. ``prediction_before`` is `prediction`'s text."""
    seen = {(clean(v.requirement), clean(v.subject)): v for v in report.verdicts}
    changed = [
        {
            "requirement": key[0],
            "subject": key[1],
            "outcome": v.outcome.value,
            "level": v.level.value,
            "because": clean(v.because, _MAX_TEXT),
        }
        for key, v in seen.items()
        if key not in before or (before[key].outcome, before[key].level) != (v.outcome, v.level)
    ]
    gone = [list(key) for key in before if key not in seen]
    if not changed and not gone and prediction(report) == prediction_before:
        return None
    document = {
        "verdicts": changed[:MAX_CHANGES],
        "gone": gone[:MAX_CHANGES],
        "more": max(0, len(changed) - MAX_CHANGES) + max(0, len(gone) - MAX_CHANGES),
        "prediction": json.loads(prediction(report)),
    }
    return _compact(document)


def prediction(report: Report) -> str:
    """The predictions as compact JSON."""
    return _compact({each.operation.value: _prediction(each) for each in report.predictions})


def _prediction(of: Prediction) -> dict[str, Any]:
    errors = [[clean(e.error), e.likelihood.value, e.masked_by] for e in of.errors]
    return {"decided": of.decided, "errors": errors}


def _compact(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
