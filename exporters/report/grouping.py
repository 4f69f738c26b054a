"""Verdicts grouped for people: one entry per requirement, and one per cause of what is unknown. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from exporters import tally
from probe.model.verdicts import KmsStep, Level, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, and for which subjects."""

    because: str
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Verdicts of one requirement with the same outcome, level, KMS errors and fix.

    ``verdict`` is the first. ``also`` are the requirements with the same outcome for the same cause.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    also: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(subject for reason in self.reasons for subject in reason.subjects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why ``requirements`` are unknown for ``subjects``, and what would settle it."""

    because: str
    subjects: tuple[str, ...]
    requirements: tuple[str, ...]
    fixes: tuple[str, ...]


def group(verdicts: Iterable[Verdict]) -> tuple[Finding, ...]:
    """One finding per requirement, outcome, level and fix, by level and then in the order of KMS's checks.

    A verdict whose cause another one names has no entry of its own. Commands may differ by address; the first
    verdict's is shown.
    """
    listed = list(verdicts)
    same: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in listed:
        if not verdict.told_by:
            fix = verdict.remedy.text if verdict.remedy else ""
            key = (verdict.requirement, verdict.outcome, verdict.level, fix, verdict.kms_errors)
            same.setdefault(key, []).append(verdict)
    found = [
        Finding(verdict=each[0], reasons=_reasons(each), also=tally.also(each, listed))
        for each in same.values()
    ]
    return tuple(sorted(found, key=_urgency))


def causes(verdicts: Iterable[Verdict]) -> tuple[Cause, ...]:
    """One entry per text: verdicts of many requirements and subjects are often unknown for one cause."""
    findings = group(verdicts)
    texts = dict.fromkeys(reason.because for finding in findings for reason in finding.reasons)
    return tuple(_cause(because, findings) for because in texts)


def _cause(because: str, findings: Iterable[Finding]) -> Cause:
    told = [(each, reason) for each in findings for reason in each.reasons if reason.because == because]
    return Cause(
        because=because,
        subjects=_unique(subject for _, reason in told for subject in reason.subjects),
        requirements=_unique(id_ for each, _ in told for id_ in (each.verdict.requirement, *each.also)),
        fixes=_unique(each.verdict.remedy.text for each, _ in told if each.verdict.remedy),
    )


def _reasons(verdicts: Iterable[Verdict]) -> tuple[Reason, ...]:
    subjects: dict[str, list[str]] = {}
    for verdict in verdicts:
        subjects.setdefault(verdict.because, []).append(verdict.subject)
    return tuple(Reason(because=because, subjects=tuple(of)) for because, of in subjects.items())


def _urgency(finding: Finding) -> tuple[int, int]:
    level, step = finding.verdict.level, finding.verdict.step
    return list(Level).index(level), 0 if step is None else list(KmsStep).index(step)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
