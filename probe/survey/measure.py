"""Which Region: plan (pure), take (measures), rank (pure).

Round trips are TCP's to each Region's KMS endpoint, in interleaved rounds, so that a bad minute of the path
hits all candidates alike; one round before them warms up caches of names and routes and counts for nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from probe.model.measurements import Measurement
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import GRACE_S, Check, PlannedCheck, Role, Target
from probe.statistics import summarize, within

MAX_ROUNDS_UNTIL_DECIDED = 200
UNREACHABLE_AFTER = 5  # attempts without any answer; --until-decided waits no longer for that Region

MeasureOne = Callable[[Target], Awaitable[Measurement]]
Publish = Callable[[Measurement], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyOptions:
    """How a survey is taken. ``count`` rounds; with ``until_decided`` at least so many, and up to 200."""

    count: int = 20
    interval_s: float = 1.0
    timeout_s: float = 2.0
    threshold_s: float = RTT_THRESHOLD_S
    until_decided: bool = False


def plan(
    endpoints: Mapping[str, tuple[str, int]], *, interval_s: float = 1.0, timeout_s: float = 2.0
) -> tuple[Target, ...]:
    """One target for each Region: ``region-eu-central-1``, probed by TCP."""
    plans = (PlannedCheck(check=Check.TCP, interval_s=interval_s, timeout_s=timeout_s),)
    return tuple(
        Target(name=f"region-{region}", role=Role.REGION, host=host, port=port, region=region, plans=plans)
        for region, (host, port) in endpoints.items()
    )


async def take(
    targets: Sequence[Target], measure: MeasureOne, taking: SurveyOptions, publish: Publish
) -> None:
    """Measure every target ``taking.count`` times, after one round that is not published.

    Each target has its turns ``interval_s`` apart, all of them spread evenly over the interval; a probe that
    takes longer delays its own Region's next one alone. What was measured until a cancellation is published.
    """
    loop = asyncio.get_running_loop()
    epoch_s = loop.time()
    async with asyncio.TaskGroup() as group:
        for position, target in enumerate(targets):
            start_s = epoch_s + taking.interval_s * position / len(targets)
            group.create_task(_take_one(target, start_s, measure, taking, publish), name=target.name)


async def _take_one(
    target: Target, start_s: float, measure: MeasureOne, taking: SurveyOptions, publish: Publish
) -> None:
    loop = asyncio.get_running_loop()
    rtts_s: list[float | None] = []
    turn_s = start_s
    for number in range(1 + max(taking.count, MAX_ROUNDS_UNTIL_DECIDED if taking.until_decided else 0)):
        await asyncio.sleep(max(0.0, turn_s - loop.time()))
        async with asyncio.timeout(taking.timeout_s + GRACE_S):
            measurement = await measure(target)
        turn_s = max(turn_s + taking.interval_s, loop.time())
        if number == 0:
            continue
        publish(measurement)
        rtts_s.append(measurement.rtt_s)
        if taking.until_decided and _is_settled(rtts_s, taking):
            return


def _is_settled(rtts_s: Sequence[float | None], taking: SurveyOptions) -> bool:
    """Whether it is decided, looked at when the rounds have doubled.

    A look after each round would find some 95 % interval clear of any threshold sooner or later.
    """
    if len(rtts_s) >= UNREACHABLE_AFTER and not any(rtt is not None for rtt in rtts_s):
        return True
    rounds, left = divmod(len(rtts_s), taking.count)
    is_look = left == 0 and rounds.bit_count() == 1
    return is_look and within(summarize(rtts_s), taking.threshold_s) is not None
