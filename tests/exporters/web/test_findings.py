"""Violated and unknown requirements, the most important first."""

from support.reports.exporter_inputs import REMEDY, report, verdict

from exporters.web.findings import SHOWN_SUBJECTS, by_outcome, wrong
from probe.model.verdicts import Level, Outcome


def test_required_comes_before_risk_before_advice_before_unknown() -> None:
    found = wrong(
        report(
            verdict("u", Outcome.UNKNOWN),
            verdict("a", Outcome.VIOLATED, level=Level.ADVICE),
            verdict("k", Outcome.VIOLATED, level=Level.RISK),
            verdict("m", Outcome.MET),
            verdict("r", Outcome.VIOLATED),
        )
    )
    assert [(f.requirement, f.kind) for f in found] == [
        ("r", "bad"),
        ("k", "risk"),
        ("a", "advice"),
        ("u", "undecided"),
    ]


def test_subjects_of_a_requirement_are_grouped_and_the_rest_is_counted() -> None:
    verdicts = [verdict("r", Outcome.VIOLATED, f"node-{n}") for n in range(SHOWN_SUBJECTS + 2)]
    (finding,) = wrong(report(*verdicts))
    assert len(finding.subjects) == SHOWN_SUBJECTS
    assert finding.more == 2


def test_at_the_limit_no_rest_is_counted() -> None:
    (finding,) = wrong(report(*[verdict("r", Outcome.VIOLATED, str(n)) for n in range(SHOWN_SUBJECTS)]))
    assert finding.more == 0


def test_the_first_fix_in_a_group_is_kept() -> None:
    (finding,) = wrong(report(verdict("r", Outcome.VIOLATED), verdict("r", Outcome.VIOLATED, remedy=REMEDY)))
    assert finding.remedy == REMEDY


def test_all_verdicts_are_grouped_worst_first() -> None:
    shown = by_outcome(report(verdict("m"), verdict("v", Outcome.VIOLATED)))
    assert [(outcome, len(group)) for outcome, group in shown] == [(Outcome.VIOLATED, 1), (Outcome.MET, 1)]
    assert by_outcome(None) == ()
