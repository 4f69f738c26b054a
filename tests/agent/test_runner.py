"""Turns come at fixed times, late ones are dropped and told, and nothing else stops the others."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest
import virtual_time
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.agent.runner import (
    EchoSchedule,
    SilentObserver,
    Turn,
    next_turn,
    offset_s,
    once,
    run,
    turn_time,
    turns,
)
from probe.model.measurements import Measurement
from probe.model.targets import Check, Plan, Role, Target

S = 1_000_000_000


def target(name: str, interval_s: float = 15.0, check: Check = Check.TCP) -> Target:
    plan = Plan(check=check, interval_s=interval_s, timeout_s=2.0)
    return Target(name=name, role=Role.BACKEND, host="10.0.0.1", plans=(plan,))


def turns_of(*targets: Target) -> tuple[Turn, ...]:
    return turns(targets)


class Watch:
    """Measures in ``takes_s`` of virtual time; notes everything. Implements `Observer`."""

    def __init__(self, takes_s: float = 0.1) -> None:
        self.takes_s = takes_s
        self.started: list[tuple[str, float]] = []
        self.published: list[str] = []
        self.skips: Counter[str] = Counter()
        self.delays: list[float] = []
        self.bugs: list[tuple[str, Exception]] = []
        self.running = self.most_running = self.cancelled = 0

    async def measure(self, target: Target, check: Check, timeout_s: float) -> Measurement:
        loop = asyncio.get_running_loop()
        self.started.append((target.name, loop.time()))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if target.name == "buggy":
                raise ZeroDivisionError("our bug")
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        return Measurement(target=target, check=check, started_at_s=loop.time())

    def publish(self, measurement: Measurement) -> None:
        self.published.append(measurement.target.name)

    def skipped(self, target: Target, check: Check) -> None:
        self.skips[target.name] += 1

    def delay(self, seconds: float) -> None:
        self.delays.append(seconds)

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        self.bugs.append((target.name, error))


def run_for(seconds: float, watch: Watch, *targets: Target, limit: int = 64) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await run(turns_of(*targets), watch.measure, watch.publish, watch, limit)

    virtual_time.run(main())


def test_an_offset_is_the_same_in_every_process_and_within_the_interval() -> None:
    assert offset_s("proxy-1", Check.TCP, 15.0) == pytest.approx(10.846, abs=5e-4)
    assert offset_s("proxy-1", Check.TCP, 15.0) != offset_s("proxy-1", Check.TLS, 15.0)


@given(st.text(), st.sampled_from(Check), st.floats(min_value=0.1, max_value=86400))
def test_an_offset_lies_in_the_interval(name: str, check: Check, interval_s: float) -> None:
    assert 0 <= offset_s(name, check, interval_s) < interval_s


def test_offsets_spread_over_the_interval() -> None:
    tenths = Counter(int(offset_s(f"target-{n}", Check.TCP, 10.0)) for n in range(1000))
    assert set(tenths) == set(range(10))
    assert max(tenths.values()) < 140


@given(
    st.floats(min_value=0, max_value=1e7),
    st.floats(min_value=0, max_value=1e7),
    st.floats(min_value=0, max_value=60),
    st.floats(min_value=0.1, max_value=3600),
)
def test_the_next_turn_is_the_first_that_is_not_over(
    now: float, epoch: float, offset: float, interval: float
) -> None:
    number = next_turn(now, epoch, offset, interval)
    assert turn_time(number, epoch, offset, interval) >= now
    assert number == 0 or turn_time(number - 1, epoch, offset, interval) < now


def test_a_turn_at_this_very_moment_is_the_next() -> None:
    assert next_turn(130.0, 100.0, 0.0, 15.0) == 2
    assert next_turn(130.001, 100.0, 0.0, 15.0) == 3


def echo_plans(*intervals_s: float) -> list[Plan]:
    return [Plan(check=Check.ICMP, interval_s=interval, timeout_s=2.0) for interval in intervals_s]


def test_a_minute_of_echoes_has_its_share_for_each_target() -> None:
    schedule = EchoSchedule(echo_plans(1.0, 1.0, 0.5, 10.0), epoch_ns=5 * S)
    sent: Counter[int] = Counter()
    now = 5 * S
    while now < 65 * S:
        sent.update(schedule.due(now))
        now += S // 100
    assert all(abs(sent[index] - expected) <= 1 for index, expected in enumerate((60, 60, 120, 6)))
    assert schedule.skipped == 0


def test_echoes_are_spread_evenly() -> None:
    schedule = EchoSchedule(echo_plans(*[1.0] * 1000), epoch_ns=0)
    per_tick = [len(schedule.due(now)) for now in range(2 * S, 3 * S, S // 100)][1:]
    assert min(per_tick) >= 7
    assert max(per_tick) <= 13


@given(st.integers(1, 20), st.lists(st.integers(0, 3 * S), max_size=60))
def test_echoes_keep_their_order_and_none_is_due_twice_in_one_call(count: int, steps: list[int]) -> None:
    schedule = EchoSchedule(echo_plans(*[1.0] * count), epoch_ns=0)
    now, total = 0, 0
    for step in steps:
        now += step
        due = schedule.due(now)
        assert len(due) == len(set(due))
        assert all((b - a) % count == 1 % count for a, b in pairwise(due))
        total += len(due)
        assert schedule.next_due_ns is not None
        assert schedule.next_due_ns > now
    # Turns by then, as far as the shift of ±10 % allows.
    assert abs(total + schedule.skipped - now / S * count) <= 0.3 * count + 1


def test_no_echo_is_more_than_a_tenth_of_the_interval_off() -> None:
    schedule = EchoSchedule(echo_plans(1.0), epoch_ns=0)
    times = []
    for _ in range(500):
        assert schedule.next_due_ns is not None
        times.append(schedule.next_due_ns)
        assert schedule.due(schedule.next_due_ns) == [0]
    assert all(abs(time - (n * S + S // 10)) <= S // 10 for n, time in enumerate(times))
    assert len({b - a for a, b in pairwise(times)}) > 100, "the phase must not be locked"


def test_after_an_hour_of_sleep_nothing_is_caught_up() -> None:
    schedule = EchoSchedule(echo_plans(1.0, 1.0), epoch_ns=0)
    schedule.due(S)
    assert len(schedule.due(3601 * S)) == 2
    assert 7190 <= schedule.skipped <= 7202
    assert len(schedule.due(3601 * S)) == 0


def test_without_plans_no_echo_is_due() -> None:
    schedule = EchoSchedule([], epoch_ns=0)
    assert schedule.next_due_ns is None
    assert schedule.due(S) == []


def test_in_an_hour_each_target_has_its_240_turns_fifteen_seconds_apart() -> None:
    watch = Watch()
    run_for(3600, watch, target("a"), target("b"))
    for name in "ab":
        times = [time for started, time in watch.started if started == name]
        assert 239 <= len(times) <= 241
        steady = [b - a for a, b in pairwise(times[1:])]
        assert steady == pytest.approx([15.0] * len(steady))
    assert not watch.skips
    assert max(watch.delays) < 1e-6


def test_the_first_round_takes_seconds_even_where_the_interval_is_long() -> None:
    watch = Watch()

    async def main() -> float:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        start = loop.time()
        plan = turns_of(*(target(f"t{n}", interval_s=3600.0) for n in range(50)))
        task = asyncio.create_task(run(plan, watch.measure, watch.publish, watch, first_round=begun))
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return loop.time() - start

    assert virtual_time.run(main()) <= 5.2
    assert len(set(watch.published)) == 50


def test_without_turns_the_first_round_is_done_at_once() -> None:
    async def main() -> bool:
        begun = asyncio.Event()
        watch = Watch()
        await run((), watch.measure, watch.publish, watch, first_round=begun)
        return begun.is_set()

    assert virtual_time.run(main())


def test_a_probe_that_overruns_skips_its_own_turns_and_no_others() -> None:
    watch = Watch(takes_s=4.0)
    run_for(602, watch, target("slow", interval_s=3.0), target("steady", interval_s=30.0))
    started = Counter(name for name, _ in watch.started)
    # Each run of 4 s covers one further turn: every second one is skipped.
    assert 99 <= started["slow"] <= 102
    assert 98 <= watch.skips["slow"] <= 101
    assert started["steady"] == pytest.approx(20, abs=1)
    assert watch.skips["steady"] == 0


def test_never_more_run_than_the_limit_and_the_wait_is_told() -> None:
    watch = Watch(takes_s=1.0)
    run_for(60, watch, *(target(f"t{n}", interval_s=10.0) for n in range(25)), limit=3)
    assert watch.most_running == 3
    assert max(watch.delays) > 0.5


def test_a_held_up_loop_drops_the_turns_it_missed_and_says_so() -> None:
    watch = Watch(takes_s=0.0)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual_time.VirtualLoop)
        task = asyncio.create_task(
            run(turns_of(target("t", interval_s=1.0)), watch.measure, watch.publish, watch)
        )
        await asyncio.sleep(10.5)
        before = len(watch.started)
        loop.advance(100.0)
        await asyncio.sleep(0.01)
        assert len(watch.started) - before <= 2, "nothing is caught up"
        await asyncio.sleep(10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    virtual_time.run(main())
    assert 98 <= watch.skips["t"] <= 100
    assert max(watch.delays) > 90


def test_a_bug_in_one_probe_is_told_and_the_others_go_on() -> None:
    watch = Watch()
    run_for(100, watch, target("buggy", interval_s=10.0), target("sound", interval_s=10.0))
    assert 9 <= len(watch.bugs) <= 11
    assert isinstance(watch.bugs[0][1], ZeroDivisionError)
    assert 9 <= watch.published.count("sound") <= 11


def test_a_probe_without_end_is_cut_off_as_a_bug() -> None:
    watch = Watch(takes_s=1e9)
    run_for(100, watch, target("endless", interval_s=50.0))
    assert isinstance(watch.bugs[0][1], TimeoutError)
    assert watch.running == 0


def test_cancelling_stops_what_runs_and_loses_nothing_measured() -> None:
    watch = Watch(takes_s=1.9)
    run_for(60.5, watch, *(target(f"t{n}", interval_s=2.0) for n in range(20)))
    assert watch.cancelled > 0
    assert len(watch.published) + watch.cancelled == len(watch.started)


@settings(max_examples=20)
@given(st.integers(0, 40), st.integers(1, 8))
def test_once_probes_everything_exactly_once_within_the_limit(count: int, limit: int) -> None:
    watch = Watch()
    names = [f"t{n}" for n in range(count)]
    virtual_time.run(once(turns_of(*map(target, names)), watch.measure, watch.publish, limit))
    assert sorted(watch.published) == sorted(names)
    assert watch.most_running <= limit


def test_once_raises_a_bug_after_the_round_or_tells_an_observer() -> None:
    watch = Watch()
    plan = turns_of(target("buggy"), target("sound"))
    with pytest.raises(ExceptionGroup):
        virtual_time.run(once(plan, watch.measure, watch.publish))
    assert watch.published == ["sound"]
    virtual_time.run(once(plan, watch.measure, watch.publish, observer=watch))
    assert len(watch.bugs) == 1


def test_a_silent_observer_hides_no_bug() -> None:
    with pytest.raises(ZeroDivisionError):
        SilentObserver().bug(target("t"), Check.TCP, ZeroDivisionError())


def test_turns_leave_out_what_something_else_schedules() -> None:
    both = (target("a"), target("b", check=Check.ICMP))
    assert [turn.target.name for turn in turns(both, without=frozenset({Check.ICMP}))] == ["a"]


def test_waiting_for_nothing_is_an_error_in_virtual_time() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(virtual_time.EverybodyWaitsError):
        virtual_time.run(main())
