"""Counts of requirements and findings. A requirement has one finding per subject. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from probe.model.verdicts import Outcome, Verdict

_WITH_FINDINGS = (Outcome.VIOLATED, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many requirements have an outcome, and with how many findings (one per subject).

    ``findings`` is None where only requirements are counted.
    """

    requirements: int
    findings: int | None = None

    def __str__(self) -> str:
        """With units.

        >>> str(Tally(requirements=2, findings=8)), str(Tally(requirements=1))
        ('2 requirements (8 findings)', '1 requirement')
        """
        counted = _units(self.requirements, "requirement")
        return counted if self.findings is None else f"{counted} ({_units(self.findings, 'finding')})"


def tallies(verdicts: Iterable[Verdict]) -> Mapping[Outcome, Tally]:
    """A tally per outcome.

    A requirement counts as violated or unknown if any finding is, as met or not applicable only if none is.
    """
    listed = list(verdicts)
    found = {outcome: {v.requirement for v in listed if v.outcome is outcome} for outcome in Outcome}
    bad = found[Outcome.VIOLATED] | found[Outcome.UNKNOWN]
    met = found[Outcome.MET] - bad
    requirements = {
        **found,
        Outcome.MET: met,
        Outcome.NOT_APPLICABLE: found[Outcome.NOT_APPLICABLE] - met - bad,
    }
    return {
        outcome: Tally(
            requirements=len(requirements[outcome]),
            findings=sum(v.outcome is outcome for v in listed) if outcome in _WITH_FINDINGS else None,
        )
        for outcome in Outcome
    }


def also(telling: Sequence[Verdict], verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """The requirements whose cause ``telling``, of one requirement, names for one of its subjects."""
    subjects = {each.subject for each in telling}
    told = (v for v in verdicts if telling[0].requirement in v.told_by and v.subject in subjects)
    return tuple(dict.fromkeys(each.requirement for each in told))


def summary(verdicts: Iterable[Verdict]) -> str:
    """One line: ``2 requirements violated (8 findings), 9 unknown (36 findings), 15 met``."""
    listed = list(verdicts)
    counted = tallies(listed)
    violated, unknown = (counted[outcome] for outcome in _WITH_FINDINGS)
    extra = len({v.requirement for v in listed if v.rests_on_extra_authority})
    met = f"{counted[Outcome.MET].requirements} met{f' ({extra} only with an extra CA)' if extra else ''}"
    return (
        f"{_units(violated.requirements, 'requirement')} violated{_in_brackets(violated)}, "
        f"{unknown.requirements} unknown{_in_brackets(unknown)}, {met}"
    )


def _in_brackets(counted: Tally) -> str:
    return f" ({_units(counted.findings, 'finding')})" if counted.findings else ""


def _units(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
