"""Blocking calls, some at a time, until a deadline that holds even if one of them does not come back."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

MOST_AT_A_TIME = (
    10  # as many as botocore keeps connections to one service; no step of a plain account has more
)
_Value = TypeVar("_Value")


class Together:
    """Runs calls in daemon threads: one that hangs keeps neither the caller nor the end of the program."""

    def __init__(self, timeout_s: float) -> None:
        self._ends_at_s = time.monotonic() + timeout_s

    def remaining_s(self) -> float:
        return max(0.0, self._ends_at_s - time.monotonic())

    def run(self, calls: Sequence[Callable[[float], _Value]], late: Sequence[_Value]) -> list[_Value]:
        """What each call returns, in their order; ``late`` has what stands for one that is not back in time.

        Each call is told how many seconds are left. What one raises is raised here.
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
                except BaseException as error:  # noqa: BLE001 -- raised again where the answers are awaited
                    done.put((number, None, error))

        for _ in range(min(MOST_AT_A_TIME, len(calls))):
            threading.Thread(target=work, daemon=True, name="aws").start()
        results = list(late)
        for _ in calls:
            try:
                number, value, error = done.get(timeout=max(0.001, self.remaining_s()))
            except queue.Empty:
                break
            if error is not None:
                raise error
            results[number] = value  # type: ignore[assignment]  # there was no error
        return results
