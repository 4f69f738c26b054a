"""A cause is told once: which verdicts name the cause of another verdict on the same subject."""

from dataclasses import replace
from itertools import takewhile

from probe.model.evidence import Evidence
from probe.model.verdicts import Outcome, Verdict

_BAD = (Outcome.VIOLATED, Outcome.UNKNOWN)


def apply(verdicts: tuple[Verdict, ...], _evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts, with only those in ``told_by`` that have the same outcome for the same subject.

    A verdict is not told by itself, nor by one after itself in its ``told_by``.
    """
    outcomes = {(each.requirement, each.subject): each.outcome for each in verdicts}

    def told(verdict: Verdict) -> Verdict:
        if not verdict.told_by:
            return verdict
        same = verdict.outcome if verdict.outcome in _BAD else None
        others = takewhile(lambda id_: id_ != verdict.requirement, verdict.told_by)
        told_by = (id_ for id_ in others if outcomes.get((id_, verdict.subject)) is same)
        return replace(verdict, told_by=tuple(told_by) if same else ())

    return tuple(map(told, verdicts))
