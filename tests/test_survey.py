"""Which Region: ranked by what was measured, judged by intervals, nothing said that was not seen."""

import asyncio
from pathlib import Path

import pytest
import virtual_time
from hypothesis import given
from hypothesis import strategies as st

from probe import regions, survey
from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.statistics import Window
from probe.model.survey import RegionRtt, Survey
from probe.model.targets import Check, Role, Target
from probe.model.verdicts import Evidence
from probe.statistics import summarize
from probe.wire.input_error import InputError

REFUSED = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)


def targets(*names: str) -> tuple[Target, ...]:
    return survey.plan({name: (regions.kms_host(name), 443) for name in names})


def connect(target: Target, rtt_s: float | None) -> Measurement:
    return Measurement(
        target=target,
        check=Check.TCP,
        started_at_s=1000.0,
        address="192.0.2.1",
        phases_s={} if rtt_s is None else {Phase.CONNECT: rtt_s},
        failure=REFUSED if rtt_s is None else None,
    )


def ranked(
    rtts: dict[str, list[float | None]], *, complete: bool = True, at: tuple[float, float] | None = None
) -> Survey:
    planned = targets(*rtts)
    samples = {t.name: [connect(t, rtt) for rtt in rtts[t.region]] for t in planned}
    return survey.rank(planned, samples, 0.035, 1000.0, "here", complete, coordinates=at)


def only(taken: Survey) -> RegionRtt:
    (region,) = taken.regions
    return region


@pytest.mark.parametrize(
    ("rtt_s", "verdict"),
    [(0.0344, True), (0.035, None), (0.0356, False)],
    ids=["34.4 ms", "at the limit", "35.6 ms"],
)
def test_35_ms_is_decided_on_either_side_and_open_at_the_limit(rtt_s: float, verdict: bool | None) -> None:
    taken = ranked({"eu-west-1": [rtt_s] * 20})
    region = only(taken)
    assert region.within_threshold is verdict
    assert (region.reason is None) == (verdict is not None)
    assert taken.recommended == ("eu-west-1" if verdict else None)
    if verdict is None:
        assert region.reason == "undecided: the median's 95 % interval, 35 to 35 ms, holds the limit 35 ms"


def test_too_few_round_trips_decide_nothing() -> None:
    region = only(ranked({"eu-west-1": [0.01] * 19}))
    assert region.within_threshold is None
    assert region.reason == "undecided: 19 round trips, 20 are needed"
    assert region.rank == 1


def test_the_nearest_is_first_and_the_unreachable_last_with_phase_and_reason() -> None:
    taken = ranked({"eu-west-1": [None] * 20, "eu-west-2": [0.03] * 20, "eu-west-3": [0.01] * 20})
    assert [(r.region, r.rank) for r in taken.regions] == [
        ("eu-west-3", 1),
        ("eu-west-2", 2),
        ("eu-west-1", None),
    ]
    last = taken.regions[-1]
    assert (last.failure, last.within_threshold) == (REFUSED, None)
    assert last.reason == "unreachable: connect refused, no answer in 20 attempts"
    assert taken.recommended == "eu-west-3"


def test_overlapping_intervals_are_a_tie_with_the_best() -> None:
    taken = ranked(
        {
            "eu-west-1": [0.010, 0.012] * 10,
            "eu-west-2": [0.011, 0.013] * 10,
            "eu-west-3": [0.020] * 20,
            "eu-north-1": [0.011] * 3,
        }
    )
    assert {r.region: r.tied_with_best for r in taken.regions} == {
        "eu-west-1": False,  # the best itself
        "eu-north-1": False,  # has no interval yet
        "eu-west-2": True,
        "eu-west-3": False,
    }


def test_nothing_measured_is_said_to_be_so() -> None:
    taken = ranked({"eu-west-1": []}, complete=False)
    assert only(taken).reason == "not measured yet"
    assert (taken.recommended, taken.complete) == (None, False)


def test_a_region_faster_than_light_is_noted_and_never_ranked() -> None:
    frankfurt = (50.1, 8.7)
    rtts: dict[str, list[float | None]] = {"ap-northeast-1": [0.002] * 20, "eu-west-3": [0.010] * 20}
    taken = ranked(rtts, at=frankfurt)
    paris, tokyo = taken.regions
    assert (paris.region, paris.rank, taken.recommended) == ("eu-west-3", 1, "eu-west-3")
    assert (tokyo.region, tokyo.rank, tokyo.within_threshold) == ("ap-northeast-1", None, None)
    (note,) = taken.notes
    assert note.startswith("ap-northeast-1: 2.0 ms is less than the 93.")
    unknown_vantage = ranked(rtts)
    assert unknown_vantage.notes == ()
    assert unknown_vantage.recommended == "ap-northeast-1"


@given(
    st.dictionaries(
        st.sampled_from(sorted(regions.places())),
        st.lists(st.none() | st.floats(min_value=1e-6, max_value=2), max_size=30),
        max_size=6,
    )
)
def test_ranks_are_1_to_n_in_the_order_of_medians(rtts: dict[str, list[float | None]]) -> None:
    taken = ranked(rtts)
    assert sorted(r.region for r in taken.regions) == sorted(rtts)
    with_samples = [r for r in taken.regions if r.rank is not None]
    assert [r.rank for r in with_samples] == list(range(1, len(with_samples) + 1))
    medians = [r.summary.median_s or 0.0 for r in with_samples]
    assert medians == sorted(medians)
    assert all(r.summary.samples == 0 for r in taken.regions[len(with_samples) :])
    assert all((r.reason is None) == (r.within_threshold is not None) for r in taken.regions)


