"""SIGINT and SIGTERM as an orderly end: whatever was opened is closed, and the exit status is known."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

_Value = TypeVar("_Value")
STOPPING = (signal.SIGINT, signal.SIGTERM)


def run(main: Coroutine[Any, Any, _Value]) -> _Value:
    """`asyncio.run` for the commands: a signal always wakes the event loop at once.

    Raises KeyboardInterrupt after SIGINT, once ``main`` has been cancelled.
    """

    async def awake() -> _Value:
        with _waking(asyncio.get_running_loop()):
            return await main

    return asyncio.run(awake())


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
    with contextlib.ExitStack() as outer, contextlib.ExitStack() as stack:
        outer.enter_context(_waking(loop))
        stack.enter_context(_kept())

        def stop(_number: int, _frame: FrameType | None) -> None:
            stack.pop_all()  # nothing is put back: a second signal would interrupt what is being closed
            _set(signal.SIG_IGN)
            loop.call_soon_threadsafe(event.set)

        _set(stop)
        yield


@contextlib.contextmanager
def _waking(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Within it, each signal makes ``loop`` return from its wait for sockets.

    Otherwise a signal just before that wait is handled only when the next timer or packet ends the wait.
    """
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        loop.add_reader(reader, reader.recv, 4096)
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(reader)


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
