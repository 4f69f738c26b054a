"""The survey as bars."""

import pytest
from support.reports.exporter_inputs import region, survey

from exporters.web.regions import BAR_WIDTH, table
from probe.model.survey import RegionRtt


def test_without_candidates_there_is_no_table() -> None:
    assert table(None) is None
    assert table(survey()) is None


@pytest.mark.parametrize(
    ("candidate", "kind", "words"),
    [
        (region(within_threshold=True), "good", "within"),
        (region(within_threshold=False), "bad", "over"),
        (region(), "undecided", "undecided"),
        (region(median_s=None, rank=None), "bad", "unreachable"),
        (RegionRtt(region="eu-west-3"), "undecided", "undecided"),
    ],
    ids=["within", "over", "undecided", "unreachable", "not measured yet"],
)
def test_every_verdict_has_a_word(candidate: RegionRtt, kind: str, words: str) -> None:
    shown = table(survey(candidate))
    assert shown is not None
    assert (shown.rows[0].kind, shown.rows[0].verdict) == (kind, words)


def test_ranked_regions_come_first() -> None:
    shown = table(survey(region("gone", None, None), region("far", 0.1, 2), region("near", 0.01, 1)))
    assert shown is not None
    assert [row.region for row in shown.rows] == ["near", "far", "gone"]


def test_a_bar_at_the_threshold_ends_at_its_line() -> None:
    shown = table(survey(region(median_s=0.035)))
    assert shown is not None
    assert shown.rows[0].bar == shown.threshold_x
    assert 0 < shown.threshold_x < BAR_WIDTH


def test_the_bar_of_a_distant_region_is_cut_and_marked() -> None:
    shown = table(survey(region(median_s=0.004), region("far", 0.9, 2)))
    assert shown is not None
    assert [row.cut for row in shown.rows] == [False, True]
    assert shown.rows[1].bar == BAR_WIDTH
