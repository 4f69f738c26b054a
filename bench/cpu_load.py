"""Processes and threads that never rest: what a busy machine is, in the tables."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that burn CPU until the block ends; 0 is an idle machine."""
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
    """So many threads of this process that burn CPU, and want Python's lock, until it ends."""
    for _ in range(count):
        threading.Thread(target=_burn, daemon=True).start()


def _burn() -> None:
    while True:
        pass
