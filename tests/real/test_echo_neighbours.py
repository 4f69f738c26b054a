"""Other programs on this host ping the same targets and get errors, which must be ignored."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from support.network.echo_processes import LOOPING, UNREACHABLE, Row, echoed, in_own_process, permit, routed

from bench import lab
from probe.model.measurements import EchoOutcome, Reason, Timestamps
from probe.network import EchoEngine
from probe.network.echo_link import Mode

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
TARGETS = lab.addresses(20)
ROUNDS, APART_S = 20, 0.02
ONE_HOP = TARGETS[1]  # and the near router is one, too
PROGRAMS = {
    "the same target": ("ping", "-q", "-i", "0.002", TARGETS[0]),
    "the same targets": ("fping", "-q", "-l", "-i", "1", "-p", "20", *TARGETS),
    "unreachable": ("ping", "-q", "-i", "0.01", UNREACHABLE),
    "hop limit": ("ping", "-q", "-i", "0.01", "-t", "1", ONE_HOP),
    "loop": ("ping", "-q", "-i", "0.01", LOOPING),
}


class Run(NamedTuple):
    """``theirs`` are the second engine's own results, ``said`` the output of each program."""

    mode: Mode | None
    rows: list[Row]
    discarded: int
    said: dict[str, str]
    theirs: Counter[tuple[str, EchoOutcome, Reason | None]]


def run(mode: Mode, folder: Path) -> Run:
    routed()
    permit(mode)
    engine = EchoEngine(TARGETS, timeout_s=30.0)
    echoed(engine, [0])  # the first packet waits for ARP
    rows: list[Row] = []
    said: dict[str, str] = {}
    theirs: Counter[tuple[str, EchoOutcome, Reason | None]] = Counter()
    with second_engine(theirs), programs(folder, said):
        for _ in range(ROUNDS):
            rows += echoed(engine, range(len(TARGETS)))
            time.sleep(APART_S)
    rows += echoed(engine, range(len(TARGETS)))
    return Run(engine.mode, rows, engine.discarded, said, theirs)


@contextmanager
def programs(folder: Path, said: dict[str, str]) -> Iterator[None]:
    """All of them ping from before the block until after it; their output is in ``said``."""
    started = {}
    for name, argv in PROGRAMS.items():
        with (folder / name).open("wb") as out:
            started[name] = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT)
    try:
        time.sleep(0.2)
        yield
        over = [name for name, process in started.items() if process.poll() is not None]
    finally:
        for process in started.values():
            process.send_signal(signal.SIGINT)
            process.wait(timeout=100)
    said.update({name: (folder / name).read_text() for name in PROGRAMS})
    assert not over, {name: said[name] for name in over}


@contextmanager
def second_engine(theirs: Counter[tuple[str, EchoOutcome, Reason | None]]) -> Iterator[None]:
    """Another process with an engine for the same targets and two that are refused, during the block."""
    addresses = [*TARGETS, UNREACHABLE, LOOPING]
    told_read, told_write = os.pipe()
    stop_read, stop_write = os.pipe()

    def ping_until_told() -> None:
        os.set_blocking(stop_read, False)
        engine = EchoEngine(addresses, timeout_s=0.2)
        while not stopped(stop_read):
            for row in echoed(engine, range(len(addresses))):
                said = (addresses[row.index], row.outcome.value, row.reason.value if row.reason else "")
                os.write(told_write, (" ".join(said) + "\n").encode())

    child = lab.in_child(ping_until_told)
    os.close(told_write)
    try:
        yield
    finally:
        os.write(stop_write, b".")
        with os.fdopen(told_read) as told:
            for line in told:
                address, outcome, reason = line.rstrip("\n").split(" ")
                theirs[address, EchoOutcome(outcome), Reason(reason) if reason else None] += 1
        os.waitpid(child, 0)


def stopped(pipe: int) -> bool:
    try:
        return os.read(pipe, 1) != b""
    except BlockingIOError:
        return False


@pytest.mark.parametrize("mode", ["datagram", "raw"])
def test_errors_for_pings_of_other_programs_are_ignored(mode: Mode, tmp_path: Path) -> None:
    found = in_own_process(lambda: run(mode, tmp_path))
    assert (found.mode, found.discarded) == (mode, 0)
    assert Counter((row.outcome, row.stamps, row.reason) for row in found.rows) == {
        (EchoOutcome.ANSWERED, Timestamps.KERNEL, None): (ROUNDS + 1) * len(TARGETS)
    }
    # And the others were there: they had answers and errors of their own.
    assert " 0 received" not in found.said["the same target"]
    assert found.said["the same targets"].count("/0%, min") == len(TARGETS)
    for name in ("hop limit", "loop"):
        assert " 0 received, +" in found.said[name]
    # A router tells one host of so many packets to a refused route only, whichever program sent them.
    assert (
        " 0 received, +" in found.said["unreachable"]
        or found.theirs[UNREACHABLE, EchoOutcome.FAILED, Reason.UNREACHABLE]
    )
    assert all(found.theirs[address, EchoOutcome.ANSWERED, None] for address in TARGETS)
    assert found.theirs[LOOPING, EchoOutcome.FAILED, Reason.HOP_LIMIT_EXCEEDED]
