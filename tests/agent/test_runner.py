"""The runner: fixed slots, missed slots, limits, bugs, and changes of targets."""

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.network import virtual_time

from probe.agent import runner, schedule
from probe.agent.runner import Publish, Runner, SilentObserver, run_once
from probe.agent.schedule import ScheduledCheck, scheduled
from probe.model.measurements import Measurement
from probe.model.targets import GRACE_S, Check, PlannedCheck, Role, Target
from probe.network.clock import STALL_S


def target(name: str, interval_s: float = 15.0, check: Check = Check.TCP) -> Target:
    plan = PlannedCheck(check=check, interval_s=interval_s, timeout_s=2.0)
    return Target(name=name, role=Role.BACKEND, host=f"{name}.example", plans=(plan,))


def checks_of(*targets: Target) -> tuple[ScheduledCheck, ...]:
    return scheduled(targets)


class Watch:
    """Measures in ``takes_s`` of virtual time and records everything. Implements `Observer`."""

    def __init__(self, takes_s: float = 0.1) -> None:
        self.takes_s = takes_s
        self.started: list[tuple[str, float]] = []
        self.published: list[str] = []
        self.skips: Counter[str] = Counter()
        self.delays: list[float] = []
        self.bugs: list[tuple[str, Exception]] = []
        self.running = self.max_running = self.cancelled = 0
        self.has_begun = asyncio.Event()

    async def measure(self, target: Target, check: Check, timeout_s: float, publish: Publish) -> None:
        loop = asyncio.get_running_loop()
        self.started.append((target.name, loop.time()))
        self.running += 1
        self.has_begun.set()
        self.max_running = max(self.max_running, self.running)
        try:
            if target.name == "buggy":
                raise ZeroDivisionError("a bug")
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        publish(Measurement(target=target, check=check, started_at_s=loop.time()))

    def publish(self, measurement: Measurement) -> None:
        self.published.append(measurement.target.name)

    def skipped(self, target: Target, check: Check, runs: int = 1) -> None:
        self.skips[target.name] += runs

    def delay(self, seconds: float) -> None:
        self.delays.append(seconds)

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        self.bugs.append((target.name, error))

    def discarded(self, measurement: Measurement) -> None:
        raise AssertionError(measurement)


def runner_of(watch: Watch, *targets: Target, limit: int = 64) -> Runner:
    runner = Runner(watch.measure, watch.publish, watch, limit)
    runner.sync(targets)
    return runner


def run_for(seconds: float, watch: Watch, *targets: Target, limit: int = 64) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await runner_of(watch, *targets, limit=limit).run()

    virtual_time.run(main())


def test_each_target_is_probed_every_fifteen_seconds_for_an_hour() -> None:
    watch = Watch()
    run_for(3600, watch, target("a"), target("b"))
    for name in "ab":
        times = [time for started, time in watch.started if started == name]
        assert 239 <= len(times) <= 241
        steady = [b - a for a, b in pairwise(times[1:])]
        assert steady == pytest.approx([15.0] * len(steady))
    assert not watch.skips
    assert max(watch.delays) < 1e-6


