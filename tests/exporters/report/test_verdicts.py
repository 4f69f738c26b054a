"""The agent's report."""

from dataclasses import replace

import pytest
from rich.console import Console
from support.reports.examples import NOW_S, evidence, name_verdict, report, survey, with_health
from support.reports.schema_check import faults

from exporters.report import verdicts
from probe.model.evidence import Evidence
from probe.model.survey import Survey
from probe.model.verdicts import Level, Outcome, Report

OTHER = Report(taken_at_s=NOW_S, key_store="cks-other")
ADVICE = replace(name_verdict(), level=Level.ADVICE)


def document(*judged: Report) -> dict[str, object]:
    reports = tuple((each, evidence()) for each in judged)
    return verdicts.document(reports=reports, survey=survey(), vantage="here", version="0.1.0")


def shown(*judged: Report, width: int = 80, collected: Evidence | None = None) -> str:
    console = Console(width=width, no_color=True)
    reports = tuple((each, collected or evidence()) for each in judged)
    with console.capture() as captured:
        console.print(verdicts.render(reports=reports, survey=survey(), vantage="here", version="0.1.0"))
    return captured.get()


def test_the_document_fulfils_its_schema() -> None:
    assert faults(document(report()), "report") == []


def test_an_empty_report_fulfils_the_schema() -> None:
    empty = verdicts.document(
        reports=((Report(taken_at_s=NOW_S), Evidence(taken_at_s=NOW_S)),),
        survey=Survey(taken_at_s=NOW_S, vantage=""),
        vantage="",
        version="0.1.0",
    )
    assert faults(empty, "report") == []
    assert empty["key_store"] is None


def test_the_summary_counts_every_outcome() -> None:
    assert document(report())["summary"] == {"met": 7, "violated": 4, "unknown": 1, "not_applicable": 1}


def test_what_is_wrong_is_in_the_first_lines_and_what_is_met_in_the_last() -> None:
    lines = shown(report()).splitlines()
    assert any("KMS would return an error" in line for line in lines[:6])
    assert any("common-name-matches · nlb-use1-az1, proxy-1" in line for line in lines[:16])
    assert any("Met: 7 requirements" in line for line in lines[-5:])


def test_extra_cas_are_shown_in_the_header() -> None:
    assert "Extra CAs trusted by this agent but not by KMS" in "\n".join(shown(report()).splitlines()[:4])


def test_a_hidden_error_comes_after_the_error_that_hides_it() -> None:
    text = shown(report())
    assert text.index("XKS_PROXY_INVALID_TLS_CONFIGURATION") < text.index(
        "after that is fixed: XKS_PROXY_NOT_REACHABLE"
    )


@pytest.mark.parametrize(
    ("judged", "line"),
    [
        (Report(taken_at_s=NOW_S), "Nothing could be evaluated"),
        (
            Report(taken_at_s=NOW_S, verdicts=(replace(name_verdict(), outcome=Outcome.UNKNOWN),)),
            "Nothing could be evaluated",
        ),
        (
            Report(taken_at_s=NOW_S, verdicts=(replace(name_verdict(), outcome=Outcome.MET),)),
            "All evaluated requirements are met",
        ),
        (
            Report(taken_at_s=NOW_S, verdicts=(replace(name_verdict(), kms_errors=()),)),
            "there are risks",
        ),
        (Report(taken_at_s=NOW_S, verdicts=(name_verdict(),)), "KMS would return an error"),
        (Report(taken_at_s=NOW_S, verdicts=(replace(name_verdict(), level=Level.RISK),)), "there are risks"),
        (Report(taken_at_s=NOW_S, verdicts=(ADVICE, name_verdict())), "KMS would return an error"),
        (Report(taken_at_s=NOW_S, verdicts=(ADVICE,)), "Only advice is violated."),
        (
            Report(taken_at_s=NOW_S, verdicts=(ADVICE, replace(name_verdict(), outcome=Outcome.UNKNOWN))),
            "Only advice is violated, but not everything could be evaluated",
        ),
    ],
    ids=[
        "nothing evaluated",
        "unknown",
        "met",
        "violated without an error",
        "violated with an expected error",
        "a risk",
        "advice and a required violation",
        "only advice",
        "advice and an unknown requirement",
    ],
)
def test_the_conclusion_never_calls_unknown_requirements_met(judged: Report, line: str) -> None:
    assert line in shown(judged)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_it_fits_the_terminal(width: int) -> None:
    lines = shown(report(), OTHER, width=width, collected=with_health()).splitlines()
    assert max(map(len, lines)) <= width
    assert any("Health requests" in line for line in lines)


def test_with_one_key_store_its_report_is_at_the_top_level_and_in_the_list() -> None:
    report_document = document(report())
    stores = report_document["stores"]
    assert isinstance(stores, list)
    assert (
        [each["key_store"] for each in stores] == [report_document["key_store"]] == ["cks-1234567890abcdef0"]
    )
    assert {key: report_document[key] for key in stores[0]} == stores[0]


def test_the_key_store_with_the_worst_result_comes_first() -> None:
    fine = Report(
        taken_at_s=NOW_S, key_store="cks-fine", verdicts=(replace(name_verdict(), outcome=Outcome.MET),)
    )
    report_document = document(fine, OTHER, report())
    stores = report_document["stores"]
    assert isinstance(stores, list)
    assert [each["key_store"] for each in stores] == ["cks-1234567890abcdef0", "cks-other", "cks-fine"]
    assert report_document["key_store"] == "cks-1234567890abcdef0"
    assert faults(report_document, "report") == []
    text = shown(fine, OTHER, report())
    positions = [text.index(name) for name in ("cks-1234567890abcdef0", "cks-other", "cks-fine")]
    assert positions == sorted(positions)
    assert text.count("Path to the key managers") == 1


def test_shared_targets_are_listed_once() -> None:
    assert document(report(), OTHER)["targets"] == document(report())["targets"]


def test_the_document_of_a_target_with_health_checks_has_health() -> None:
    reports = ((report(), with_health()),)
    report_document = verdicts.document(reports=reports, survey=survey(), vantage="here", version="0.1.0")
    assert faults(report_document, "report") == []
    targets = report_document["targets"]
    assert isinstance(targets, list)
    assert targets[0]["health"]["cold"]["total_seconds"] == 0.0638
    assert [each["health"] for each in targets[3:]] == [None, None]
