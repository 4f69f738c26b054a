"""CPU load from busy-looping processes and threads, for the rows of a busy machine."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Run that many processes that use a full CPU core during the block; 0 for an idle machine."""
    loads = [multiprocessing.get_context("fork").Process(target=_burn, daemon=True) for _ in range(processes)]
    for load in loads:
        load.start()
    try:
        yield
    finally:
        for load in loads:
            load.kill()
            load.join()


def busy_threads(count: int) -> None:
    """Start that many busy threads in this process; they compete for CPU and for Python's lock."""
    for _ in range(count):
        threading.Thread(target=_burn, daemon=True).start()


def _burn() -> None:
    while True:
        pass
