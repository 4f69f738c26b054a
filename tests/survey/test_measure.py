"""The rounds of a survey: they are interleaved, spread over the interval, and end on time."""

import asyncio

import pytest
from support.network import virtual_time
from support.network.region_connects import connect, targets

from probe.model.measurements import Measurement
from probe.model.targets import Target
from probe.survey import measure as survey


class FakeRegions:
    """Regions with fixed round-trip times; records when each was probed."""

    def __init__(self, rtts: dict[str, float | None]) -> None:
        self.rtts = rtts
        self.probed: list[tuple[str, float]] = []
        self.published: list[Measurement] = []

    async def measure(self, target: Target) -> Measurement:
        self.probed.append((target.region, asyncio.get_running_loop().time() - virtual_time.START_S))
        rtt_s = self.rtts[target.region]
        await asyncio.sleep(2.0 if rtt_s is None else rtt_s)
        return connect(target, rtt_s)

    def run(self, options: survey.SurveyOptions) -> None:
        virtual_time.run(survey.take(targets(*self.rtts), self.measure, options, self.published.append))

    def count(self, region: str) -> int:
        return sum(m.target.region == region for m in self.published)


def test_rounds_are_interleaved_and_spread_after_a_warm_up_round() -> None:
    regions = FakeRegions({"eu-west-1": 0.01, "eu-west-2": 0.02})
    regions.run(survey.SurveyOptions(count=3, interval_s=1.0))
    assert [region for region, _ in regions.probed] == ["eu-west-1", "eu-west-2"] * 4
    assert [time for _, time in regions.probed] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
    assert (regions.count("eu-west-1"), regions.count("eu-west-2")) == (3, 3)


def test_a_region_that_does_not_reply_delays_only_itself() -> None:
    regions = FakeRegions({"eu-west-1": None, "eu-west-2": 0.02})
    regions.run(survey.SurveyOptions(count=5, interval_s=1.0))
    assert [time for region, time in regions.probed if region == "eu-west-2"] == pytest.approx(
        [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    )
    assert max(time for _, time in regions.probed) <= 10.0


def test_until_decided_ends_when_each_region_is_decided_or_unreachable() -> None:
    regions = FakeRegions({"eu-west-1": 0.0344, "eu-west-2": None, "eu-west-3": 0.035})
    regions.run(survey.SurveyOptions(count=10, interval_s=0.1, until_decided=True))
    assert regions.count("eu-west-1") == 20, "decided after the twentieth round"
    assert regions.count("eu-west-2") == 5, "unreachable after five attempts"
    assert regions.count("eu-west-3") == 200, (
        "never decided, because exactly at the limit; ended by the maximum"
    )


def test_cancelling_a_survey_keeps_its_measurements() -> None:
    regions = FakeRegions({"eu-west-1": 0.01})

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5.5):
                await survey.take(
                    targets("eu-west-1"),
                    regions.measure,
                    survey.SurveyOptions(),
                    regions.published.append,
                )

    virtual_time.run(main())
    assert regions.count("eu-west-1") == 5


@pytest.mark.parametrize(
    ("rounds", "settled"),
    [(19, False), (20, True), (21, False), (39, False), (40, True), (60, False), (80, True)],
)
def test_until_decided_tests_the_interval_only_when_the_rounds_have_doubled(
    rounds: int, *, settled: bool
) -> None:
    options = survey.SurveyOptions(
        count=20, interval_s=1.0, timeout_s=1.0, threshold_s=0.035, until_decided=True
    )
    assert survey._is_settled([0.010] * rounds, options) is settled
