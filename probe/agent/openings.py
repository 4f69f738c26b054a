"""Gives new targets the round trips of a preflight, so that they are judged at once, at a limited rate."""

import asyncio
from collections.abc import Iterable

from probe.agent.round import ROUND_TRIP_SPACING_S, ROUND_TRIPS
from probe.agent.runner import Measure, Publish, attempt
from probe.agent.schedule import ScheduledCheck, scheduled
from probe.model.kinds import ROLES
from probe.model.ports import Observer
from probe.model.targets import Check, Identity, Target

# Ten connections per second each: 100 in total, half of what a configuration may ask for.
TARGETS_AT_ONCE = 10


class Openings:
    """Connects 20 times to each new target of a key store, 0.1 s apart; then the schedule alone is in effect.

    `sync` may be called at any time with the complete new set of targets.
    """

    def __init__(self, measure: Measure, publish: Publish, observer: Observer) -> None:
        self._measure, self._publish, self._observer = measure, publish, observer
        self._known: frozenset[Identity] = frozenset()
        self._queue: asyncio.Queue[ScheduledCheck] = asyncio.Queue()  # a target is in it at most once

    def sync(self, targets: Iterable[Target]) -> None:
        """Set the targets. Those that were not in the last set are new."""
        of_stores = [target for target in targets if ROLES[target.role].is_of_store]
        for check in scheduled(of_stores):
            if check.plan.check is Check.TCP and check.target.identity not in self._known:
                self._queue.put_nowait(check)
        self._known = frozenset(target.identity for target in of_stores)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(TARGETS_AT_ONCE):
                delay_s = number * ROUND_TRIP_SPACING_S / TARGETS_AT_ONCE
                group.create_task(self._work(delay_s), name=f"opening-{number}")

    async def _work(self, delay_s: float) -> None:
        """``delay_s``: the workers do not all connect at the same moment."""
        while True:
            check = await self._queue.get()
            await asyncio.sleep(delay_s)
            async with asyncio.TaskGroup() as group:
                for _ in range(ROUND_TRIPS):
                    if check.target.identity in self._known:
                        group.create_task(self._probe(check), name=f"opening-{check.target.name}")
                        await asyncio.sleep(ROUND_TRIP_SPACING_S)

    async def _probe(self, check: ScheduledCheck) -> None:
        error = await attempt(check, self._measure, self._publish)
        if error is not None:
            self._observer.bug(check.target, check.plan.check, error)
