"""Long work gives the event loop its turn, and loses nothing."""

import asyncio
from collections.abc import Iterator

from probe.agent.pacing import collect_in_slices


async def test_everything_is_collected_in_order() -> None:
    assert await collect_in_slices(iter(range(1000)), slice_s=0.0) == tuple(range(1000))


async def test_nothing_is_collected_from_nothing() -> None:
    assert await collect_in_slices([]) == ()


async def test_after_each_slice_others_have_their_turn() -> None:
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(len(turns))
            await asyncio.sleep(0)

    def items() -> Iterator[int]:
        for _ in range(50):
            yield len(turns)

    task = asyncio.create_task(other())
    seen = await collect_in_slices(items(), slice_s=0.0)
    task.cancel()

    assert seen == tuple(range(50))  # one turn of the other between two items
