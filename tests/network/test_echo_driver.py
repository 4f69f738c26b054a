"""Rounds of pings: the requested number per target, evenly spread; the driver ends when all pings have completed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network.fakes import PromptEngine

from probe.network import echo_driver
from probe.network.clock import SYSTEM_CLOCK

MS = 1_000_000


@given(size=st.integers(1, 50), count=st.integers(1, 20), step_ns=st.integers(1, 3_000 * MS))
def test_each_target_is_due_exactly_count_times(size: int, count: int, step_ns: int) -> None:
    rounds = echo_driver.Rounds(size=size, count=count, interval_ns=1000 * MS, epoch_ns=0)
    named: list[int] = []
    now_ns = 0
    while rounds.next_due_ns is not None:
        named += rounds.due(now_ns)
        now_ns = max(now_ns + step_ns, rounds.next_due_ns or 0)
    assert sorted(named) == sorted(list(range(size)) * count)
    assert rounds.due(now_ns + 10**12) == []


def test_four_targets_with_an_interval_of_one_second_are_250_ms_apart() -> None:
    rounds = echo_driver.Rounds(size=4, count=2, interval_ns=1000 * MS, epoch_ns=0)
    assert [(t, rounds.due(t * MS)) for t in (0, 249, 250, 499, 500, 999, 1000)] == [
        (0, [0]), (249, []), (250, [1]), (499, []), (500, [2]), (999, [3]), (1000, [0]),
    ]  # fmt: skip


def test_no_ping_is_due_without_targets() -> None:
    rounds = echo_driver.Rounds(size=0, count=5, interval_ns=MS, epoch_ns=0)
    assert rounds.next_due_ns is None
    assert rounds.due(10**15) == []


def in_a_row(epoch_ns: int, interval_ns: int = MS) -> echo_driver.Rounds:
    return echo_driver.Rounds(size=3, count=4, interval_ns=interval_ns, epoch_ns=epoch_ns)


def test_the_driver_publishes_every_ping_and_ends() -> None:
    published: list[int] = []
    echo_driver.run(PromptEngine(), in_a_row(0), lambda batch: published.extend(batch.indexes))  # type: ignore[arg-type]
    assert sorted(published) == sorted([0, 1, 2] * 4)


def test_replies_received_before_an_interruption_are_published() -> None:
    published: list[int] = []
    engine = PromptEngine()
    engine.send([2])

    class Interrupted(echo_driver.Rounds):
        def due(self, now_ns: int) -> list[int]:
            raise KeyboardInterrupt

    rounds = Interrupted(size=3, count=1, interval_ns=MS, epoch_ns=0)
    with pytest.raises(KeyboardInterrupt):
        echo_driver.run(engine, rounds, lambda batch: published.extend(batch.indexes))  # type: ignore[arg-type]
    assert published == [2]


def test_the_delay_of_a_batch_is_the_delay_of_its_oldest_ping() -> None:
    delays_s: list[float] = []
    rounds = in_a_row(SYSTEM_CLOCK.monotonic_ns() - 50 * MS)  # all pings are due now: one batch

    pause = echo_driver.step(PromptEngine(), rounds, lambda _batch: None, delays_s.append)  # type: ignore[arg-type]

    assert pause is None
    assert len(delays_s) == 1
    assert delays_s[0] >= 0.05


@pytest.mark.parametrize(
    ("interval_s", "wakes"), [(0.003, False), (300, True)], ids=["1 ms apart", "100 s apart"]
)
def test_replies_wait_for_the_next_tick_only_if_a_ping_is_due_then(interval_s: float, wakes: bool) -> None:
    rounds = in_a_row(SYSTEM_CLOCK.monotonic_ns() + 200_000, round(interval_s * 1e9))
    rounds.due(SYSTEM_CLOCK.monotonic_ns() + 200_000)  # the first one was sent

    pause = echo_driver.step(PromptEngine(), rounds, lambda _batch: None)  # type: ignore[arg-type]

    assert pause is not None
    assert pause.wakes is wakes
    assert echo_driver.TICK_S <= pause.seconds <= echo_driver.IDLE_S


def test_without_requests_and_due_pings_the_driver_is_done() -> None:
    no_targets = echo_driver.Rounds(size=0, count=5, interval_ns=MS, epoch_ns=0)
    assert echo_driver.step(PromptEngine(), no_targets, lambda _batch: None) is None  # type: ignore[arg-type]
