"""Long work in an event loop that has to send echoes meanwhile."""

import asyncio
import time
from collections.abc import Iterable
from typing import TypeVar

_T = TypeVar("_T")

# Echoes are sent in ticks of 1.5 ms: so much more makes nothing late that matters.
SLICE_S = 0.001


async def collected(items: Iterable[_T], slice_s: float = SLICE_S) -> tuple[_T, ...]:
    """All of ``items``, each made when it is asked for; after each slice the loop has its turn."""
    found: list[_T] = []
    began_s = time.monotonic()
    for item in items:
        found.append(item)
        if time.monotonic() - began_s >= slice_s:
            await asyncio.sleep(0)
            began_s = time.monotonic()
    return tuple(found)
