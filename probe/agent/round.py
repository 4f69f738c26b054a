"""Defines and runs one round of checks, for preflight and ``--once``."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from probe.agent.runner import Measure, Publish, run_once
from probe.agent.schedule import ScheduledCheck, scheduled
from probe.model.kinds import OF_STORE, PLANNED, ROLES
from probe.model.ports import Observer
from probe.model.targets import Check, PlannedCheck, Role, Target

ROUND_TRIPS = 20  # a verdict on 35 ms needs at least 20 samples
ROUND_TRIP_SPACING_S = 0.1
# All checks of a preflight run concurrently, because one timeout applies to all of them.
MAX_AT_ONCE = 256
_MIN_S = 0.25  # KMS's timeout
# All checks of a key store's hosts, except pings, which are sent in batches.
_IN_PREFLIGHT = tuple(
    check
    for check in PLANNED
    if check is not Check.ICMP and any(check in ROLES[role].checks for role in OF_STORE)
)

Progress = Callable[[int, int], None]


class RoundOfEchoes(Protocol):
    """The interface of `Echoes` that a round needs."""

    async def round(self, count: int, interval_s: float) -> None: ...


def rounds_of(targets: Iterable[Target]) -> list[tuple[ScheduledCheck, ...]]:
    """The checks of one round: all except pings once, then TCP round trips until there are enough."""
    everything = scheduled(targets, without=frozenset({Check.ICMP}))
    round_trips = tuple(check for check in everything if check.plan.check is Check.TCP)
    return [everything, *([round_trips] * (ROUND_TRIPS - 1))]


def plans_within(timeout_s: float) -> Mapping[Role, tuple[PlannedCheck, ...]]:
    """The checks of a preflight, by role; all of them end within ``timeout_s``.

    The last TCP round trip starts late, so the timeout of a connect is the time that is left then.
    """
    connect_s = max(_MIN_S, timeout_s - ROUND_TRIPS * ROUND_TRIP_SPACING_S)
    within_s = {Check.TCP: connect_s, Check.HEALTH_COLD: max(_MIN_S, timeout_s)}
    plans = [
        PlannedCheck(check=check, interval_s=timeout_s, timeout_s=within_s.get(check, timeout_s))
        for check in _IN_PREFLIGHT
    ]
    return {role: tuple(plan for plan in plans if plan.check in kind.checks) for role, kind in ROLES.items()}


async def take(
    targets: Sequence[Target],
    echoes: RoundOfEchoes,
    measure: Measure,
    publish: Publish,
    progress: Progress,
    observer: Observer,
) -> None:
    """Run one round, with enough round trips for a verdict on 35 ms."""
    rounds = rounds_of(targets)
    total, done = sum(map(len, rounds)), 0

    async def counted(target: Target, check: Check, timeout_s: float, publish: Publish) -> None:
        nonlocal done
        await measure(target, check, timeout_s, publish)
        done += 1
        progress(done, total)

    async def later(delay_s: float, checks: Iterable[ScheduledCheck]) -> None:
        await asyncio.sleep(delay_s)
        await run_once(checks, counted, publish, MAX_AT_ONCE, observer=observer)

    async with asyncio.TaskGroup() as group:
        group.create_task(echoes.round(ROUND_TRIPS, ROUND_TRIP_SPACING_S), name="echoes")
        for number, checks in enumerate(rounds):
            group.create_task(later(number * ROUND_TRIP_SPACING_S, checks), name=f"round trips {number}")
