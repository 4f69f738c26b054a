"""Collecting in slices: no item is lost, and other tasks run in between."""

import asyncio
from collections.abc import Iterator

from probe.agent.pacing import collect_in_slices


async def test_all_items_are_collected_in_order() -> None:
    assert await collect_in_slices(iter(range(1000)), slice_s=0.0) == tuple(range(1000))


async def test_an_empty_iterable_gives_an_empty_tuple() -> None:
    assert await collect_in_slices([]) == ()


async def test_other_tasks_run_after_each_slice() -> None:
    steps: list[int] = []

    async def other() -> None:
        while True:
            steps.append(len(steps))
            await asyncio.sleep(0)

    def items() -> Iterator[int]:
        for _ in range(50):
            yield len(steps)

    task = asyncio.create_task(other())
    collected = await collect_in_slices(items(), slice_s=0.0)
    task.cancel()

    assert collected == tuple(range(50))  # one step of the other task between two items
