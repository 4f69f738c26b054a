"""The whole report."""

from dataclasses import replace

import pytest
from report_examples import NOW_S, evidence, name_verdict, report, survey
from rich.console import Console
from schema_check import faults

from exporters.report import verdicts
from probe.model.evidence import Evidence
from probe.model.survey import Survey
from probe.model.verdicts import Level, Outcome, Report

ADVICE = replace(name_verdict(), level=Level.ADVICE)


def document(judged: Report) -> dict[str, object]:
    return verdicts.document(
        report=judged, survey=survey(), evidence=evidence(), vantage="here", version="0.1.0"
    )


def shown(judged: Report, width: int = 80, seen: Evidence | None = None) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(
            verdicts.render(
                report=judged, survey=survey(), evidence=seen or evidence(), vantage="here", version="0.1.0"
            )
        )
    return captured.get()


def test_the_document_fulfils_its_schema() -> None:
    assert faults(document(report()), "report") == []


def test_an_empty_report_fulfils_it_too() -> None:
    empty = verdicts.document(
        report=Report(taken_at_s=NOW_S),
        survey=Survey(taken_at_s=NOW_S, vantage=""),
        evidence=Evidence(taken_at_s=NOW_S),
        vantage="",
        version="0.1.0",
    )
    assert faults(empty, "report") == []
    assert empty["key_store"] is None


def test_the_summary_counts_every_outcome() -> None:
    assert document(report())["summary"] == {"met": 7, "violated": 4, "unknown": 1, "not_applicable": 1}


def test_what_is_wrong_stands_in_the_first_lines_and_what_is_fine_in_the_last() -> None:
    lines = shown(report()).splitlines()
    assert any("KMS would refuse this" in line for line in lines[:6])
    assert any("common-name-matches · nlb-use1-az1, proxy-1" in line for line in lines[:16])
    assert any("Fine (7)" in line for line in lines[-5:])


def test_extra_authorities_are_said_in_the_head() -> None:
    assert "Extra authorities are trusted here and unknown to KMS" in "\n".join(
        shown(report()).splitlines()[:4]
    )


def test_a_masked_error_comes_after_what_masks_it() -> None:
    text = shown(report())
    assert text.index("XKS_PROXY_INVALID_TLS_CONFIGURATION") < text.index(
        "once that is mended: XKS_PROXY_NOT_REACHABLE"
    )


@pytest.mark.parametrize(
    ("judged", "line"),
    [
        (Report(taken_at_s=NOW_S), "not everything was"),
        (
            Report(taken_at_s=NOW_S, verdicts=(replace(name_verdict(), outcome=Outcome.UNKNOWN),)),
            "not everything was",
        ),
        (
            Report(taken_at_s=NOW_S, verdicts=(replace(name_verdict(), outcome=Outcome.MET),)),
            "Everything that was judged is fine",
        ),
        (Report(taken_at_s=NOW_S, verdicts=(name_verdict(),)), "at risk"),
        (Report(taken_at_s=NOW_S, verdicts=(replace(name_verdict(), level=Level.RISK),)), "at risk"),
        (Report(taken_at_s=NOW_S, verdicts=(ADVICE, name_verdict())), "at risk"),
        (Report(taken_at_s=NOW_S, verdicts=(ADVICE,)), "Nothing but advice stands against it."),
        (
            Report(taken_at_s=NOW_S, verdicts=(ADVICE, replace(name_verdict(), outcome=Outcome.UNKNOWN))),
            "Nothing but advice stands against it, but not everything was seen",
        ),
    ],
    ids=[
        "nothing judged",
        "unknown",
        "met",
        "violated without a predicted error",
        "a risk",
        "advice beside a fault",
        "advice alone",
        "advice and what is unknown",
    ],
)
def test_the_conclusion_never_calls_the_unknown_fine(judged: Report, line: str) -> None:
    assert line in shown(judged)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_it_fits_the_terminal(width: int) -> None:
    assert max(map(len, shown(report(), width).splitlines())) <= width
