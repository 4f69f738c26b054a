"""Ranking of Regions by their medians, and verdicts by confidence intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network.region_connects import REFUSED, connect, targets

from probe.model.evidence import Evidence
from probe.model.statistics import Window
from probe.model.survey import RegionRtt, Survey
from probe.model.targets import Role, Target
from probe.statistics import summarize
from probe.survey import locations
from probe.survey.rank import from_windows, rank


def ranked(
    rtts: dict[str, list[float | None]], *, complete: bool = True, at: tuple[float, float] | None = None
) -> Survey:
    planned = targets(*rtts)
    samples = {t.identity: [connect(t, rtt) for rtt in rtts[t.region]] for t in planned}
    return rank(planned, samples, 0.035, 1000.0, "here", complete, coordinates=at)


def only(survey: Survey) -> RegionRtt:
    (region,) = survey.regions
    return region


@pytest.mark.parametrize(
    ("rtt_s", "verdict"),
    [(0.0344, True), (0.035, None), (0.0356, False)],
    ids=["34.4 ms", "at the limit", "35.6 ms"],
)
def test_a_region_is_decided_below_and_above_35_ms_and_undecided_at_35_ms(
    rtt_s: float, verdict: bool | None
) -> None:
    survey = ranked({"eu-west-1": [rtt_s] * 20})
    region = only(survey)
    assert region.within_threshold is verdict
    assert (region.reason is None) == (verdict is not None)
    assert survey.recommended == ("eu-west-1" if verdict else None)
    if verdict is None:
        assert region.reason == (
            "undecided: the median's 95 % confidence interval, 35 to 35 ms, contains the limit of 35 ms"
        )


def test_fewer_than_20_round_trips_are_undecided() -> None:
    region = only(ranked({"eu-west-1": [0.01] * 19}))
    assert region.within_threshold is None
    assert region.reason == "undecided: 19 round trips, but 20 are needed"
    assert region.rank == 1


def test_the_shortest_round_trip_is_first_and_unreachable_regions_are_last() -> None:
    survey = ranked({"eu-west-1": [None] * 20, "eu-west-2": [0.03] * 20, "eu-west-3": [0.01] * 20})
    assert [(r.region, r.rank) for r in survey.regions] == [
        ("eu-west-3", 1),
        ("eu-west-2", 2),
        ("eu-west-1", None),
    ]
    last = survey.regions[-1]
    assert (last.failure, last.within_threshold) == (REFUSED, None)
    assert last.reason == "no reply in 20 attempts: refused in connect"
    assert survey.recommended == "eu-west-3"


def test_a_single_attempt_and_a_single_round_trip_are_not_in_the_plural() -> None:
    answered, failed = ranked({"eu-west-1": [None], "eu-west-2": [0.03]}).regions
    assert answered.reason == "undecided: 1 round trip, but 20 are needed"
    assert failed.reason == "no reply in 1 attempt: refused in connect"


def test_regions_with_overlapping_intervals_are_tied_with_the_best() -> None:
    survey = ranked(
        {
            "eu-west-1": [0.010, 0.012] * 10,
            "eu-west-2": [0.011, 0.013] * 10,
            "eu-west-3": [0.020] * 20,
            "eu-north-1": [0.011] * 3,
        }
    )
    assert {r.region: r.tied_with_best for r in survey.regions} == {
        "eu-west-1": False,  # the best itself
        "eu-north-1": False,  # has no interval yet
        "eu-west-2": True,
        "eu-west-3": False,
    }


def test_a_region_without_measurements_is_reported_as_not_measured() -> None:
    survey = ranked({"eu-west-1": []}, complete=False)
    assert only(survey).reason == "not measured yet"
    assert (survey.recommended, survey.complete) == (None, False)


def test_a_round_trip_faster_than_light_is_noted_and_not_ranked() -> None:
    frankfurt = (50.1, 8.7)
    rtts: dict[str, list[float | None]] = {"ap-northeast-1": [0.002] * 20, "eu-west-3": [0.010] * 20}
    survey = ranked(rtts, at=frankfurt)
    paris, tokyo = survey.regions
    assert (paris.region, paris.rank, survey.recommended) == ("eu-west-3", 1, "eu-west-3")
    assert (tokyo.region, tokyo.rank, tokyo.within_threshold) == ("ap-northeast-1", None, None)
    (note,) = survey.notes
    assert note.startswith("ap-northeast-1: 2.0 ms is less than the 93.")
    unknown_vantage = ranked(rtts)
    assert unknown_vantage.notes == ()
    assert unknown_vantage.recommended == "ap-northeast-1"


@given(
    st.dictionaries(
        st.sampled_from(sorted(locations.locations())),
        st.lists(st.none() | st.floats(min_value=1e-6, max_value=2), max_size=30),
        max_size=6,
    )
)
def test_ranks_follow_the_medians(rtts: dict[str, list[float | None]]) -> None:
    survey = ranked(rtts)
    assert sorted(r.region for r in survey.regions) == sorted(rtts)
    with_samples = [r for r in survey.regions if r.rank is not None]
    assert [r.rank for r in with_samples] == list(range(1, len(with_samples) + 1))
    medians = [r.summary.median_s or 0.0 for r in with_samples]
    assert medians == sorted(medians)
    assert all(r.summary.samples == 0 for r in survey.regions[len(with_samples) :])
    assert all((r.reason is None) == (r.within_threshold is not None) for r in survey.regions)


def test_the_survey_of_a_running_agent_uses_its_windows() -> None:
    near, far = targets("eu-west-1", "eu-west-2")
    backend = Target(name="b", role=Role.BACKEND, host="10.0.0.1")
    summary = summarize([0.01] * 20)
    evidence = Evidence(
        taken_at_s=1000.0,
        targets=(backend, far, near),
        latest=(connect(near, 0.01), connect(far, None)),
        windows=(
            Window(target=near.name, method="tcp", span_s=300.0, summary=summary),
            Window(target=near.name, method="icmp", span_s=300.0, summary=summarize([9.0])),
            Window(target=far.name, method="tcp", span_s=300.0, summary=summarize([None] * 4)),
        ),
    )
    survey = from_windows(evidence, threshold_s=0.035, vantage="here")
    assert [(r.region, r.rank) for r in survey.regions] == [("eu-west-1", 1), ("eu-west-2", None)]
    assert survey.regions[0].summary == summary
    assert survey.regions[1].failure == REFUSED
    assert survey.recommended == "eu-west-1"