@pytest.mark.parametrize(("count", "groups"), [(4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_checks_at_the_same_slot_start_four_at_a_time(
    monkeypatch: pytest.MonkeyPatch, count: int, groups: list[int]
) -> None:
    """So that pings are sent between them."""
    for module in (schedule, runner):
        monkeypatch.setattr(module, "offset_of", lambda _check: 1.0)
    watch = Watch()
    run_for(15, watch, *(target(f"t{n}", interval_s=10.0) for n in range(count)))
    later = sorted(time for _, time in watch.started)[count:]
    since_s = Counter(round(time - later[0], 6) for time in later)
    assert since_s == {number * 0.005: size for number, size in enumerate(groups)}
    assert max(watch.delays) == pytest.approx(0.005 * (len(groups) - 1), abs=1e-6)


def test_the_first_round_takes_seconds_even_if_the_interval_is_long() -> None:
    watch = Watch()

    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        runner = runner_of(watch, *(target(f"t{n}", interval_s=3600.0) for n in range(50)))
        task = asyncio.create_task(runner.run())
        await runner.first_round.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return loop.time() - start

    assert virtual_time.run(main()) <= 5.2
    assert len(set(watch.published)) == 50


def test_the_second_run_comes_half_to_one_and_a_half_intervals_after_the_first() -> None:
    """So a fault that begins just after the first round is detected soon."""
    watch = Watch()
    names = [f"t{n}" for n in range(100)]
    run_for(300, watch, *(target(name, interval_s=60.0) for name in names))
    gaps_s = [second - first for first, second, *_ in (times_of(watch, name) for name in names)]
    assert 30 - 1e-6 <= min(gaps_s) < 40
    assert 80 < max(gaps_s) <= 90 + 1e-6
    assert not watch.skips


def test_without_checks_the_first_round_is_done_at_once() -> None:
    async def main() -> None:
        runner = runner_of(Watch())
        task = asyncio.create_task(runner.run())
        await runner.first_round.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual_time.run(main())


def test_a_probe_that_overruns_skips_only_its_own_slots() -> None:
    watch = Watch(takes_s=4.0)
    run_for(602, watch, target("slow", interval_s=3.0), target("steady", interval_s=30.0))
    started = Counter(name for name, _ in watch.started)
    # Each run takes 4 s, so it overlaps the next slot: every second one is skipped.
    assert 99 <= started["slow"] <= 102
    assert 98 <= watch.skips["slow"] <= 101
    assert started["steady"] == pytest.approx(20, abs=1)
    assert watch.skips["steady"] == 0


def test_the_number_of_concurrent_probes_is_limited_and_the_delay_is_reported() -> None:
    watch = Watch(takes_s=1.0)
    run_for(60, watch, *(target(f"t{n}", interval_s=10.0) for n in range(25)), limit=3)
    assert watch.max_running == 3
    assert max(watch.delays) > 0.5


def test_slots_missed_by_a_blocked_loop_are_dropped_and_reported() -> None:
    watch = Watch(takes_s=0.0)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual_time.VirtualLoop)
        task = asyncio.create_task(runner_of(watch, target("t", interval_s=1.0)).run())
        await asyncio.sleep(10.5)
        before = len(watch.started)
        loop.advance(100.0)
        await asyncio.sleep(0.01)
        assert len(watch.started) - before <= 2, "missed runs are not made up"
        await asyncio.sleep(10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual_time.run(main())
    assert 98 <= watch.skips["t"] <= 100
    assert max(watch.delays) > 90


@pytest.mark.parametrize(
    ("late_s", "is_stalled"), [(0.0, False), (STALL_S - 0.01, False), (STALL_S + 0.01, True), (3600.0, True)]
)
def test_a_probe_that_does_not_end_is_a_bug_unless_the_event_loop_was_stalled(
    late_s: float, is_stalled: bool
) -> None:
    """The stall begins before the probe's own timeout and ends ``late_s`` after the runner's."""
    (check,) = checks_of(target("a"))
    published: list[Measurement] = []

    async def measure(_target: Target, _check: Check, timeout_s: float, _publish: Publish) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual_time.VirtualLoop)
        loop.call_soon(loop.advance, timeout_s + GRACE_S + late_s)
        async with asyncio.timeout(timeout_s):
            await asyncio.Event().wait()

    error = virtual_time.run(runner.attempt(check, measure, published.append))
    assert isinstance(error, TimeoutError) is not is_stalled
    assert [each.was_stalled for each in published] == [True] * is_stalled


def test_a_timeout_error_that_a_probe_raises_itself_is_a_bug() -> None:
    (check,) = checks_of(target("a"))

    async def measure(*_: object) -> None:
        raise TimeoutError

    published: list[Measurement] = []
    assert isinstance(virtual_time.run(runner.attempt(check, measure, published.append)), TimeoutError)
    assert published == []


def test_a_bug_in_one_probe_is_reported_and_the_others_continue() -> None:
    watch = Watch()
    run_for(100, watch, target("buggy", interval_s=10.0), target("working", interval_s=10.0))
    assert 9 <= len(watch.bugs) <= 11
    assert isinstance(watch.bugs[0][1], ZeroDivisionError)
    assert 9 <= watch.published.count("working") <= 11


def test_a_probe_that_never_ends_is_cancelled_and_reported_as_a_bug() -> None:
    watch = Watch(takes_s=1e9)
    run_for(100, watch, target("endless", interval_s=50.0))
    assert isinstance(watch.bugs[0][1], TimeoutError)
    assert watch.running == 0


def test_cancelling_stops_running_probes_and_loses_no_measurement() -> None:
    watch = Watch(takes_s=1.9)
    run_for(60.5, watch, *(target(f"t{n}", interval_s=2.0) for n in range(20)))
    assert watch.cancelled > 0
    assert len(watch.published) + watch.cancelled == len(watch.started)


@settings(max_examples=20)
@given(st.integers(0, 40), st.integers(1, 8))
def test_run_once_runs_each_check_exactly_once_within_the_limit(count: int, limit: int) -> None:
    watch = Watch()
    names = [f"t{n}" for n in range(count)]
    virtual_time.run(run_once(checks_of(*map(target, names)), watch.measure, watch.publish, limit))
    assert sorted(watch.published) == sorted(names)
    assert watch.max_running <= limit


def test_run_once_raises_a_bug_after_the_round_or_reports_it_to_an_observer() -> None:
    watch = Watch()
    plan = checks_of(target("buggy"), target("working"))
    with pytest.raises(ExceptionGroup):
        virtual_time.run(run_once(plan, watch.measure, watch.publish))
    assert watch.published == ["working"]
    virtual_time.run(run_once(plan, watch.measure, watch.publish, observer=watch))
    assert len(watch.bugs) == 1


def test_a_silent_observer_raises_bugs() -> None:
    with pytest.raises(ZeroDivisionError):
        SilentObserver().bug(target("t"), Check.TCP, ZeroDivisionError())


def test_waiting_for_nothing_is_an_error_in_virtual_time() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(virtual_time.DeadlockError):
        virtual_time.run(main())


def synced(watch: Watch, *sets: tuple[Target, ...], each_s: float = 60.0) -> None:
    """Run with each set of targets for ``each_s``."""

    async def main() -> None:
        runner = runner_of(watch)
        task = asyncio.create_task(runner.run())
        for targets in sets:
            runner.sync(targets)
            await asyncio.sleep(each_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual_time.run(main())


def times_of(watch: Watch, name: str) -> list[float]:
    return [time_s for started, time_s in watch.started if started == name]


def test_a_check_keeps_its_slots_while_other_targets_are_added_and_removed() -> None:
    undisturbed, watched = Watch(), Watch()
    synced(undisturbed, (target("a"),), each_s=240.0)
    others = (target("b"), target("c"), target("a", interval_s=5.0, check=Check.TLS))
    synced(watched, (target("a"),), (target("a"), *others[:2]), (others[1], target("a")), (target("a"),))
    assert times_of(watched, "a") == pytest.approx(times_of(undisturbed, "a"))
    assert not watched.skips


def test_an_added_target_is_probed_within_seconds_and_a_removed_one_no_more() -> None:
    watch = Watch()
    synced(watch, (target("a"),), (target("a"), target("b", interval_s=3600.0)), (target("a"),))
    (first_s,) = times_of(watch, "b")
    virtual_start_s = virtual_time.START_S
    assert virtual_start_s + 60 <= first_s <= virtual_start_s + 66


def test_a_new_name_or_zone_keeps_the_slots_and_a_new_host_gets_new_ones() -> None:
    watch = Watch()
    first = target("a")
    renamed, moved = replace(first, name="b", zone="use1-az2"), replace(first, name="c", host="c.example")
    synced(watch, (first,), (renamed,), (moved,))
    steady = [b - a for a, b in pairwise([*times_of(watch, "a")[1:], *times_of(watch, "b")])]
    assert steady == pytest.approx([15.0] * len(steady))
    gap_s = times_of(watch, "c")[0] - times_of(watch, "b")[-1]
    assert gap_s != pytest.approx(15.0, abs=0.01)


def test_a_new_interval_gets_new_slots_and_a_running_probe_completes() -> None:
    watch = Watch(takes_s=1.0)

    async def main() -> None:
        runner = runner_of(watch, target("a", interval_s=4.0))
        task = asyncio.create_task(runner.run())
        await watch.has_begun.wait()
        runner.sync((target("a", interval_s=30.0),))
        await asyncio.sleep(600)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual_time.run(main())
    assert watch.max_running == 1
    assert watch.cancelled == 0
    steady = [b - a for a, b in pairwise(times_of(watch, "a")[2:])]
    assert steady == pytest.approx([30.0] * len(steady))


def test_a_running_probe_of_a_removed_target_completes() -> None:
    watch = Watch(takes_s=1.0)

    async def main() -> None:
        runner = runner_of(watch, target("a"))
        task = asyncio.create_task(runner.run())
        await watch.has_begun.wait()
        runner.sync(())
        await asyncio.sleep(60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual_time.run(main())
    assert watch.published == ["a"]
    assert watch.cancelled == 0
