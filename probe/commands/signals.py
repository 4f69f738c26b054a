"""SIGINT and SIGTERM as an orderly end: whatever was opened is closed, and the exit status is known."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def exiting(status: Callable[[int], int]) -> Iterator[None]:
    """Within it the first signal raises ``SystemExit(status(number))``; later ones are ignored."""

    def stop(number: int, _frame: FrameType | None) -> None:
        _set(signal.SIG_IGN)
        raise SystemExit(status(number))

    with _kept():
        _set(stop)
        yield


@contextlib.contextmanager
def setting(event: asyncio.Event) -> Iterator[None]:
    """Within it both set ``event`` of the running loop. Once one came, they are ignored from then on."""
    loop = asyncio.get_running_loop()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_kept())

        def stop(_number: int, _frame: FrameType | None) -> None:
            stack.pop_all()  # nothing is put back: a second signal would interrupt what is being closed
            _set(signal.SIG_IGN)
            loop.call_soon_threadsafe(event.set)

        _set(stop)
        yield


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Puts back at the end what was called for both."""
    before = [(number, signal.getsignal(number)) for number in STOPPING]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _set(handler: "Callable[[int, FrameType | None], None] | signal.Handlers") -> None:
    for number in STOPPING:
        signal.signal(number, handler)
