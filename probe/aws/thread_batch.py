"""Runs blocking calls in parallel threads, with a deadline that holds even if a call never returns."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

# botocore keeps 10 connections per service; no step of an ordinary account needs more.
MAX_CONCURRENT_CALLS = 10
_Value = TypeVar("_Value")


class ThreadBatch:
    """Runs calls in daemon threads, so that a hanging call blocks neither the caller nor program exit."""

    def __init__(self, timeout_s: float) -> None:
        self._ends_at_s = time.monotonic() + timeout_s

    def remaining_s(self) -> float:
        return max(0.0, self._ends_at_s - time.monotonic())

    def run(self, calls: Sequence[Callable[[float], _Value]], on_timeout: Sequence[_Value]) -> list[_Value]:
        """The results in the order of the calls; for a call without a result in time, that of ``on_timeout``.

        Each call is passed the number of seconds left. An exception in a call is raised here.
        """
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[int, _Value | None, BaseException | None]] = queue.SimpleQueue()
        for number in range(len(calls)):
            waiting.put(number)

        def work() -> None:
            while self.remaining_s() > 0:
                try:
                    number = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((number, calls[number](self.remaining_s()), None))
                except BaseException as error:  # noqa: BLE001 -- raised again in the calling thread
                    done.put((number, None, error))

        for _ in range(min(MAX_CONCURRENT_CALLS, len(calls))):
            threading.Thread(target=work, daemon=True, name="aws").start()
        results = list(on_timeout)
        for _ in calls:
            try:
                number, value, error = done.get(timeout=max(0.001, self.remaining_s()))
            except queue.Empty:
                break
            if error is not None:
                raise error
            results[number] = value  # type: ignore[assignment]  # there was no error
        return results
