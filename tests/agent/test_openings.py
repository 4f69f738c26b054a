"""New targets get the round trips of a preflight, at a limited rate; all in virtual time."""

import asyncio
from collections import Counter
from collections.abc import Callable

from support.network import virtual_time

from probe.agent.openings import TARGETS_AT_ONCE, Openings
from probe.agent.round import ROUND_TRIP_SPACING_S, ROUND_TRIPS
from probe.agent.runner import SilentObserver
from probe.model.targets import Check, PlannedCheck, Role, Target

TCP = PlannedCheck(check=Check.TCP, interval_s=15.0, timeout_s=2.0)
TLS = PlannedCheck(check=Check.TLS, interval_s=60.0, timeout_s=2.0)


def node(number: int, role: Role = Role.NODE) -> Target:
    host = f"10.0.{number // 250}.{number % 250}"
    return Target(name=f"n{number}", role=role, host=host, plans=(TCP, TLS))


class World:
    """Openings with targets that answer at once, and the times of all probes."""

    def __init__(self) -> None:
        self.times_s: list[tuple[float, str]] = []
        self.openings = Openings(self._measure, lambda _measurement: None, SilentObserver())

    async def _measure(self, target: Target, check: Check, _timeout_s: float, _publish: object) -> None:
        assert check is Check.TCP
        self.times_s.append((asyncio.get_running_loop().time(), target.name))

    def counts(self) -> Counter[str]:
        return Counter(name for _, name in self.times_s)

    def run(self, *steps: tuple[float, Callable[[], object]]) -> None:
        virtual_time.run_steps(self.openings.run(), steps)


def test_a_new_target_gets_20_connects_a_tenth_of_a_second_apart_and_an_old_one_none() -> None:
    world = World()
    world.run(
        (0.0, lambda: world.openings.sync([node(1)])),
        (10.0, lambda: world.openings.sync([node(1), node(2)])),
        (20.0, lambda: None),
    )
    assert world.counts() == {"n1": ROUND_TRIPS, "n2": ROUND_TRIPS}
    times_s = [at_s for at_s, name in world.times_s if name == "n1"]
    assert max(times_s) - min(times_s) < ROUND_TRIPS * ROUND_TRIP_SPACING_S
    assert min(at_s for at_s, name in world.times_s if name == "n2") >= 10.0


def test_many_new_targets_share_a_limited_rate() -> None:
    world, count = World(), 3 * TARGETS_AT_ONCE
    world.run((0.0, lambda: world.openings.sync([node(n) for n in range(count)])), (60.0, lambda: None))
    assert set(world.counts().values()) == {ROUND_TRIPS}
    assert len(world.counts()) == count
    per_second = Counter(int(at_s) for at_s, _ in world.times_s)
    assert max(per_second.values()) <= 100 + TARGETS_AT_ONCE


def test_a_target_that_is_removed_gets_no_more_connects_and_one_that_returns_is_new() -> None:
    world = World()
    world.run(
        (0.0, lambda: world.openings.sync([node(1)])),
        (0.55, lambda: world.openings.sync([])),
        (10.0, lambda: world.openings.sync([node(1)])),
        (20.0, lambda: None),
    )
    early = [at_s for at_s, _ in world.times_s if at_s < virtual_time.START_S + 9]
    assert 5 <= len(early) <= 7
    assert len(world.times_s) - len(early) == ROUND_TRIPS


def test_candidate_regions_get_none() -> None:
    world = World()
    world.run((0.0, lambda: world.openings.sync([node(1, Role.REGION)])), (10.0, lambda: None))
    assert world.times_s == []
