"""The agent's pings: resolves names, runs one shared ICMP engine, and publishes batches of results."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import TypeAlias

from probe.agent.schedule import EchoSchedule
from probe.model.kinds import CHECKS
from probe.model.measurements import EchoBatch, Failure, Measurement, Phase, Reason
from probe.model.targets import Check, Identity, PlannedCheck, Target
from probe.network import ExchangeFailed, Network, echo_driver, echo_driver_async
from probe.network.clock import SYSTEM_CLOCK, Deadline
from probe.network.echo import EchoEngine

RESOLVE_INTERVAL_S = 60.0  # names are resolved again this often, because a Region's addresses rotate

PublishEchoes = Callable[[Sequence[Target], EchoBatch], None]
PublishMeasurement = Callable[[Measurement], None]
OnSkipped = Callable[[Target, int], None]
Addresses: TypeAlias = Mapping[Identity, str]


class Echoes:
    """Pings every target that has an ICMP plan, with one engine.

    `sync` may be called at any time with the complete new set of targets; unchanged targets keep their slots.
    A name that does not resolve is a failed measurement and is resolved again later; other targets are not
    affected. If this machine does not permit ICMP, each target gets a failure per minute that states what to
    permit. ``on_delay_s`` is called with the delay of each batch of pings, ``on_skipped`` with a target and
    the number of its pings that were not sent because the event loop was late.
    """

    def __init__(
        self,
        network: Network,
        publish_echoes: PublishEchoes,
        publish: PublishMeasurement,
        on_delay_s: Callable[[float], None] | None = None,
        on_skipped: OnSkipped = lambda _target, _runs: None,
    ) -> None:
        self._network = network
        self._publish_echoes, self._publish = publish_echoes, publish
        self._on_delay_s, self._on_skipped = on_delay_s, on_skipped
        self._targets: tuple[Target, ...] = ()
        self._changed = asyncio.Event()

    def sync(self, targets: Iterable[Target]) -> None:
        """Set the targets; those without an ICMP plan are ignored."""
        pinged = tuple(target for target in targets if target.plan(Check.ICMP) is not None)
        if pinged != self._targets:
            self._targets = pinged
            self._changed.set()

    async def forever(self) -> None:
        """Ping at each target's interval until cancelled; changed targets or addresses get a new engine."""
        addresses: dict[Identity, str] = {}
        running = _Running(EchoSchedule((), SYSTEM_CLOCK.monotonic_ns()), (), self._on_skipped)
        async with asyncio.TaskGroup() as group:
            while True:
                targets, addresses = await self._found(addresses)
                # The previous engine ends once its last ping is answered or lost, so no ping is dropped.
                running = running.followed_by(targets)
                group.create_task(self._engine_of(targets, addresses, running), name="echo engine")
                await self._until_changed(addresses)

    async def round(self, count: int, interval_s: float) -> None:
        """Send ``count`` pings to each target, ``interval_s`` apart."""
        if not self._targets:
            return None
        targets, addresses = await self._found({})
        with closing(self._engine(targets, addresses)) as engine:
            if engine.mode is None:
                return self._not_permitted(targets, engine.why)
            rounds = echo_driver.Rounds(
                size=len(targets),
                count=count,
                interval_ns=round(interval_s * 1e9),
                epoch_ns=SYSTEM_CLOCK.monotonic_ns(),
            )
            await self._drive(engine, targets, rounds)
        return None

    async def _engine_of(
        self, targets: tuple[Target, ...], addresses: Addresses, schedule: "_Running"
    ) -> None:
        """Run an engine until ``schedule`` ends; while ICMP is not permitted, retry at intervals."""
        while targets and not schedule.ended:
            with closing(self._engine(targets, addresses)) as engine:
                if engine.mode is not None:
                    return await self._drive(engine, targets, schedule)
                self._not_permitted(self._targets, engine.why)
            await asyncio.sleep(RESOLVE_INTERVAL_S)
        return None

    async def _drive(
        self, engine: EchoEngine, targets: tuple[Target, ...], schedule: echo_driver.Schedule
    ) -> None:
        def publish(batch: EchoBatch) -> None:
            self._publish_echoes(targets, batch)

        await echo_driver_async.run(engine, schedule, publish, self._on_delay_s)

    def _engine(self, targets: tuple[Target, ...], addresses: Addresses) -> EchoEngine:
        timeout_s = max((plan.timeout_s for plan in _plans(targets)), default=CHECKS[Check.ICMP].timeout_s)
        return self._network.echoes(
            tuple(addresses[target.identity] for target in targets), timeout_s=timeout_s
        )

    async def _found(self, known: Addresses) -> tuple[tuple[Target, ...], dict[Identity, str]]:
        """The targets with known addresses, in order; only unknown names are resolved."""
        self._changed.clear()
        targets = self._targets
        unknown = [target for target in targets if target.identity not in known]
        addresses = {**known, **await self._resolve(unknown)}
        found = tuple(target for target in targets if target.identity in addresses)
        return found, {target.identity: addresses[target.identity] for target in found}

    async def _until_changed(self, addresses: dict[Identity, str]) -> None:
        """Wait until the targets change, or names resolve to other addresses; these are then updated.

        If a name no longer resolves, its address is kept, because the name server failed, not the target.
        """
        while not self._changed.is_set():
            try:
                async with asyncio.timeout(RESOLVE_INTERVAL_S):
                    await self._changed.wait()
            except TimeoutError:
                newest = {**addresses, **await self._resolve(self._targets)}
                if newest != addresses:
                    addresses.update(newest)
                    return

    async def _resolve(self, targets: Iterable[Target]) -> Addresses:
        """Addresses of the targets whose names resolve."""
        queried = tuple(targets)
        found = await asyncio.gather(*map(self._resolve_one, queried))
        return {t.identity: address for t, address in zip(queried, found, strict=True) if address is not None}

    async def _resolve_one(self, target: Target) -> str | None:
        plan = target.plan(Check.ICMP)
        timeout_s = plan.timeout_s if plan else CHECKS[Check.ICMP].timeout_s
        deadline = Deadline(SYSTEM_CLOCK, timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._network.resolve(target.host)
        except ExchangeFailed as failed:
            self._fail(target, failed.failure)
        except TimeoutError:
            failure = Failure(phase=Phase.RESOLVE, reason=Reason.TIMED_OUT, detail="no response in time")
            self._fail(target, failure, was_stalled=deadline.passed_unnoticed())
        return None

    def _not_permitted(self, targets: Iterable[Target], why: str) -> None:
        for target in targets:
            self._fail(target, Failure(phase=Phase.ECHO, reason=Reason.NOT_PERMITTED, detail=why))

    def _fail(self, target: Target, failure: Failure, *, was_stalled: bool = False) -> None:
        self._publish(
            Measurement(
                target=target,
                check=Check.ICMP,
                started_at_s=SYSTEM_CLOCK.now_s(),
                failure=failure,
                was_stalled=was_stalled,
            )
        )


def _plans(targets: Iterable[Target]) -> list[PlannedCheck]:
    return [plan for target in targets if (plan := target.plan(Check.ICMP))]


class _Running:
    """The schedule of one engine, until another engine takes over."""

    def __init__(self, schedule: EchoSchedule, targets: Sequence[Target], on_skipped: OnSkipped) -> None:
        self._schedule, self._targets, self._on_skipped = schedule, targets, on_skipped
        self.ended = False

    def followed_by(self, targets: Sequence[Target]) -> "_Running":
        """End this engine's schedule; the next engine continues it for ``targets``."""
        self.ended = True
        schedule = self._schedule.following(_plans(targets), [each.identity for each in targets])
        return _Running(schedule, targets, self._on_skipped)

    def due(self, now_ns: int) -> Sequence[int]:
        if self.ended:
            return ()
        due = self._schedule.due(now_ns)
        for index, runs in self._schedule.take_skipped().items():
            self._on_skipped(self._targets[index], runs)
        return due

    @property
    def next_due_ns(self) -> int | None:
        return None if self.ended else self._schedule.next_due_ns
