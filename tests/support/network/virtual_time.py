"""An event loop whose clock jumps to the next timer: waiting takes no time, and waiting forever is an error.

Use it only with fakes: the clock would jump to a timeout before the event of a real socket arrives.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
START_S = 1000.0  # not zero, so that nothing takes "0" for "unset"


class DeadlockError(RuntimeError):
    """No timer is set and nothing is ready, so the test would hang."""


class _Jump(selectors.BaseSelector):
    """Moves the clock where a selector would wait."""

    def __init__(self) -> None:
        self.now_s = START_S
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready:
            return ready
        if timeout is None:
            raise DeadlockError("every task waits, and no timer or event will wake one")
        self.now_s += max(0.0, timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now_s

    def advance(self, seconds: float) -> None:
        """Move the clock while no task runs, as if the loop were blocked."""
        self._jump.now_s += seconds


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Like ``asyncio.run``, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


def run_steps(
    activity: Coroutine[Any, Any, object], steps: tuple[tuple[float, Callable[[], object]], ...]
) -> None:
    """Runs ``activity`` until each step's time, in seconds from the start, does the step, and ends after the last."""

    async def main() -> None:
        running = asyncio.create_task(activity)
        start_s = asyncio.get_running_loop().time()
        for at_s, step in steps:
            await asyncio.sleep(start_s + at_s - asyncio.get_running_loop().time())
            step()
        running.cancel()

    run(main())
