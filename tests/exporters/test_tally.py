"""Counts of requirements and findings, each with its unit."""

from dataclasses import replace

import pytest
from support.reports.exporter_inputs import verdict

from exporters.tally import Tally, summary, tallies
from probe.model.verdicts import Outcome

VIOLATED = verdict("a", Outcome.VIOLATED)


@pytest.mark.parametrize(
    ("tally", "text"),
    [
        (Tally(requirements=2, findings=8), "2 requirements (8 findings)"),
        (Tally(requirements=1, findings=1), "1 requirement (1 finding)"),
        (Tally(requirements=0, findings=0), "0 requirements (0 findings)"),
        (Tally(requirements=1), "1 requirement"),
    ],
)
def test_each_number_has_its_unit(tally: Tally, text: str) -> None:
    assert str(tally) == text


def test_a_requirement_counts_once_for_all_its_subjects() -> None:
    verdicts = [VIOLATED, replace(VIOLATED, subject="node-2"), verdict("b", Outcome.VIOLATED)]
    assert tallies(verdicts)[Outcome.VIOLATED] == Tally(requirements=2, findings=3)


def test_a_requirement_is_met_only_if_no_subject_violates_it_or_is_unknown() -> None:
    met = [verdict("a", subject="node-2"), verdict("b"), verdict("c", Outcome.NOT_APPLICABLE)]
    counted = tallies([VIOLATED, verdict("d", Outcome.UNKNOWN), verdict("d"), *met])
    assert counted[Outcome.MET] == Tally(requirements=1)
    assert counted[Outcome.NOT_APPLICABLE] == Tally(requirements=1)
    assert (
        tallies([verdict("b"), verdict("b", Outcome.NOT_APPLICABLE)])[Outcome.NOT_APPLICABLE].requirements
        == 0
    )


def test_the_summary_line_counts_requirements_and_findings() -> None:
    assert summary([]) == "0 requirements violated, 0 unknown, 0 met"
    verdicts = [VIOLATED, replace(VIOLATED, subject="node-2"), verdict("b", Outcome.UNKNOWN), verdict("c")]
    assert summary(verdicts) == "1 requirement violated (2 findings), 1 unknown (1 finding), 1 met"


def test_the_summary_line_counts_what_is_met_only_with_an_extra_ca() -> None:
    lenient = verdict("d", rests_on_extra_authority=True)
    verdicts = [verdict("c"), lenient, replace(lenient, subject="node-2")]
    assert summary(verdicts) == "0 requirements violated, 0 unknown, 2 met (1 only with an extra CA)"
