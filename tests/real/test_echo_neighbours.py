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
BEYOND_HOP_LIMIT = TARGETS[1]  # pinged with a hop limit of 1, which ends at the near router
PROGRAMS = {
    "the same target": ("ping", "-q", "-i", "0.002", TARGETS[0]),
    "the same targets": ("fping", "-q", "-l", "-i", "1", "-p", "20", *TARGETS),
    "unreachable": ("ping", "-q", "-i", "0.01", UNREACHABLE),
    "hop limit": ("ping", "-q", "-i", "0.01", "-t", "1", BEYOND_HOP_LIMIT),
    "loop": ("ping", "-q", "-i", "0.01", LOOPING),
}


class Run(NamedTuple):
    """``theirs``: the second engine's own results; ``outputs``: the output of each program."""

    mode: Mode | None
    rows: list[Row]
    discarded: int
    outputs: dict[str, str]
    theirs: Counter[tuple[str, EchoOutcome, Reason | None]]


def run(mode: Mode, folder: Path) -> Run:
    routed()
    permit(mode)
    engine = EchoEngine(TARGETS, timeout_s=30.0)
    echoed(engine, [0])  # the first packet waits for ARP
    rows: list[Row] = []
    outputs: dict[str, str] = {}
    theirs: Counter[tuple[str, EchoOutcome, Reason | None]] = Counter()
    with second_engine(theirs), programs(folder, outputs):
        for _ in range(ROUNDS):
            rows += echoed(engine, range(len(TARGETS)))
            time.sleep(APART_S)
    rows += echoed(engine, range(len(TARGETS)))
    return Run(engine.mode, rows, engine.discarded, outputs, theirs)


@contextmanager
def programs(folder: Path, outputs: dict[str, str]) -> Iterator[None]:
    """All programs ping during the whole block; their output is in ``outputs``."""
    started = {}
    for name, argv in PROGRAMS.items():
        with (folder / name).open("wb") as out:
            started[name] = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT)
    try:
        time.sleep(0.2)
        yield
        ended_early = [name for name, process in started.items() if process.poll() is not None]
    finally:
        for process in started.values():
            process.send_signal(signal.SIGINT)
            process.wait(timeout=250)
    outputs.update({name: (folder / name).read_text() for name in PROGRAMS})
    assert not ended_early, {name: outputs[name] for name in ended_early}


@contextmanager
def second_engine(theirs: Counter[tuple[str, EchoOutcome, Reason | None]]) -> Iterator[None]:
    """During the block, another process has an engine that pings the same targets and two refused addresses."""
    addresses = [*TARGETS, UNREACHABLE, LOOPING]
    results_read, results_write = os.pipe()
    stop_read, stop_write = os.pipe()

    def ping_until_stopped() -> None:
        os.set_blocking(stop_read, False)
        engine = EchoEngine(addresses, timeout_s=0.2)
        while not stopped(stop_read):
            for row in echoed(engine, range(len(addresses))):
                result = (addresses[row.index], row.outcome.value, row.reason.value if row.reason else "")
                os.write(results_write, (" ".join(result) + "\n").encode())

    child = lab.in_child(ping_until_stopped)
    os.close(results_write)
    try:
        yield
    finally:
        os.write(stop_write, b".")
        with os.fdopen(results_read) as results:
            for line in results:
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
    # The other programs did run: they got their own replies and errors.
    assert " 0 received" not in found.outputs["the same target"]
    assert found.outputs["the same targets"].count("/0%, min") == len(TARGETS)
    for name in ("hop limit", "loop"):
        assert " 0 received, +" in found.outputs[name]
    # A router limits ICMP errors per host, so one of these two programs may have got none.
    assert (
        " 0 received, +" in found.outputs["unreachable"]
        or found.theirs[UNREACHABLE, EchoOutcome.FAILED, Reason.UNREACHABLE]
    )
    assert all(found.theirs[address, EchoOutcome.ANSWERED, None] for address in TARGETS)
    assert found.theirs[LOOPING, EchoOutcome.FAILED, Reason.HOP_LIMIT_EXCEEDED]
