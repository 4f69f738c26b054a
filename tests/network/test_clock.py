"""Which kernel timestamps are accepted, and deadlines."""

from typing import Any

import pytest
from support.network.fakes import FakeClock

from probe.model.measurements import Timestamps
from probe.network.clock import (
    INVALID_SAMPLE,
    STEP_LIMIT_NS,
    SYSTEM_CLOCK,
    Bracket,
    Deadline,
    Moment,
    Timing,
    worst,
)

MS = 1_000_000
WALL = 1_700_000_000 * 1000 * MS


def bracket(*, user_ns: int = 10 * MS, moved_ns: int = 0) -> Bracket:
    return Bracket(
        opened=Moment(monotonic_ns=0, offset_ns=WALL),
        closed=Moment(monotonic_ns=user_ns, offset_ns=WALL + moved_ns),
    )


@pytest.mark.parametrize(
    ("moved_ns", "expected"),
    [
        (STEP_LIMIT_NS, Timestamps.KERNEL),
        (STEP_LIMIT_NS + 1, None),
        (-STEP_LIMIT_NS, Timestamps.KERNEL),
        (-STEP_LIMIT_NS - 1, None),
    ],
    ids=["at the limit", "just above", "at the negative limit", "just below it"],
)
def test_a_clock_offset_change_above_the_limit_discards_the_timestamps(moved_ns: int, expected: Any) -> None:
    timing = bracket(moved_ns=moved_ns).timing(WALL + MS, WALL + 3 * MS)
    assert timing.timestamps is expected
    assert timing.duration_ns == (2 * MS if expected else None)
    assert timing.duration_s == (0.002 if expected else None)


@pytest.mark.parametrize(
    ("duration_ns", "accepted"),
    [(-1, False), (0, True), (10 * MS, True), (10 * MS + 1, False)],
    ids=["below zero", "zero", "the whole bracket", "above the bracket"],
)
def test_a_duration_longer_than_on_the_monotonic_clock_is_discarded(duration_ns: int, accepted: Any) -> None:
    timing = bracket().timing(WALL, WALL + duration_ns)
    assert (timing.timestamps is Timestamps.KERNEL) == accepted


def test_a_timestamp_from_before_the_send_is_discarded() -> None:
    assert bracket().timing(WALL - STEP_LIMIT_NS - 1, WALL + MS) == INVALID_SAMPLE


def test_without_kernel_timestamps_the_duration_is_flagged_as_user() -> None:
    timing = bracket().timing(None, None)
    assert (timing.timestamps, timing.duration_ns) == (Timestamps.USER, 10 * MS)


def test_the_offset_of_the_system_clock_is_constant() -> None:
    first, second = SYSTEM_CLOCK.offset_ns(), SYSTEM_CLOCK.offset_ns()
    assert abs(second - first) < STEP_LIMIT_NS


def test_a_deadline_in_the_past_has_no_time_left() -> None:
    clock = FakeClock()
    deadline = Deadline(clock, 1.5)
    assert deadline.remaining_s() == 1.5
    clock.pass_s(1.0)
    assert deadline.remaining_s() == 0.5
    clock.pass_s(1.0)
    assert deadline.remaining_s() == 0.0


@pytest.mark.parametrize(
    ("whole_ns", "earlier_ns", "rest_ns"),
    [(5, 3, 2), (5, 5, 0), (5, 6, None), (None, 3, None), (5, None, None)],
)
def test_the_rest_of_a_duration_is_never_negative(
    whole_ns: int | None, earlier_ns: int | None, rest_ns: int | None
) -> None:
    whole = Timing(duration_ns=whole_ns, timestamps=Timestamps.KERNEL)
    rest = whole.minus(Timing(duration_ns=earlier_ns, timestamps=Timestamps.KERNEL_RX))
    assert rest.duration_ns == rest_ns
    assert rest.timestamps is (None if rest_ns is None else Timestamps.KERNEL_RX)


@pytest.mark.parametrize(
    ("stamps", "worth"),
    [
        ((), None),
        ((None,), None),
        ((Timestamps.KERNEL, None, Timestamps.KERNEL_RX), Timestamps.KERNEL_RX),
        ((Timestamps.USER, Timestamps.KERNEL), Timestamps.USER),
    ],
)
def test_a_sum_has_the_least_accurate_source(
    stamps: tuple[Timestamps | None, ...], worth: Timestamps | None
) -> None:
    assert worst(stamps) is worth
