"""Verdicts grouped by requirement, the most important first."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.tally import also
from probe.model.verdicts import KmsError, Level, Outcome, Remedy, Report, Verdict

SHOWN_SUBJECTS = 5
_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One requirement with one outcome. ``subjects``: pairs (subject, because), without ``more`` others.

    ``also`` are the requirements with the same outcome for the same cause.
    """

    requirement: str
    level: Level
    outcome: Outcome
    subjects: tuple[tuple[str, str], ...]
    more: int
    errors: tuple[KmsError, ...]
    remedy: Remedy | None
    source: str
    also: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The CSS class: bad for a violated required one, else risk or advice; undecided if unknown."""
        if self.outcome is Outcome.UNKNOWN:
            return "undecided"
        return {Level.REQUIRED: "bad", Level.RISK: "risk", Level.ADVICE: "advice"}[self.level]


def wrong(report: Report | None) -> tuple[Finding, ...]:
    """Violated ones first (required, risk, advice), then unknown ones in the same order."""
    verdicts = report.verdicts if report else ()
    return tuple(
        finding
        for outcome in (Outcome.VIOLATED, Outcome.UNKNOWN)
        for level in _LEVELS
        for finding in _grouped([v for v in verdicts if v.outcome is outcome], level)
    )


def by_outcome(report: Report | None) -> tuple[tuple[Outcome, tuple[Verdict, ...]], ...]:
    """All verdicts by outcome, the worst outcome first; outcomes without verdicts are left out."""
    verdicts = report.verdicts if report else ()
    order = (Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.MET, Outcome.NOT_APPLICABLE)
    groups = ((outcome, tuple(v for v in verdicts if v.outcome is outcome)) for outcome in order)
    return tuple((outcome, group) for outcome, group in groups if group)


def _grouped(verdicts: Sequence[Verdict], level: Level) -> list[Finding]:
    """The findings of a level; a verdict whose cause another one names, at any level, has no entry."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.level is level and not verdict.told_by:
            groups.setdefault(verdict.requirement, []).append(verdict)
    return [_finding(group, also(group, verdicts)) for group in groups.values()]


def _finding(group: Sequence[Verdict], also_for_it: tuple[str, ...]) -> Finding:
    first = group[0]
    return Finding(
        requirement=first.requirement,
        level=first.level,
        outcome=first.outcome,
        subjects=tuple((v.subject, v.because) for v in group[:SHOWN_SUBJECTS]),
        more=max(0, len(group) - SHOWN_SUBJECTS),
        errors=tuple(dict.fromkeys(error for v in group for error in v.kms_errors)),
        remedy=next((v.remedy for v in group if v.remedy), None),
        source=first.source,
        also=also_for_it,
    )
