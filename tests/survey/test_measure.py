"""Rounds of a survey: interleaved, spread, warmed up, and ended when all is settled."""

import asyncio

import pytest
import virtual_time
from region_rounds import connect, targets

from probe.model.measurements import Measurement
from probe.model.targets import Target
from probe.survey import measure as survey


class FakeRegions:
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

    def take(self, taking: survey.SurveyOptions) -> None:
        virtual_time.run(survey.take(targets(*self.rtts), self.measure, taking, self.published.append))

    def count(self, region: str) -> int:
        return sum(m.target.region == region for m in self.published)


def test_rounds_are_interleaved_spread_and_warmed_up() -> None:
    regions = FakeRegions({"eu-west-1": 0.01, "eu-west-2": 0.02})
    regions.take(survey.SurveyOptions(count=3, interval_s=1.0))
    assert [region for region, _ in regions.asked] == ["eu-west-1", "eu-west-2"] * 4
    assert [time for _, time in regions.asked] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5])
    assert (regions.count("eu-west-1"), regions.count("eu-west-2")) == (3, 3)


def test_a_silent_region_delays_only_itself() -> None:
    regions = FakeRegions({"eu-west-1": None, "eu-west-2": 0.02})
    regions.take(survey.SurveyOptions(count=5, interval_s=1.0))
    assert [time for region, time in regions.asked if region == "eu-west-2"] == pytest.approx(
        [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    )
    assert max(time for _, time in regions.asked) <= 10.0


def test_until_decided_ends_as_soon_as_each_region_is_settled() -> None:
    regions = FakeRegions({"eu-west-1": 0.0344, "eu-west-2": None, "eu-west-3": 0.035})
    regions.take(survey.SurveyOptions(count=10, interval_s=0.1, until_decided=True))
    assert regions.count("eu-west-1") == 20, "decided with the twentieth"
    assert regions.count("eu-west-2") == 5, "unreachable after five attempts"
    assert regions.count("eu-west-3") == 200, "at the limit for ever: the bound ends it"


def test_cancelling_keeps_what_was_measured() -> None:
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
def test_until_decided_looks_only_when_the_rounds_have_doubled(rounds: int, *, settled: bool) -> None:
    taking = survey.SurveyOptions(
        count=20, interval_s=1.0, timeout_s=1.0, threshold_s=0.035, until_decided=True
    )
    assert survey._is_settled([0.010] * rounds, taking) is settled
