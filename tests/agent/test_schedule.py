"""When checks are due: stable offsets, even spacing, and missed runs that are not made up."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from probe.agent.schedule import (
    EchoSchedule,
    ScheduledCheck,
    first_offset_s,
    next_slot,
    offset_of,
    offset_s,
    scheduled,
    slot_time,
)
from probe.model.targets import Check, PlannedCheck, Role, Target

S = 1_000_000_000


def test_an_offset_is_the_same_in_every_process_and_within_the_interval() -> None:
    assert offset_s("proxy-1", Check.TCP, 15.0) == pytest.approx(10.846, abs=5e-4)
    assert offset_s("proxy-1", Check.TCP, 15.0) != offset_s("proxy-1", Check.TLS, 15.0)


@given(st.text(), st.sampled_from(Check), st.floats(min_value=0.1, max_value=86400))
def test_an_offset_is_within_the_interval(name: str, check: Check, interval_s: float) -> None:
    assert 0 <= offset_s(name, check, interval_s) < interval_s


def test_offsets_are_spread_over_the_interval() -> None:
    tenths = Counter(int(offset_s(f"target-{n}", Check.TCP, 10.0)) for n in range(1000))
    assert set(tenths) == set(range(10))
    assert max(tenths.values()) < 140


@given(
    st.floats(min_value=0, max_value=1e7),
    st.floats(min_value=0, max_value=1e7),
    st.floats(min_value=0, max_value=60),
    st.floats(min_value=0.1, max_value=3600),
)
def test_the_next_slot_is_the_first_one_that_is_not_in_the_past(
    now: float, epoch: float, offset: float, interval: float
) -> None:
    number = next_slot(now, epoch, offset, interval)
    assert slot_time(number, epoch, offset, interval) >= now
    assert number == 0 or slot_time(number - 1, epoch, offset, interval) < now


def test_a_slot_exactly_now_is_the_next_slot() -> None:
    assert next_slot(130.0, 100.0, 0.0, 15.0) == 2
    assert next_slot(130.001, 100.0, 0.0, 15.0) == 3


def target(name: str, check: Check = Check.TCP) -> Target:
    plan = PlannedCheck(check=check, interval_s=15.0, timeout_s=2.0)
    return Target(name=name, role=Role.BACKEND, host=f"{name}.example", plans=(plan,))


def test_an_offset_depends_on_the_identity_and_not_on_the_name() -> None:
    (check,) = scheduled([target("a")])
    (renamed,) = scheduled([replace(target("a"), name="b", zone="z")])
    (moved,) = scheduled([replace(target("a"), port=8443)])
    assert offset_of(check) == offset_of(renamed) != offset_of(moved)


def echo_plans(*intervals_s: float) -> list[PlannedCheck]:
    return [PlannedCheck(check=Check.ICMP, interval_s=interval, timeout_s=2.0) for interval in intervals_s]


def test_each_target_gets_its_number_of_pings_per_minute() -> None:
    schedule = EchoSchedule(echo_plans(1.0, 1.0, 0.5, 10.0), epoch_ns=5 * S)
    sent: Counter[int] = Counter()
    now = 5 * S
    while now < 65 * S:
        sent.update(schedule.due(now))
        now += S // 100
    assert all(abs(sent[index] - expected) <= 1 for index, expected in enumerate((60, 60, 120, 6)))
    assert schedule.skipped == 0


def test_pings_are_spread_evenly() -> None:
    schedule = EchoSchedule(echo_plans(*[1.0] * 1000), epoch_ns=0)
    per_tick = [len(schedule.due(now)) for now in range(2 * S, 3 * S, S // 100)][1:]
    assert min(per_tick) >= 7
    assert max(per_tick) <= 13


@given(st.integers(1, 20), st.lists(st.integers(0, 3 * S), max_size=60))
def test_pings_keep_their_order_and_none_is_due_twice_in_one_call(count: int, steps: list[int]) -> None:
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
    # The expected number of slots, within the jitter of ±10 %.
    assert abs(total + schedule.skipped - now / S * count) <= 0.3 * count + 1


def test_the_jitter_of_pings_is_at_most_a_tenth_of_the_interval() -> None:
    schedule = EchoSchedule(echo_plans(1.0), epoch_ns=0)
    times = []
    for _ in range(500):
        assert schedule.next_due_ns is not None
        times.append(schedule.next_due_ns)
        assert schedule.due(schedule.next_due_ns) == [0]
    assert all(abs(time - (n * S + S // 10)) <= S // 10 for n, time in enumerate(times))
    assert len({b - a for a, b in pairwise(times)}) > 100, "the jitter must vary"


def test_pings_missed_during_an_hour_of_sleep_are_not_made_up() -> None:
    schedule = EchoSchedule(echo_plans(1.0, 1.0), epoch_ns=0)
    schedule.due(S)
    assert len(schedule.due(3601 * S)) == 2
    assert 7190 <= schedule.skipped <= 7202
    assert len(schedule.due(3601 * S)) == 0


def test_a_ping_is_skipped_only_after_more_than_one_interval() -> None:
    """Two targets, whose slots are half an interval apart; the jitter moves both by at most 0.1 s."""
    schedule = EchoSchedule(echo_plans(1.0, 1.0), epoch_ns=0)
    assert schedule.due(S * 8 // 10) == [0, 1]
    assert schedule.due(S * 17 // 10) == [0, 1]
    assert schedule.take_skipped() == {}
    assert schedule.due(S * 32 // 10) == [1, 0]
    assert schedule.take_skipped() == {0: 1}
    assert schedule.take_skipped() == {}


@given(
    st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=1, max_size=6),
    st.lists(st.integers(0, 20 * S), min_size=1, max_size=4),
)
@example([1.0, 1.0, 1.0], [S * 3 // 10, 10 * S])  # late by whole cycles and two of the three targets
def test_every_slot_of_each_target_is_either_sent_or_skipped(
    intervals_s: list[float], steps: list[int]
) -> None:
    """The sums equal the pings of the same schedule when it is never late."""
    late, punctual = (EchoSchedule(echo_plans(*intervals_s), epoch_ns=0) for _ in range(2))
    now, counted, expected = 0, Counter[int](), Counter[int]()
    for step in steps:
        now += step
        counted.update(late.due(now))
        counted.update(late.take_skipped())
        while (next_ns := punctual.next_due_ns) is not None and next_ns <= now:
            expected.update(punctual.due(next_ns))
    assert counted == expected
    assert punctual.take_skipped() == {}


def test_without_plans_no_ping_is_due() -> None:
    schedule = EchoSchedule([], epoch_ns=0)
    assert schedule.next_due_ns is None
    assert schedule.due(S) == []


def test_excluded_checks_are_not_scheduled() -> None:
    both = (target("a"), target("b", check=Check.ICMP))
    assert [check.target.name for check in scheduled(both, without=frozenset({Check.ICMP}))] == ["a"]


def sent(schedule: EchoSchedule, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    """(time, index) of every ping that is due between the two times, in steps of 1 ms."""
    return [(now, index) for now in range(start_ns, end_ns, S // 1000) for index in schedule.due(now)]


def test_pings_keep_their_slots_while_other_targets_are_added_and_removed() -> None:
    plans = echo_plans(1.0, 1.0, 1.0)
    undisturbed = EchoSchedule(plans, 0, "abc")
    before = EchoSchedule(plans, 0, "abc")
    expected = [when for when, index in sent(undisturbed, 0, 6 * S) if index == 1]
    found = [when for when, index in sent(before, 0, 2 * S) if index == 1]
    more = before.following(echo_plans(*[1.0] * 5), "xbycz")
    found += [when for when, index in sent(more, 2 * S, 4 * S) if index == 1]
    fewer = more.following(echo_plans(1.0), "b")
    found += [when for when, _ in sent(fewer, 4 * S, 6 * S)]
    assert found == expected
    assert (more.skipped, fewer.skipped) == (0, 0)


def test_new_targets_get_the_middle_of_the_widest_gaps() -> None:
    schedule = EchoSchedule(echo_plans(1.0), 0, ["first"])
    keys = ["first", *range(127)]
    grown = schedule.following(echo_plans(*[1.0] * len(keys)), keys)
    grown.due(S)
    per_tick = [len(grown.due(now)) for now in range(S, 2 * S, S // 16)][1:]
    assert min(per_tick) >= 6
    assert max(per_tick) <= 10


def test_a_target_with_a_new_interval_moves_to_another_cycle() -> None:
    schedule = EchoSchedule(echo_plans(1.0, 1.0), 0, "ab")
    schedule.due(S)
    changed = schedule.following(echo_plans(1.0, 0.1), "ab")
    counts = Counter(index for _, index in sent(changed, S, 11 * S))
    assert 9 <= counts[0] <= 11
    assert 98 <= counts[1] <= 102


def test_after_removing_all_targets_new_ones_are_evenly_spaced_again() -> None:
    schedule = EchoSchedule(echo_plans(1.0, 1.0), 0, "ab").following([], "")
    assert schedule.next_due_ns is None
    schedule.due(10 * S)
    again = schedule.following(echo_plans(*[1.0] * 4), "abcd")
    assert again.next_due_ns is not None
    assert again.next_due_ns > 10 * S
    assert Counter(index for _, index in sent(again, 10 * S, 20 * S)).total() == pytest.approx(40, abs=4)


@settings(max_examples=50)
@given(st.lists(st.sets(st.integers(0, 30), max_size=12), min_size=1, max_size=8))
def test_each_target_is_pinged_in_each_interval_despite_changes_of_targets(sets: list[set[int]]) -> None:
    schedule = EchoSchedule([], 0)
    now = 0
    for keys in sets:
        ordered = sorted(keys)
        schedule = schedule.following(echo_plans(*[1.0] * len(ordered)), ordered)
        counts: Counter[int] = Counter()
        for _ in range(300):
            now += S // 100
            due = schedule.due(now)
            assert len(due) == len(set(due))
            counts.update(due)
        assert all(2 <= counts[index] <= 4 for index in range(len(ordered)))


def scheduled_every(interval_s: float, check: Check = Check.TCP) -> ScheduledCheck:
    plan = PlannedCheck(check=check, interval_s=interval_s, timeout_s=2.0)
    return ScheduledCheck(target=replace(target("a"), plans=(plan,)), plan=plan)


def test_the_offset_of_a_target_is_the_same_in_every_process() -> None:
    assert offset_of(scheduled_every(15.0)) == 11.6
    assert offset_of(scheduled_every(15.0, Check.TLS)) != offset_of(scheduled_every(15.0))


@given(st.sampled_from([1.0, 5.0, 14.95, 60.0, 86400.0]), st.integers(0, 999))
def test_offsets_are_tenths_of_a_second_so_that_several_checks_are_due_at_once(
    interval_s: float, number: int
) -> None:
    check = scheduled_every(interval_s)
    check = replace(check, target=replace(check.target, host=f"10.0.{number // 250}.{number % 250 + 1}"))
    offset = offset_of(check)
    assert 0 <= offset < interval_s
    assert offset == round(offset, 1)


@pytest.mark.parametrize(
    ("interval_s", "among", "span_s"),
    [(1.0, 1, 1.0), (5.0, 1, 5.0), (60.0, 1, 5.0), (60.0, 500, 5.0), (60.0, 600, 6.0), (60.0, 9000, 60.0)],
    ids=[
        "a short interval",
        "an interval as long as the first round",
        "a long interval",
        "500 checks",
        "600 checks",
        "9000 checks, limited to one interval",
    ],
)
def test_the_first_round_takes_five_seconds_or_10_ms_per_check_but_at_most_one_interval(
    interval_s: float, among: int, span_s: float
) -> None:
    check = scheduled_every(interval_s)
    assert first_offset_s(check, among) == pytest.approx(offset_of(check) / interval_s * span_s)


@pytest.mark.parametrize(
    ("now_s", "epoch_s", "offset_s", "interval_s", "number"),
    [
        (37964.65, 37961.5, 3.15, 1.1, 0),
        (72596.51000000001, 72585.3, 7.91, 1.1, 3),
        (90837.55, 89331.7, 5.85, 15.0, 100),
        (108.04, 24.7, 8.34, 15.0, 6),
        (1747.64, 235.0, 12.64, 15.0, 101),
    ],
    ids=[
        "rounded up to 1",
        "rounded up to 4",
        "rounded up to 101",
        "rounded down to 5",
        "rounded down to 100",
    ],
)
def test_the_next_slot_is_right_even_if_the_quotient_is_rounded_wrongly(
    now_s: float, epoch_s: float, offset_s: float, interval_s: float, number: int
) -> None:
    assert next_slot(now_s, epoch_s, offset_s, interval_s) == number


@pytest.mark.parametrize("count", [1, 7, 100])
def test_reloading_the_same_targets_moves_no_echo(count: int) -> None:
    plans, keys = echo_plans(*[1.0] * count), range(count)
    schedule = EchoSchedule(plans, 0, keys)
    for now in range(0, 4 * S, S // 100):
        schedule.due(now)
        assert schedule.following(plans, keys).next_due_ns == schedule.next_due_ns


def test_an_echo_sent_at_the_moment_of_a_reload_is_not_sent_again() -> None:
    schedule = EchoSchedule(echo_plans(1.0, 1.0), 0, "ab")
    for _ in range(20):
        now = schedule.next_due_ns
        assert now is not None
        assert len(schedule.due(now)) == 1
        schedule = schedule.following(echo_plans(1.0, 1.0), "ab")
        assert schedule.due(now) == []


def test_the_skipped_echoes_of_several_pauses_are_added_up() -> None:
    schedule = EchoSchedule(echo_plans(1.0), epoch_ns=0)
    schedule.due(S)
    for hours in (1, 2, 3):
        schedule.due(S + hours * 3600 * S)
        assert schedule.skipped == pytest.approx(hours * 3600, abs=3 * hours)


def test_a_new_target_is_halfway_between_the_others() -> None:
    schedule = EchoSchedule(echo_plans(1.0), 0, "a").following(echo_plans(1.0, 1.0), "ab")
    times = sent(schedule, 0, 100 * S)
    gaps = [later - earlier for (earlier, index), (later, _) in pairwise(times) if index == 0]
    assert sum(gaps) / len(gaps) == pytest.approx(S / 2, rel=0.02)


@pytest.mark.parametrize("count", [1, 3, 7])
def test_echoes_are_due_at_whole_nanoseconds(count: int) -> None:
    schedule = EchoSchedule(echo_plans(*[1.0] * count), 0, range(count))
    grown = schedule.following(echo_plans(*[1.0] * (count + 3)), range(count + 3))
    for each in (schedule, grown):
        for _ in range(count + 3):
            assert isinstance(each.next_due_ns, int)
            each.due(each.next_due_ns)


def test_echoes_are_due_at_the_same_times_in_every_process() -> None:
    schedule, times = EchoSchedule(echo_plans(1.0, 1.0), 5 * S), []
    for _ in range(4):
        assert schedule.next_due_ns is not None
        times.append(schedule.next_due_ns)
        schedule.due(schedule.next_due_ns)
    assert times == [5167443165, 5623839154, 6080235145, 6557562813]


def test_a_name_of_any_characters_has_an_offset() -> None:
    assert 0 <= offset_s("proxy\udcff", Check.TCP, 15.0) < 15.0
