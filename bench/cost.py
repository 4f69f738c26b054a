"""The cost rows: CPU of a whole run divided by its echoes, and the time that a start takes."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import readings
from bench.exactness import OWN, own_ping
from bench.lab import Lab, addresses
from bench.readings import Cost
from probe.world import namespaces

TARGETS, EACH = 5000, 4
_STARTS = 20
_RMEM_MAX = Path("/proc/sys/net/core/rmem_max")
STOCK_BUFFER_BYTES = 212_992


def costs(lab: Lab, keep: Path, alternations: int) -> dict[str, list[Cost]]:
    """Both tools in turn, ``alternations`` times; no capture runs meanwhile."""
    hosts = keep / "hosts.txt"
    hosts.write_text("".join(f"{address}\n" for address in addresses(TARGETS)))
    found: dict[str, list[Cost]] = {OWN: []}
    own = own_ping("--targets", str(hosts), "-n", str(EACH), "-i", "0.5")
    peer = ["fping", "-q", "-C", str(EACH), "-i", "0.1", "-p", "500", "-f", str(hosts)]
    for number in range(alternations):
        output = keep / f"cost-own-{number}.jsonl"
        cpu_s = _cpu_s(lab, own, output)
        echoes, lost = readings.own_losses(output.read_text().splitlines())
        found[OWN].append(Cost(cpu_s=cpu_s, echoes=echoes, lost=lost))
        if shutil.which("fping"):
            output = keep / f"cost-fping-{number}.txt"
            cpu_s = _cpu_s(lab, peer, output)
            echoes, lost = readings.fping_losses(output.read_text())
            found.setdefault("fping", []).append(Cost(cpu_s=cpu_s, echoes=echoes, lost=lost))
    return found


def starts_ms(lab: Lab) -> dict[str, list[float]]:
    """Wall time from exec to exit of the smallest commands."""
    program = [sys.executable, "-m", "probe"]
    commands = {
        "xks-probe --version": [*program, "--version"],
        "xks-probe ping 127.0.0.1 -n 1": [*program, "ping", "127.0.0.1", "-n", "1"],
    }
    return {name: [_wall_ms(lab, argv) for _ in range(_STARTS)] for name, argv in commands.items()}


@contextmanager
def stock_buffers(lab: Lab) -> Iterator[None]:
    """The kernel's own net.core.rmem_max for the block. It holds for the whole machine; needs its root."""
    before = _write_rmem_max(lab, str(STOCK_BUFFER_BYTES))
    try:
        yield
    finally:
        _write_rmem_max(lab, before)


def _write_rmem_max(lab: Lab, value: str) -> str:
    """The value before. It can be written only in the machine's own namespace."""
    namespaces.enter_network(lab.outside)
    try:
        before = _RMEM_MAX.read_text().strip()
        _RMEM_MAX.write_text(value)
    finally:
        namespaces.enter_network(lab.agent)
    return before


def _cpu_s(lab: Lab, argv: Sequence[str], output: Path) -> float:
    """User and system time of the child from fork to exit; stdout and stderr go to ``output``."""
    with output.open("w") as file:
        process = lab.popen(argv, stdout=file, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def _wall_ms(lab: Lab, argv: Sequence[str]) -> float:
    begin_s = time.perf_counter()
    with lab.popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        status = process.wait()
    elapsed_ms = (time.perf_counter() - begin_s) * 1e3
    if status:
        raise RuntimeError(f"{' '.join(argv)} ended with {status}")
    return elapsed_ms
