"""Keeps the event loop responsive, so that pings are sent on time during other work, and measures its lag."""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

_T = TypeVar("_T")

# Pings are sent in ticks of 1.5 ms, so a delay of a millisecond does not matter.
SLICE_S = 0.001
LAG_INTERVAL_S = 0.25
SWITCH_INTERVAL_S = 0.0002
GARBAGE_THRESHOLDS = (10_000, 50, 100)


async def collect_in_slices(items: Iterable[_T], slice_s: float = SLICE_S) -> tuple[_T, ...]:
    """All of ``items``, which are made lazily; yields to the event loop after each slice."""
    found: list[_T] = []
    began_s = time.monotonic()
    for item in items:
        found.append(item)
        if time.monotonic() - began_s >= slice_s:
            await asyncio.sleep(0)
            began_s = time.monotonic()
    return tuple(found)


def keep_pauses_short() -> None:
    """Shortens pauses by other threads and by the garbage collector.

    Threads (verdicts, pages, compression) release the interpreter after 0.2 ms instead of 5 ms. Objects that
    exist now are excluded from garbage collection, because they live as long as the process. Collections are
    rarer, because reference cycles are rare here and each collection takes milliseconds.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def observe_lag(*on_lag_s: Callable[[float], None]) -> None:
    """Continuously measures how late the event loop wakes a sleeping task: part of the measurement error."""
    while True:
        started_s = time.monotonic()
        await asyncio.sleep(LAG_INTERVAL_S)
        lag_s = max(0.0, time.monotonic() - started_s - LAG_INTERVAL_S)
        for observe in on_lag_s:
            observe(lag_s)
