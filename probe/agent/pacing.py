"""So that echoes go out in time whatever else this process does."""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

_T = TypeVar("_T")

# Echoes are sent in ticks of 1.5 ms: so much more makes nothing late that matters.
SLICE_S = 0.001
LAG_INTERVAL_S = 0.25
SWITCH_INTERVAL_S = 0.0002
GARBAGE_THRESHOLDS = (10_000, 50, 100)


async def collect_in_slices(items: Iterable[_T], slice_s: float = SLICE_S) -> tuple[_T, ...]:
    """All of ``items``, each made when it is asked for; after each slice the loop has its turn."""
    found: list[_T] = []
    began_s = time.monotonic()
    for item in items:
        found.append(item)
        if time.monotonic() - began_s >= slice_s:
            await asyncio.sleep(0)
            began_s = time.monotonic()
    return tuple(found)


def keep_pauses_short() -> None:
    """Threads (verdicts, pages, compression) hand the interpreter over after 0.2 ms instead of 5.

    What has been loaded by now stays for good, so the garbage collector need not look at it again; and it
    comes less often: what it is for, cycles, hardly arises here, and each of its rounds takes milliseconds.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def observe_lag(*on_lag_s: Callable[[float], None]) -> None:
    """For ever, how late the event loop wakes up what asked to be woken: the instrument's own error."""
    while True:
        started_s = time.monotonic()
        await asyncio.sleep(LAG_INTERVAL_S)
        lag_s = max(0.0, time.monotonic() - started_s - LAG_INTERVAL_S)
        for observe in on_lag_s:
            observe(lag_s)
