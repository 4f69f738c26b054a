"""Changes since an earlier preflight: other verdicts, and errors that appeared or disappeared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from exporters.report.fields import Fields
from probe.model.text import clean
from probe.model.verdicts import Likelihood, Outcome, Report

MAX_BYTES = 16 << 20
_ORDER = {Outcome.VIOLATED.value: 0, Outcome.UNKNOWN.value: 1}
_SHOWN = 40


class UnreadableError(ValueError):
    """The earlier file is not a preflight report in JSON; the message states what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``before`` or ``after`` is None if absent. ``is_worse`` is None if neither better nor worse."""

    what: str  # a requirement and its subject, or an operation and its error
    before: str | None
    after: str | None
    is_worse: bool | None


def read(content: bytes) -> Mapping[str, Any]:
    """Read an earlier document. Raises UnreadableError."""
    if len(content) > MAX_BYTES:
        raise UnreadableError(f"is larger than {MAX_BYTES} bytes")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise UnreadableError("is not JSON; create it with preflight --format json") from None
    parts = ("verdicts", "prediction", "taken_at")
    if not isinstance(document, dict) or any(part not in document for part in parts):
        raise UnreadableError("is not a preflight report; create it with preflight --format json")
    return document


def between(old: Mapping[str, Any], report: Report) -> tuple[Change, ...]:
    """All changes, those for the worse first."""
    before, after = _old_verdicts(old), _verdicts(report)
    changes = [
        _change(what, before.get(what), after.get(what), _ORDER) for what in dict.fromkeys([*before, *after])
    ]
    was, now = _old_errors(old), _errors(report)
    likelihoods = {Likelihood.EXPECTED.value: 0, Likelihood.POSSIBLE.value: 1}
    changes += [
        _change(what, was.get(what), now.get(what), likelihoods) for what in dict.fromkeys([*was, *now])
    ]
    rank = {True: 0, None: 1, False: 2}
    return tuple(
        sorted((each for each in changes if each.before != each.after), key=lambda c: rank[c.is_worse])
    )


def _change(what: str, before: str | None, after: str | None, order: Mapping[str, int]) -> Change:
    """Worse means a lower number in ``order``; values that are not in ``order`` are OK."""
    ok = len(order)
    rank_before, rank_after = order.get(before or "", ok), order.get(after or "", ok)
    worse = None if rank_before == rank_after else rank_after < rank_before
    return Change(what=what, before=before, after=after, is_worse=worse)


def _verdicts(report: Report) -> dict[str, str]:
    return {f"{v.requirement} {clean(v.subject)}": v.outcome.value for v in report.verdicts}


def _old_verdicts(old: Mapping[str, Any]) -> dict[str, str]:
    found = old["verdicts"] if isinstance(old["verdicts"], list) else []
    outcomes = {outcome.value for outcome in Outcome}
    return {
        f"{clean(str(v.get('requirement')), 64)} {clean(str(v.get('subject')))}": str(v.get("outcome"))
        for v in found
        if isinstance(v, dict) and str(v.get("outcome")) in outcomes
    }


def _errors(report: Report) -> dict[str, str]:
    return {
        f"{p.operation.value} {e.error}": e.likelihood.value
        for p in report.predictions
        for e in p.errors
        if e.masked_by is None
    }


def _old_errors(old: Mapping[str, Any]) -> dict[str, str]:
    operations = old["prediction"] if isinstance(old["prediction"], dict) else {}
    likelihoods = {each.value for each in Likelihood}
    return {
        f"{clean(str(operation), 16)} {clean(str(e.get('error')), 80)}": str(e.get("likelihood"))
        for operation, predicted in operations.items()
        if isinstance(predicted, dict) and isinstance(predicted.get("errors"), list)
        for e in predicted["errors"]
        if isinstance(e, dict) and e.get("masked_by") is None and str(e.get("likelihood")) in likelihoods
    }


def document(changes: tuple[Change, ...]) -> list[Fields]:
    return [
        {"what": each.what, "before": each.before, "after": each.after, "is_worse": each.is_worse}
        for each in changes
    ]


def render(old: Mapping[str, Any], changes: tuple[Change, ...]) -> RenderableType:
    """One line per change, those for the worse first."""
    since = clean(str(old.get("taken_at")), 40)
    if not changes:
        return Text(f"Nothing changed since {since}", style="bold green")
    lines = [Text(f"Changed since {since} ({len(changes)})", style="bold")]
    signs = {True: ("↓", "red"), False: ("↑", "green"), None: ("·", "dim")}
    for each in changes[:_SHOWN]:
        was, now = each.before or "absent", each.after or "absent"
        sign, style = signs[each.is_worse]
        words = f"{was} → {now}".replace("_", " ")
        lines.append(Text.assemble(("  " + sign + " ", style), each.what, (f"  {words}", style)))
    if len(changes) > _SHOWN:
        lines.append(Text(f"  and {len(changes) - _SHOWN} more; use --format json for all"))
    return Group(*lines, Text())
