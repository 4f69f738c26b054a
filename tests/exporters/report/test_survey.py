"""Candidate Regions."""

from dataclasses import replace

import pytest
from rich.console import Console
from support.reports.examples import NOW_S, survey
from support.reports.schema_check import faults

from exporters.report import survey as report
from probe.model.survey import Survey


@pytest.mark.parametrize(
    "result", [survey(), Survey(taken_at_s=NOW_S, vantage="")], ids=["four Regions", "none"]
)
def test_the_document_fulfils_its_schema(result: Survey) -> None:
    assert faults(report.document(result), "survey") == []


def test_a_region_without_answers_has_nulls_and_a_reason() -> None:
    regions = report.document(survey())["regions"]
    assert isinstance(regions, list)
    silent = regions[3]
    assert (silent["rank"], silent["within_threshold"], silent["samples"], silent["lost"]) == (
        None,
        None,
        0,
        20,
    )
    assert silent["rtt_seconds"] == {"min": None, "median": None, "p95": None, "p99": None}
    assert silent["reason"] == "unreachable: timed_out in connect"


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_fits_and_shows_full_region_names(width: int) -> None:
    text = shown(survey(), width)
    assert max(map(len, text.splitlines())) <= width
    for region in survey().regions:
        assert region.region in text


def test_the_recommendation_is_above_the_table() -> None:
    text = shown(survey())
    assert text.index("Recommended: eu-central-1") < text.index("95 % interval")


def test_undecided_unreachable_and_no_are_three_different_words() -> None:
    text = shown(survey())
    assert "undecided" in text
    assert "no answer" in text


def test_no_region_within_the_limit_differs_from_none_known_yet() -> None:
    undecided = replace(survey(), recommended=None)
    too_far = replace(survey(), recommended=None, regions=survey().regions[2:3])
    assert "No Region is known to be within 35 ms yet." in shown(undecided)
    assert "No Region is within 35 ms." in shown(too_far)


def test_an_interrupted_survey_is_marked() -> None:
    assert "Interrupted" in shown(replace(survey(), complete=False))


def shown(result: Survey, width: int = 80) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(report.render(result))
    return captured.get()
