"""Rounds of echoes: everyone gets as many as asked, evenly spread; the loop ends when all have ended."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe import echo_loop
from probe.model.measurements import EchoBatch, EchoOutcome
from probe.network.clock import SYSTEM_CLOCK

MS = 1_000_000


@given(size=st.integers(1, 50), count=st.integers(1, 20), step_ns=st.integers(1, 3_000 * MS))
def test_each_target_is_named_exactly_count_times_whenever_one_asks(
    size: int, count: int, step_ns: int
) -> None:
    rounds = echo_loop.Rounds(size=size, count=count, interval_ns=1000 * MS, epoch_ns=0)
    named: list[int] = []
    now_ns = 0
    while rounds.next_due_ns is not None:
        named += rounds.due(now_ns)
        now_ns = max(now_ns + step_ns, rounds.next_due_ns or 0)
    assert sorted(named) == sorted(list(range(size)) * count)
    assert rounds.due(now_ns + 10**12) == []


def test_four_targets_a_second_apart_are_a_quarter_of_a_second_apart() -> None:
    rounds = echo_loop.Rounds(size=4, count=2, interval_ns=1000 * MS, epoch_ns=0)
    assert [(t, rounds.due(t * MS)) for t in (0, 249, 250, 499, 500, 999, 1000)] == [
        (0, [0]), (249, []), (250, [1]), (499, []), (500, [2]), (999, [3]), (1000, [0]),
    ]  # fmt: skip


def test_nobody_is_due_without_targets() -> None:
    rounds = echo_loop.Rounds(size=0, count=5, interval_ns=MS, epoch_ns=0)
    assert rounds.next_due_ns is None
    assert rounds.due(10**15) == []


class FakeEngine:
    """Answers everything on the next drain."""

    def __init__(self) -> None:
        self.outstanding: list[int] = []

    def sockets(self) -> tuple[()]:
        return ()

    def send(self, indexes: Sequence[int]) -> None:
        self.outstanding += indexes

    def drain(self) -> EchoBatch:
        ended, self.outstanding = self.outstanding, []
        return EchoBatch(indexes=ended, outcomes=[EchoOutcome.ANSWERED] * len(ended))

    @property
    def next_deadline_ns(self) -> int | None:
        return 0 if self.outstanding else None


@pytest.mark.loopback
async def test_the_loop_publishes_every_echo_and_ends() -> None:
    published: list[int] = []
    rounds = echo_loop.Rounds(size=3, count=4, interval_ns=MS, epoch_ns=0)
    await echo_loop.run(FakeEngine(), rounds, lambda batch: published.extend(batch.indexes))  # type: ignore[arg-type]
    assert sorted(published) == sorted([0, 1, 2] * 4)


@pytest.mark.loopback
async def test_how_late_a_batch_went_out_is_told_by_its_oldest() -> None:
    delays_s: list[float] = []
    epoch_ns = SYSTEM_CLOCK.monotonic_ns() - 50 * MS  # all turns are over by now: one batch
    rounds = echo_loop.Rounds(size=3, count=4, interval_ns=MS, epoch_ns=epoch_ns)

    await echo_loop.run(FakeEngine(), rounds, lambda _batch: None, delays_s.append)  # type: ignore[arg-type]

    assert len(delays_s) == 1
    assert delays_s[0] >= 0.05
