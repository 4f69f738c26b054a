"""Drives the echo engine in an event loop, beside everything else that the loop does."""

import asyncio
from contextlib import ExitStack

from probe.network.echo import EchoEngine
from probe.network.echo_driver import Publish, Schedule, TellDelay, publish_ended, step


async def run(
    engine: EchoEngine, schedule: Schedule, publish: Publish, tell_delay_s: TellDelay | None = None
) -> None:
    """`echo_turns.step` until the schedule has no more turns and every echo has ended.

    On cancellation what was answered so far is still published.
    """
    try:
        while pause := step(engine, schedule, publish, tell_delay_s):
            if pause.wakes:
                await _wait(engine, pause.seconds)
            else:
                await asyncio.sleep(pause.seconds)
    finally:
        publish_ended(engine, publish)


async def _wait(engine: EchoEngine, pause_s: float) -> None:
    """Until something has come, at most so long. Only here the sockets are watched: that wakes the loop."""
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
