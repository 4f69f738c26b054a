"""The agent's echoes: bad names fail alone, a forbidden ICMP is said once, changed addresses start a new engine."""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from probe.agent import echoes
from probe.model.measurements import EchoBatch, EchoOutcome, Failure, Measurement, Phase, Reason, Timestamps
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.network import ExchangeFailed


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
    """Answers each echo in 1 ms on the next drain."""

    mode: ClassVar[str | None] = "datagram"
    why: ClassVar[str] = ""
    made: ClassVar[list[tuple[str, ...]]] = []

    def __init__(self, addresses: Sequence[str]) -> None:
        Engine.made.append(tuple(addresses))
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


class Heard:
    """What the echoes publish."""

    def __init__(self) -> None:
        self.echoes: list[str] = []
        self.measurements: list[Measurement] = []

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        self.echoes += [targets[index].name for index in batch.indexes]


@pytest.fixture(autouse=True)
def _fake_engine() -> None:
    Engine.made = []


def make(targets: list[Target], names: Names, heard: Heard) -> echoes.Echoes:
    made = echoes.Echoes(names, heard.on_echoes, heard.measurements.append)  # type: ignore[arg-type]
    made.sync(targets)
    return made


@pytest.mark.loopback
async def test_a_name_that_does_not_resolve_fails_alone_and_the_others_are_echoed() -> None:
    heard = Heard()
    targets = [
        echo_target("a", "a.example"),
        echo_target("lost", "lost.example"),
        echo_target("b", "b.example"),
    ]
    names = Names({"a.example": "10.0.0.1", "b.example": "10.0.0.2"})
    await make(targets, names, heard).round(count=3, interval_s=0.001)
    assert sorted(heard.echoes) == ["a"] * 3 + ["b"] * 3
    assert [(m.target.name, m.failure and m.failure.reason) for m in heard.measurements] == [
        ("lost", Reason.NAME_NOT_FOUND)
    ]


@pytest.mark.loopback
async def test_where_icmp_is_not_permitted_each_target_is_told_what_to_permit_until_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(echoes, "RESOLVE_INTERVAL_S", 0.01)
    monkeypatch.setattr(Engine, "mode", None)
    monkeypatch.setattr(Engine, "why", "permit it so")
    heard = Heard()
    running = asyncio.create_task(
        make([echo_target("a", "a.example")], Names({"a.example": "10.0.0.1"}), heard).forever()
    )
    async with asyncio.timeout(10):
        while not heard.measurements:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
        assert heard.echoes == []
        monkeypatch.setattr(Engine, "mode", "datagram")
        while not heard.echoes:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    assert {(m.failure.reason, m.failure.detail) for m in heard.measurements if m.failure} == {
        (Reason.NOT_PERMITTED, "permit it so")
    }


@pytest.mark.loopback
async def test_a_name_that_stops_resolving_keeps_its_address_and_its_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(echoes, "RESOLVE_INTERVAL_S", 0.01)
    heard, names = Heard(), Names({"a.example": "10.0.0.1"})
    running = asyncio.create_task(make([echo_target("a", "a.example")], names, heard).forever())
    async with asyncio.timeout(10):
        while not heard.echoes:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
        names.table = {}
        while not heard.measurements:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    assert Engine.made == [("10.0.0.1",)]


@pytest.mark.loopback
async def test_an_address_that_changes_gets_a_new_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echoes, "RESOLVE_INTERVAL_S", 0.01)
    heard, names = Heard(), Names({"a.example": "10.0.0.1"})
    running = asyncio.create_task(make([echo_target("a", "a.example")], names, heard).forever())
    async with asyncio.timeout(10):
        while not heard.echoes:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
        names.table = {"a.example": "10.0.0.9"}
        while len(Engine.made) < 2:  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    assert Engine.made == [("10.0.0.1",), ("10.0.0.9",)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the fake has no event
            await asyncio.sleep(0.005)


@pytest.mark.loopback
async def test_targets_that_come_and_go_get_engines_and_the_others_are_echoed_all_the_time() -> None:
    heard, a, b = Heard(), echo_target("a", "10.0.0.1"), echo_target("b", "10.0.0.2")
    made = make([a], Names({"10.0.0.1": "10.0.0.1", "10.0.0.2": "10.0.0.2"}), heard)
    running = asyncio.create_task(made.forever())
    await until(lambda: "a" in heard.echoes)
    made.sync([b, a])
    await until(lambda: "b" in heard.echoes)
    assert heard.echoes.count("a") >= heard.echoes.count("b")
    made.sync([b])
    await until(lambda: len(Engine.made) == 3)
    ended = heard.echoes.count("a")
    seen = len(heard.echoes)
    await until(lambda: len(heard.echoes) > seen + 5)
    assert heard.echoes.count("a") <= ended + 1  # one may have been under way
    running.cancel()
    await asyncio.wait([running])
    assert Engine.made == [("10.0.0.1",), ("10.0.0.2", "10.0.0.1"), ("10.0.0.2",)]


@pytest.mark.loopback
async def test_the_same_targets_again_change_nothing() -> None:
    heard, a = Heard(), echo_target("a", "10.0.0.1")
    made = make([a], Names({"10.0.0.1": "10.0.0.1"}), heard)
    running = asyncio.create_task(made.forever())
    await until(lambda: "a" in heard.echoes)
    made.sync([echo_target("a", "10.0.0.1")])
    seen = len(heard.echoes)
    await until(lambda: len(heard.echoes) > seen + 3)
    running.cancel()
    await asyncio.wait([running])
    assert len(Engine.made) == 1


@pytest.mark.loopback
async def test_a_name_that_never_resolves_does_not_hold_up_a_change_of_the_others() -> None:
    heard, names = Heard(), Names({"10.0.0.1": "10.0.0.1", "10.0.0.2": "10.0.0.2"})
    made = make([echo_target("a", "10.0.0.1")], names, heard)
    running = asyncio.create_task(made.forever())
    await until(lambda: "a" in heard.echoes)
    made.sync([echo_target("a", "10.0.0.1"), echo_target("x", "x.example"), echo_target("b", "10.0.0.2")])
    await until(lambda: "b" in heard.echoes)
    running.cancel()
    await asyncio.wait([running])
    assert [m.target.name for m in heard.measurements] == ["x"]


@pytest.mark.loopback
async def test_no_targets_need_no_engine() -> None:
    made = make([], Names({}), Heard())
    await made.round(count=1, interval_s=0.001)
    running = asyncio.create_task(made.forever())
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    assert Engine.made == []
