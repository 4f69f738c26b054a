"""Runs the echo engine by a schedule, in an event loop shared with other tasks."""

import asyncio
from contextlib import ExitStack

from probe.network.echo import EchoEngine
from probe.network.echo_driver import OnDelay, Publish, Schedule, publish_ended, step


async def run(
    engine: EchoEngine, schedule: Schedule, publish: Publish, on_delay_s: OnDelay | None = None
) -> None:
    """Run `echo_driver.step` until the schedule has no more pings and every ping has completed.

    On cancellation, replies received so far are still published.
    """
    try:
        while pause := step(engine, schedule, publish, on_delay_s):
            if pause.wakes:
                await _wait(engine, pause.seconds)
            else:
                await asyncio.sleep(pause.seconds)
    finally:
        publish_ended(engine, publish)


async def _wait(engine: EchoEngine, pause_s: float) -> None:
    """Wait until a packet arrives, at most ``pause_s``; only here packets wake the event loop."""
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        for sock in engine.sockets():
            loop.add_reader(sock, readable.set)
            stack.callback(loop.remove_reader, sock)
        try:
            async with asyncio.timeout(pause_s):
                await readable.wait()
        except TimeoutError:
            pass
