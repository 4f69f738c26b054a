"""SIGINT and SIGTERM end `run` and `demo` cleanly at any moment."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.commands import signals
from probe.commands.exits import Exit

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
TIMEOUT_S = 60.0


def ended(number: int) -> int:
    """The exit status that shells report for a program ended by this signal."""
    return 128 + number


def wait_for(number: int) -> None:
    """Send the signal to this process. If its handler raises nothing, this waits forever."""
    os.kill(os.getpid(), number)
    signal.pause()


def wait_until_caught(process: subprocess.Popen[str]) -> None:
    """Wait until the program handles SIGTERM; it has installed the handler for SIGINT before."""
    status, deadline_s = Path(f"/proc/{process.pid}/status"), time.monotonic() + TIMEOUT_S
    while not int(re.search(r"SigCgt:\t(\w+)", status.read_text())[1], 16) >> (signal.SIGTERM - 1) & 1:  # type: ignore[index]
        assert process.poll() is None, "the program ended before the signal"
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def _handlers_of_a_program_in_the_foreground() -> Iterator[None]:
    """Handle SIGINT as in the foreground: in the background, shells let programs and their children ignore it."""
    before = {number: signal.getsignal(number) for number in signals.STOPPING}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@BOTH
def test_the_first_signal_exits_and_a_second_one_does_not_interrupt_the_cleanup(number: int) -> None:
    closed = []

    @contextlib.contextmanager
    def opened() -> Iterator[None]:
        try:
            yield
        finally:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), signal.SIGTERM)
            closed.append(True)

    with pytest.raises(SystemExit) as raised, signals.exiting(ended), opened():
        wait_for(number)
    assert raised.value.code == 128 + number
    assert closed == [True]


@BOTH
def test_a_signal_that_arrives_in_a_destructor_still_exits(number: int) -> None:
    """Python drops an exception that is raised there; so it does in the callbacks of weak references."""

    class SignalledInItsDestructor:
        def __del__(self) -> None:
            os.kill(os.getpid(), number)
            for _ in range(1000):  # the handler runs between two of these steps
                pass

    def destroy_one_and_wait() -> None:
        SignalledInItsDestructor()
        signal.pause()

    hook = sys.unraisablehook
    with pytest.raises(SystemExit) as raised, signals.exiting(ended):
        destroy_one_and_wait()
    assert raised.value.code == 128 + number
    assert sys.unraisablehook is hook


@BOTH
def test_afterwards_the_previous_signal_handlers_are_restored(number: int) -> None:
    before = [signal.getsignal(each) for each in signals.STOPPING]
    with pytest.raises(SystemExit), signals.exiting(ended):
        wait_for(number)
    assert [signal.getsignal(each) for each in signals.STOPPING] == before


@BOTH
async def test_in_an_event_loop_the_first_signal_sets_the_event_and_a_second_one_is_ignored(
    number: int,
) -> None:
    stop = asyncio.Event()
    with signals.setting(stop):
        os.kill(os.getpid(), number)
        async with asyncio.timeout(TIMEOUT_S):
            await stop.wait()
        os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
    assert {signal.getsignal(each) for each in signals.STOPPING} == {signal.SIG_IGN}


async def test_an_event_loop_that_ends_without_a_signal_restores_the_handlers() -> None:
    before = [signal.getsignal(each) for each in signals.STOPPING]
    with signals.setting(asyncio.Event()):
        assert [signal.getsignal(each) for each in signals.STOPPING] != before
    assert [signal.getsignal(each) for each in signals.STOPPING] == before


def signal_another_thread(number: int) -> None:
    """Send the signal so that it interrupts no system call of the main thread.

    The delay lets the event loop start to wait; otherwise the test would pass without a wake-up.
    """

    def send() -> None:
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), number)

    threading.Thread(target=send).start()


def test_sigint_wakes_the_event_loop_even_if_it_interrupts_no_system_call() -> None:
    woken_by: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().call_later(10.0, woken_by.append, "a timer")
        signal_another_thread(signal.SIGINT)
        await asyncio.sleep(TIMEOUT_S)

    with pytest.raises(KeyboardInterrupt):
        signals.run(main())
    assert woken_by == []


@BOTH
async def test_both_signals_wake_the_running_agent_even_if_they_interrupt_no_system_call(number: int) -> None:
    woken_by: list[str] = []
    stop = asyncio.Event()
    with signals.setting(stop):
        asyncio.get_running_loop().call_later(10.0, woken_by.append, "a timer")
        signal_another_thread(number)
        await stop.wait()
    assert woken_by == []


@pytest.mark.loopback
@BOTH
@pytest.mark.parametrize(
    ("arguments", "is_once"),
    [(["demo", "--reduced"], False), (["run"], False), (["demo", "--once", "--reduced"], True)],
    ids=["demo", "run", "one round"],
)
def test_a_signal_before_the_page_is_served_ends_the_program_cleanly(
    arguments: list[str], number: int, tmp_path: Path, *, is_once: bool
) -> None:
    """The program blocks on an empty pipe, so the signal arrives at the same point on every machine."""
    option = "-c" if arguments == ["run"] else "--scenario"
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDWR)
    command = [sys.executable, "-m", "probe", *arguments, option, str(pipe)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until_caught(process)
            process.send_signal(number)
            output, errors = process.communicate(timeout=TIMEOUT_S)
        finally:
            process.kill()
            os.close(descriptor)
    assert process.returncode == (128 + number if is_once else Exit.FINE)
    assert output == ""
    assert "Traceback" not in errors


@pytest.mark.loopback
def test_an_interrupted_measurement_ends_with_status_130() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "probe", "dns", "a.example", "--server", server, "--timeout", "60"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                silent.settimeout(TIMEOUT_S)
                silent.recv(512)  # the query has arrived; the program waits for the response
                process.send_signal(signal.SIGINT)
                output, errors = process.communicate(timeout=TIMEOUT_S)
            finally:
                process.kill()
    assert (process.returncode, output, errors) == (Exit.INTERRUPTED, "", "")


def test_ignored_signals_are_handled_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with signals.ignoring(signal.SIGUSR1):
        os.kill(os.getpid(), signal.SIGUSR1)
    assert signal.getsignal(signal.SIGUSR1) == before
