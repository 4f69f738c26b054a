"""Runs blocking work in a daemon thread, so that a call that hangs delays nothing else."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_Value = TypeVar("_Value")


async def in_daemon_thread(work: Callable[[], _Value]) -> _Value:
    """The result of ``work``, or its exception. If this is cancelled, the thread's result is dropped."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[_Value] = loop.create_future()

    def deliver(value: _Value | None, error: BaseException | None) -> None:
        if result.done():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]  # there was no error

    def run() -> None:
        value: _Value | None = None
        error: BaseException | None = None
        try:
            value = work()
        except BaseException as raised:  # noqa: BLE001 -- raised again in the event loop
            error = raised
        with suppress(RuntimeError):  # the loop is closed: the agent has ended
            loop.call_soon_threadsafe(deliver, value, error)

    threading.Thread(target=run, daemon=True, name="agent").start()
    return await result
