"""The agent's ICMP echoes: names looked up, one engine for all targets, batches handed on."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing

from probe.agent import runner
from probe.model.measurements import EchoBatch, Failure, Measurement, Phase, Reason
from probe.model.targets import Check, Target
from probe.network import ExchangeFailed, Network, echo_driver, echo_driver_async
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo import EchoEngine

RESOLVE_INTERVAL_S = 60.0  # names are looked up again so often: addresses of a Region rotate

PublishEchoes = Callable[[Sequence[Target], EchoBatch], None]
PublishMeasurement = Callable[[Measurement], None]
Addresses = dict[str, str]  # target name -> IPv4 address


class Echoes:
    """Echoes to every target that has an ICMP plan, by one engine.

    A name that does not resolve is a failed measurement, and is looked up again; the others go on. Where the
    machine permits no ICMP, each target gets a failure a minute saying what to permit, and TCP remains.
    ``tell_delay_s`` hears how late each batch of echoes went out.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        network: Network,
        publish_echoes: PublishEchoes,
        publish: PublishMeasurement,
        tell_delay_s: Callable[[float], None] | None = None,
    ) -> None:
        self._targets = tuple(t for t in targets if t.plan(Check.ICMP) is not None)
        self._network = network
        self._publish_echoes, self._publish = publish_echoes, publish
        self._tell_delay_s = tell_delay_s

    async def forever(self) -> None:
        """Echo at each target's interval until cancelled; changed addresses get a new engine."""
        if not self._targets:
            return
        addresses = await self._resolve()
        async with asyncio.TaskGroup() as group:
            while True:
                schedule = _Ending(self._intervals(addresses))
                group.create_task(self._engine_of(addresses, schedule), name="echo engine")
                addresses = await self._changed(addresses)
                # The engine before ends by itself once its last echo is answered or lost: none is dropped.
                schedule.end()

    async def _engine_of(self, addresses: Addresses, schedule: "_Ending") -> None:
        """One engine until ``schedule`` ends; where the machine permits none, tried again now and then."""
        while not schedule.ended:
            with closing(self._engine(addresses)) as engine:
                if engine.mode is not None:
                    return await self._drive(engine, addresses, schedule)
                self._not_permitted(engine.why)
            await asyncio.sleep(RESOLVE_INTERVAL_S)
        return None

    async def round(self, count: int, interval_s: float) -> None:
        """``count`` echoes to each target, ``interval_s`` apart."""
        addresses = await self._resolve()
        with closing(self._engine(addresses)) as engine:
            if engine.mode is None:
                return self._not_permitted(engine.why)
            rounds = echo_driver.Rounds(
                size=len(addresses),
                count=count,
                interval_ns=round(interval_s * 1e9),
                epoch_ns=SYSTEM_CLOCK.monotonic_ns(),
            )
            await self._drive(engine, addresses, rounds)
        return None

    async def _drive(self, engine: EchoEngine, addresses: Addresses, schedule: echo_driver.Schedule) -> None:
        targets = self._resolved(addresses)

        def publish(batch: EchoBatch) -> None:
            self._publish_echoes(targets, batch)

        await echo_driver_async.run(engine, schedule, publish, self._tell_delay_s)

    def _engine(self, addresses: Addresses) -> EchoEngine:
        timeout_s = max((p.timeout_s for t in self._targets if (p := t.plan(Check.ICMP))), default=2.0)
        return self._network.echoes(tuple(addresses.values()), timeout_s=timeout_s)

    def _intervals(self, addresses: Addresses) -> runner.EchoSchedule:
        plans = [plan for t in self._resolved(addresses) if (plan := t.plan(Check.ICMP))]
        return runner.EchoSchedule(plans, epoch_ns=SYSTEM_CLOCK.monotonic_ns())

    def _resolved(self, addresses: Addresses) -> tuple[Target, ...]:
        return tuple(t for t in self._targets if t.name in addresses)

    async def _changed(self, addresses: Addresses) -> Addresses:
        """Wait until the names resolve to other addresses than ``addresses``; returns those.

        A name that does not resolve any more keeps its address: the name server failed, not the target.
        """
        while True:
            await asyncio.sleep(RESOLVE_INTERVAL_S)
            found = addresses | await self._resolve()
            newest = {t.name: found[t.name] for t in self._targets if t.name in found}
            if newest != addresses:
                return newest

    async def _resolve(self) -> Addresses:
        """Addresses of the targets whose names resolve, in the order of the targets."""
        found = await asyncio.gather(*(self._resolve_one(target) for target in self._targets))
        return {t.name: a for t, a in zip(self._targets, found, strict=True) if a is not None}

    async def _resolve_one(self, target: Target) -> str | None:
        plan = target.plan(Check.ICMP)
        try:
            async with asyncio.timeout(plan.timeout_s if plan else None):
                return await self._network.resolve(target.host)
        except ExchangeFailed as failed:
            self._fail(target, failed.failure)
        except TimeoutError:
            self._fail(
                target, Failure(phase=Phase.RESOLVE, reason=Reason.TIMED_OUT, detail="no answer in time")
            )
        return None

    def _not_permitted(self, why: str) -> None:
        for target in self._targets:
            self._fail(target, Failure(phase=Phase.ECHO, reason=Reason.NOT_PERMITTED, detail=why))

    def _fail(self, target: Target, failure: Failure) -> None:
        self._publish(
            Measurement(target=target, check=Check.ICMP, started_at_s=SYSTEM_CLOCK.now_s(), failure=failure)
        )


class _Ending:
    """A schedule that can be told to have no more turns."""

    def __init__(self, schedule: echo_driver.Schedule) -> None:
        self._schedule = schedule
        self.ended = False

    def end(self) -> None:
        self.ended = True

    def due(self, now_ns: int) -> Sequence[int]:
        return () if self.ended else self._schedule.due(now_ns)

    @property
    def next_due_ns(self) -> int | None:
        return None if self.ended else self._schedule.next_due_ns
