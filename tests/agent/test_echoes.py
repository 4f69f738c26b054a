"""The agent's pings: unresolvable names, missing ICMP permission, changed targets and addresses."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from probe.agent import echoes
from probe.model.measurements import EchoBatch, EchoOutcome, Failure, Measurement, Phase, Reason, Timestamps
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.network import ExchangeFailed
from probe.network.clock import STALL_S


def echo_target(name: str, host: str) -> Target:
    plan = PlannedCheck(check=Check.ICMP, interval_s=0.01, timeout_s=0.5)
    return Target(name=name, role=Role.BACKEND, host=host, plans=(plan,))


class Names:
    """A name server whose table the test can change."""

    def __init__(self, table: dict[str, str]) -> None:
        self.table = table

    async def resolve(self, host: str) -> str:
        if host in self.table:
            return self.table[host]
        raise ExchangeFailed(Failure(phase=Phase.RESOLVE, reason=Reason.NAME_NOT_FOUND, detail=host))

    def echoes(self, addresses: Sequence[str], *, timeout_s: float) -> "Engine":
        assert timeout_s == 0.5
        return Engine(addresses)


class Engine:
    """Replies to each ping after 1 ms, at the next drain."""

    mode: ClassVar[str | None] = "datagram"
    why: ClassVar[str] = ""
    created: ClassVar[list[tuple[str, ...]]] = []

    def __init__(self, addresses: Sequence[str]) -> None:
        Engine.created.append(tuple(addresses))
        self.outstanding: list[int] = []

    def close(self) -> None: ...

    def sockets(self) -> tuple[()]:
        return ()

    def send(self, indexes: Sequence[int]) -> None:
        self.outstanding += indexes

    def drain(self) -> EchoBatch:
        ended, self.outstanding = self.outstanding, []
        n = len(ended)
        return EchoBatch(
            indexes=ended,
            sequences=[0] * n,
            sent_ns=[0] * n,
            rtt_ns=[1_000_000] * n,
            stamps=[Timestamps.KERNEL] * n,
            outcomes=[EchoOutcome.ANSWERED] * n,
            reasons=[None] * n,
        )

    @property
    def next_deadline_ns(self) -> int | None:
        return 0 if self.outstanding else None


class Published:
    """Records what is published."""

    def __init__(self) -> None:
        self.echoes: list[str] = []
        self.measurements: list[Measurement] = []

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        self.echoes += [targets[index].name for index in batch.indexes]


@pytest.fixture(autouse=True)
def _fake_engine() -> None:
    Engine.created = []


def make(targets: list[Target], names: Names, published: Published) -> echoes.Echoes:
    pings = echoes.Echoes(names, published.on_echoes, published.measurements.append)  # type: ignore[arg-type]
    pings.sync(targets)
    return pings


@pytest.mark.loopback
async def test_only_the_target_whose_name_does_not_resolve_fails() -> None:
    published = Published()
    targets = [
        echo_target("a", "a.example"),
        echo_target("lost", "lost.example"),
        echo_target("b", "b.example"),
    ]
    names = Names({"a.example": "10.0.0.1", "b.example": "10.0.0.2"})
    await make(targets, names, published).round(count=3, interval_s=0.001)
    assert sorted(published.echoes) == ["a"] * 3 + ["b"] * 3
    assert [(m.target.name, m.failure and m.failure.reason) for m in published.measurements] == [
        ("lost", Reason.NAME_NOT_FOUND)
    ]


@pytest.mark.loopback
async def test_a_name_whose_lookup_timed_out_while_the_event_loop_was_stalled_is_marked() -> None:
    class Stalling(Names):
        async def resolve(self, host: str) -> str:
            asyncio.get_running_loop().call_soon(time.sleep, 0.01 + 2 * STALL_S)
            await asyncio.Event().wait()
            return host

        def echoes(self, addresses: Sequence[str], *, timeout_s: float) -> Engine:
            del timeout_s
            return Engine(addresses)

    published = Published()
    plan = PlannedCheck(check=Check.ICMP, interval_s=0.01, timeout_s=0.01)
    target = Target(name="a", role=Role.BACKEND, host="a.example", plans=(plan,))
    await make([target], Stalling({}), published).round(count=1, interval_s=0.001)
    assert [each.was_stalled for each in published.measurements] == [True]


@pytest.mark.loopback
async def test_without_icmp_permission_each_target_fails_with_advice_until_it_is_granted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(echoes, "RESOLVE_INTERVAL_S", 0.01)
    monkeypatch.setattr(Engine, "mode", None)
    monkeypatch.setattr(Engine, "why", "how to permit it")
    published = Published()
    running = asyncio.create_task(
        make([echo_target("a", "a.example")], Names({"a.example": "10.0.0.1"}), published).forever()
    )
    async with asyncio.timeout(100):
        while not published.measurements:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
        assert published.echoes == []
        monkeypatch.setattr(Engine, "mode", "datagram")
        while not published.echoes:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    assert {(m.failure.reason, m.failure.detail) for m in published.measurements if m.failure} == {
        (Reason.NOT_PERMITTED, "how to permit it")
    }


@pytest.mark.loopback
async def test_a_name_that_no_longer_resolves_keeps_its_address_and_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(echoes, "RESOLVE_INTERVAL_S", 0.01)
    published, names = Published(), Names({"a.example": "10.0.0.1"})
    running = asyncio.create_task(make([echo_target("a", "a.example")], names, published).forever())
    async with asyncio.timeout(100):
        while not published.echoes:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
        names.table = {}
        while not published.measurements:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    assert Engine.created == [("10.0.0.1",)]


@pytest.mark.loopback
async def test_a_changed_address_starts_a_new_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echoes, "RESOLVE_INTERVAL_S", 0.01)
    published, names = Published(), Names({"a.example": "10.0.0.1"})
    running = asyncio.create_task(make([echo_target("a", "a.example")], names, published).forever())
    async with asyncio.timeout(100):
        while not published.echoes:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
        names.table = {"a.example": "10.0.0.9"}
        while len(Engine.created) < 2:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    assert Engine.created == [("10.0.0.1",), ("10.0.0.9",)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(100):
        while not condition():  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)


@pytest.mark.loopback
async def test_adding_and_removing_targets_does_not_interrupt_pings_to_others() -> None:
    published, a, b = Published(), echo_target("a", "10.0.0.1"), echo_target("b", "10.0.0.2")
    pings = make([a], Names({"10.0.0.1": "10.0.0.1", "10.0.0.2": "10.0.0.2"}), published)
    running = asyncio.create_task(pings.forever())
    await until(lambda: "a" in published.echoes)
    pings.sync([b, a])
    await until(lambda: "b" in published.echoes)
    assert published.echoes.count("a") >= published.echoes.count("b")
    pings.sync([b])
    await until(lambda: len(Engine.created) == 3)
    ended = published.echoes.count("a")
    before = len(published.echoes)
    await until(lambda: len(published.echoes) > before + 5)
    assert published.echoes.count("a") <= ended + 1  # one ping may still have been in flight
    running.cancel()
    await asyncio.wait([running])
    assert Engine.created == [("10.0.0.1",), ("10.0.0.2", "10.0.0.1"), ("10.0.0.2",)]


@pytest.mark.loopback
async def test_pings_that_were_not_sent_while_the_event_loop_was_stalled_are_reported_per_target() -> None:
    """The first result stalls the event loop for ten intervals."""
    published, skipped = Published(), Counter[str]()
    stalls = [lambda: time.sleep(0.1)]

    def on_echoes(targets: Sequence[Target], batch: EchoBatch) -> None:
        published.on_echoes(targets, batch)
        if stalls:
            stalls.pop()()

    def on_skipped(target: Target, runs: int) -> None:
        skipped[target.name] += runs

    names = {f"10.0.0.{number}": f"10.0.0.{number}" for number in (1, 2)}
    pings = echoes.Echoes(
        Names(names),
        on_echoes,
        published.measurements.append,
        on_skipped=on_skipped,  # type: ignore[arg-type]
    )
    pings.sync([echo_target("a", "10.0.0.1"), echo_target("b", "10.0.0.2")])
    running = asyncio.create_task(pings.forever())
    await until(lambda: min(skipped["a"], skipped["b"]) >= 7)
    running.cancel()
    await asyncio.wait([running])


@pytest.mark.loopback
async def test_an_unchanged_set_of_targets_keeps_the_engine() -> None:
    published, a = Published(), echo_target("a", "10.0.0.1")
    pings = make([a], Names({"10.0.0.1": "10.0.0.1"}), published)
    running = asyncio.create_task(pings.forever())
    await until(lambda: "a" in published.echoes)
    pings.sync([echo_target("a", "10.0.0.1")])
    before = len(published.echoes)
    await until(lambda: len(published.echoes) > before + 3)
    running.cancel()
    await asyncio.wait([running])
    assert len(Engine.created) == 1


@pytest.mark.loopback
async def test_an_unresolvable_name_does_not_delay_a_change_of_targets() -> None:
    published, names = Published(), Names({"10.0.0.1": "10.0.0.1", "10.0.0.2": "10.0.0.2"})
    pings = make([echo_target("a", "10.0.0.1")], names, published)
    running = asyncio.create_task(pings.forever())
    await until(lambda: "a" in published.echoes)
    pings.sync([echo_target("a", "10.0.0.1"), echo_target("x", "x.example"), echo_target("b", "10.0.0.2")])
    await until(lambda: "b" in published.echoes)
    running.cancel()
    await asyncio.wait([running])
    assert [m.target.name for m in published.measurements] == ["x"]


@pytest.mark.loopback
async def test_without_targets_no_engine_is_started() -> None:
    pings = make([], Names({}), Published())
    await pings.round(count=1, interval_s=0.001)
    running = asyncio.create_task(pings.forever())
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    assert Engine.created == []
