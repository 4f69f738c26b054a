"""Blocking work in a daemon thread: its result, its exception, and a call that never returns."""

import asyncio
import threading

import pytest

from probe.agent.daemon_thread import in_daemon_thread


@pytest.mark.loopback
async def test_the_result_or_the_exception_arrives_in_the_event_loop() -> None:
    assert await in_daemon_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await in_daemon_thread(lambda: 1 / 0)


@pytest.mark.loopback
def test_work_that_hangs_does_not_delay_the_end_and_its_late_result_is_dropped() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def work() -> None:
        may_end.wait(100)
        ended.set()

    async def main() -> None:
        async with asyncio.timeout(0.01):
            await in_daemon_thread(work)

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(100)
