"""Measures TCP round trips to each Region's KMS endpoint, in interleaved rounds.

Rounds are interleaved so that a bad minute of the network affects all candidates equally. One round before
them warms up DNS and routing caches; its results are discarded.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from probe.model.measurements import Measurement
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import GRACE_S, Check, PlannedCheck, Role, Target
from probe.statistics import summarize, within

MAX_ROUNDS_UNTIL_DECIDED = 200
UNREACHABLE_AFTER = 5  # attempts without a reply, after which --until-decided gives up on a Region

MeasureOne = Callable[[Target], Awaitable[Measurement]]
Publish = Callable[[Measurement], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyOptions:
    """Options of a survey: ``count`` rounds, or with ``until_decided`` between ``count`` and 200."""

    count: int = 20
    interval_s: float = 1.0
    timeout_s: float = 2.0
    threshold_s: float = RTT_THRESHOLD_S
    until_decided: bool = False


def plan(
    endpoints: Mapping[str, tuple[str, int]], *, interval_s: float = 1.0, timeout_s: float = 2.0
) -> tuple[Target, ...]:
    """One target per Region, probed by TCP, with a name such as ``region-eu-central-1``."""
    plans = (PlannedCheck(check=Check.TCP, interval_s=interval_s, timeout_s=timeout_s),)
    return tuple(
        Target(name=f"region-{region}", role=Role.REGION, host=host, port=port, region=region, plans=plans)
        for region, (host, port) in endpoints.items()
    )


async def take(
    targets: Sequence[Target], measure: MeasureOne, options: SurveyOptions, publish: Publish
) -> None:
    """Measure every target ``options.count`` times, after one round that is not published.

    Each target is probed every ``interval_s``; the targets are spread evenly over the interval. A slow probe
    delays only the next probe of its own Region. On cancellation, everything measured so far is published.
    """
    loop = asyncio.get_running_loop()
    epoch_s = loop.time()
    async with asyncio.TaskGroup() as group:
        for position, target in enumerate(targets):
            start_s = epoch_s + options.interval_s * position / len(targets)
            group.create_task(_take_one(target, start_s, measure, options, publish), name=target.name)


async def _take_one(
    target: Target, start_s: float, measure: MeasureOne, options: SurveyOptions, publish: Publish
) -> None:
    loop = asyncio.get_running_loop()
    rtts_s: list[float | None] = []
    due_s = start_s
    for number in range(1 + max(options.count, MAX_ROUNDS_UNTIL_DECIDED if options.until_decided else 0)):
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        async with asyncio.timeout(options.timeout_s + GRACE_S):
            measurement = await measure(target)
        due_s = max(due_s + options.interval_s, loop.time())
        if number == 0:
            continue
        publish(measurement)
        rtts_s.append(measurement.rtt_s)
        if options.until_decided and _is_settled(rtts_s, options):
            return


def _is_settled(rtts_s: Sequence[float | None], options: SurveyOptions) -> bool:
    """Whether the Region is decided or unreachable.

    The interval is tested only after ``count`` rounds, and whenever their number has doubled since: if it
    were tested after each round, some 95 % interval would sooner or later exclude any threshold by chance.
    """
    if len(rtts_s) >= UNREACHABLE_AFTER and not any(rtt is not None for rtt in rtts_s):
        return True
    multiple, remainder = divmod(len(rtts_s), options.count)
    is_test_due = remainder == 0 and multiple.bit_count() == 1
    return is_test_due and within(summarize(rtts_s), options.threshold_s) is not None