def test_a_running_agents_survey_comes_from_its_windows() -> None:
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
    taken = survey.from_windows(evidence, threshold_s=0.035, vantage="here")
    assert [(r.region, r.rank) for r in taken.regions] == [("eu-west-1", 1), ("eu-west-2", None)]
    assert taken.regions[0].summary == summary
    assert taken.regions[1].failure == REFUSED
    assert taken.recommended == "eu-west-1"


class World:
    """Regions at fixed distances; notes when each was asked."""

    def __init__(self, rtts: dict[str, float | None]) -> None:
        self.rtts = rtts
        self.asked: list[tuple[str, float]] = []
        self.published: list[Measurement] = []

    async def measure(self, target: Target) -> Measurement:
        self.asked.append((target.region, asyncio.get_running_loop().time() - virtual_time.START_S))
        rtt_s = self.rtts[target.region]
        await asyncio.sleep(2.0 if rtt_s is None else rtt_s)
        return connect(target, rtt_s)

    def take(self, taking: survey.Taking) -> None:
        virtual_time.run(survey.take(targets(*self.rtts), self.measure, taking, self.published.append))

    def count(self, region: str) -> int:
        return sum(m.target.region == region for m in self.published)


def test_rounds_are_interleaved_spread_and_warmed_up() -> None:
    world = World({"eu-west-1": 0.01, "eu-west-2": 0.02})
    world.take(survey.Taking(count=3, interval_s=1.0))
    assert [region for region, _ in world.asked] == ["eu-west-1", "eu-west-2"] * 4
    assert [time for _, time in world.asked] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
    assert (world.count("eu-west-1"), world.count("eu-west-2")) == (3, 3)


def test_a_silent_region_delays_only_itself() -> None:
    world = World({"eu-west-1": None, "eu-west-2": 0.02})
    world.take(survey.Taking(count=5, interval_s=1.0))
    assert [time for region, time in world.asked if region == "eu-west-2"] == pytest.approx(
        [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    )
    assert max(time for _, time in world.asked) <= 10.0


def test_until_decided_ends_as_soon_as_each_region_is_settled() -> None:
    world = World({"eu-west-1": 0.0344, "eu-west-2": None, "eu-west-3": 0.035})
    world.take(survey.Taking(count=10, interval_s=0.1, until_decided=True))
    assert world.count("eu-west-1") == 20, "decided with the twentieth"
    assert world.count("eu-west-2") == 5, "unreachable after five attempts"
    assert world.count("eu-west-3") == 200, "at the limit for ever: the bound ends it"


def test_cancelling_keeps_what_was_measured() -> None:
    world = World({"eu-west-1": 0.01})

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5.5):
                await survey.take(
                    targets("eu-west-1"), world.measure, survey.Taking(), world.published.append
                )

    virtual_time.run(main())
    assert world.count("eu-west-1") == 5


def test_all_regions_of_aws_have_endpoints_in_botocore() -> None:
    found = survey.endpoints([])
    assert set(found) == set(regions.places()), "regions.csv and botocore's data agree"
    assert found["eu-central-1"] == ("kms.eu-central-1.amazonaws.com", 443)
    assert all(host == regions.kms_host(region) for region, (host, _) in found.items())


def test_named_regions_may_be_of_another_partition() -> None:
    assert survey.endpoints(["eusc-de-east-1"]) == {
        "eusc-de-east-1": ("kms.eusc-de-east-1.amazonaws.eu", 443)
    }


def test_every_wrong_region_is_named() -> None:
    with pytest.raises(InputError) as raised:
        survey.endpoints(["eu-west-1", "eu-wset-2", "cn-north-1", "\x1b[2J"])
    assert raised.value.errors == (
        "'eu-wset-2': is not a Region; did you mean 'eu-west-2'?",
        "cn-north-1: has no external key stores; leave it out",
        r"'\x1b[2J': is not a Region; write a Region's name, as in eu-central-1",
    )


def test_endpoints_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text("eu-west-1: 127.0.0.1:8443\neu-west-2: kms.example.com\n", encoding="utf-8")
    found = survey.load_endpoints(path)
    assert found == {"eu-west-1": ("127.0.0.1", 8443), "eu-west-2": ("kms.example.com", 443)}
    assert [(t.name, t.host, t.port, t.role) for t in survey.plan(found)] == [
        ("region-eu-west-1", "127.0.0.1", 8443, Role.REGION),
        ("region-eu-west-2", "kms.example.com", 443, Role.REGION),
    ]


def test_all_mistakes_of_an_endpoint_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text(
        "eu-west-1: 7\neu-west-2: kms.example.com:0\nEU west: 10.0.0.1\neu-west-3: '::1'\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as raised:
        survey.load_endpoints(path)
    assert raised.value.errors == (
        "eu-west-1: '7' is not text; write host or host:port",
        "eu-west-2: 'kms.example.com:0' is not a port; write a number from 1 to 65535",
        "EU west: is not a Region's name; write one such as eu-central-1",
        "eu-west-3: '::1' is an IPv6 address; XKS is IPv4 only, so write the IPv4 address",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), ("{}", "names no Region"), ("- a", "is not a mapping")],
    ids=["empty", "no Region", "a list"],
)
def test_a_file_without_regions_is_a_mistake(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        survey.load_endpoints(path)


@pytest.mark.parametrize(
    ("rounds", "settled"),
    [(19, False), (20, True), (21, False), (39, False), (40, True), (60, False), (80, True)],
)
def test_until_decided_looks_only_when_the_rounds_have_doubled(rounds: int, *, settled: bool) -> None:
    taking = survey.Taking(count=20, interval_s=1.0, timeout_s=1.0, threshold_s=0.035, until_decided=True)
    assert survey._is_settled([0.010] * rounds, taking) is settled
