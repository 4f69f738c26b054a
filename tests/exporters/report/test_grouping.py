"""Verdicts grouped for people: per requirement, and per cause of what is unknown."""

from dataclasses import replace

import pytest
from support.reports.exporter_inputs import verdict

from exporters.report.grouping import Reason, causes, group
from probe.model.verdicts import Level, Outcome, Remedy, Verdict

SLOW = verdict("health-answers-within-250-ms", Outcome.VIOLATED, because="the median is 301.2 ms")
UNKNOWN = verdict("uri-path-is-served", Outcome.UNKNOWN, because="no request could be sent")


def test_the_same_fault_of_two_targets_is_one_finding_although_the_milliseconds_differ() -> None:
    other = replace(SLOW, subject="node-2", because="the median is 317.9 ms")
    (finding,) = group([SLOW, other])
    assert finding.subjects == ("node-1", "node-2")
    assert finding.reasons == (
        Reason(because="the median is 301.2 ms", subjects=("node-1",)),
        Reason(because="the median is 317.9 ms", subjects=("node-2",)),
    )


def test_the_same_reason_of_two_targets_is_told_once() -> None:
    (finding,) = group([SLOW, replace(SLOW, subject="node-2")])
    assert finding.reasons == (Reason(because=SLOW.because, subjects=("node-1", "node-2")),)


def test_commands_that_differ_by_address_do_not_separate_targets() -> None:
    first, second = (
        replace(SLOW, subject=address, remedy=Remedy(text="Look.", cli=f"ping {address}"))
        for address in ("10.0.0.1", "10.0.0.2")
    )
    (finding,) = group([first, second])
    assert finding.verdict == first


@pytest.mark.parametrize(
    "other",
    [
        replace(SLOW, requirement="x"),
        replace(SLOW, outcome=Outcome.UNKNOWN),
        replace(SLOW, level=Level.RISK),
        replace(SLOW, remedy=Remedy(text="Do it otherwise.")),
    ],
    ids=["another requirement", "another outcome", "another level", "another fix"],
)
def test_what_differs_in_kind_is_another_finding(other: Verdict) -> None:
    assert len(group([SLOW, other])) == 2


def test_one_cause_of_many_unknown_requirements_and_targets_is_told_once() -> None:
    verdicts = [
        replace(UNKNOWN, requirement=requirement, subject=subject)
        for subject in ("node-1", "node-2")
        for requirement in ("uri-path-is-served", "credential-is-accepted")
    ]
    (cause,) = causes(verdicts)
    assert (cause.because, cause.subjects) == ("no request could be sent", ("node-1", "node-2"))
    assert cause.requirements == ("uri-path-is-served", "credential-is-accepted")


def test_different_causes_are_separate_and_have_their_own_fixes() -> None:
    denied = replace(UNKNOWN, because="not allowed", remedy=Remedy(text="Allow it."))
    assert [(each.because, each.fixes) for each in causes([UNKNOWN, denied])] == [
        ("no request could be sent", ()),
        ("not allowed", ("Allow it.",)),
    ]


def test_a_requirement_whose_cause_another_one_names_is_listed_with_it() -> None:
    told = replace(
        UNKNOWN, requirement="proxy-admits-kms", because="as above", told_by=("uri-path-is-served",)
    )
    (cause,) = causes([UNKNOWN, told])
    assert cause.requirements == ("uri-path-is-served", "proxy-admits-kms")
