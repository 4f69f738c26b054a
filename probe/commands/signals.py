"""SIGINT and SIGTERM end a command in order: all that it opened is closed, and the exit status is defined."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

_Value = TypeVar("_Value")
STOPPING = (signal.SIGINT, signal.SIGTERM)
_Handler = Callable[[int, FrameType | None], None]
_AGAIN_AFTER_S = 0.05


class _StoppedBySignal(SystemExit):
    """Raised by the handler of a signal; ``code`` is the exit status."""

    def __init__(self, number: int, status: int) -> None:
        super().__init__(status)
        self.number = number


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
        raise _StoppedBySignal(number, status(number))

    with _kept(), _sent_again_if_dropped(stop):
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
def ignoring(*numbers: signal.Signals) -> Iterator[None]:
    """Within it these signals do nothing; by default they end the process."""
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextlib.contextmanager
def calling(number: signal.Signals, act: Callable[[], None]) -> Iterator[None]:
    """Within it the signal calls ``act`` in the running loop, which another context of this module wakes."""
    loop = asyncio.get_running_loop()
    before = signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(act))
    try:
        yield
    finally:
        signal.signal(number, before)


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
def _sent_again_if_dropped(stop: _Handler) -> Iterator[None]:
    """Within it, a signal that arrives in a destructor or in the callback of a weak reference is sent again.

    Python reports an exception raised there to ``sys.unraisablehook``, and drops it: the program would go on.
    """
    before = sys.unraisablehook

    def again(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, _StoppedBySignal):
            before(unraisable)
            return
        _set(stop)
        # Not at once: the handler would run, and raise, in here.
        threading.Timer(_AGAIN_AFTER_S, os.kill, (os.getpid(), unraisable.exc_value.number)).start()

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Restores the previous handlers of both signals at the end."""
    before = [(number, signal.getsignal(number)) for number in STOPPING]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _set(handler: "_Handler | signal.Handlers") -> None:
    for number in STOPPING:
        signal.signal(number, handler)
