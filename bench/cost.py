"""The cost rows: CPU time of a whole run divided by its pings, and the start-up time."""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import readings
from bench.lab import Lab, addresses
from bench.runs import own_module, own_ping, program
from bench.tables import OWN, Cost, CostRow
from simulator.network import namespaces

TARGETS, EACH = 5000, 4
_STARTS = 20
_RMEM_MAX = Path("/proc/sys/net/core/rmem_max")
STOCK_BUFFER_BYTES = 212_992
_CURRENT, _STOCK = "this machine's", "stock"


def costs(lab: Lab, keep: Path, runs: int, *, stock: bool) -> list[CostRow]:
    """Run both tools alternately, ``runs`` times, without a capture; with ``stock`` again with stock buffers.

    With stock buffers, net.core.rmem_max has the kernel's default, and the commands run without
    CAP_NET_ADMIN, with which they could exceed that limit.
    """
    found = _costs(lab, keep, runs, stock=False)
    if stock:
        with _stock_buffers(lab):
            found += _costs(lab, keep, runs, stock=True)
    return found


def may_set_limits() -> bool:
    """Whether `costs` with ``stock`` is possible. Call it before creating a lab."""
    return os.access(_RMEM_MAX, os.W_OK)


def starts_ms(lab: Lab) -> list[tuple[str, list[float]]]:
    """Wall time from fork to exit of the smallest installed commands."""
    commands = (("--version",), ("ping", "127.0.0.1", "-n", "1"))
    return [
        (" ".join((OWN, *words)), [_wall_ms(lab, [program(), *words]) for _ in range(_STARTS)])
        for words in commands
    ]


def _costs(lab: Lab, keep: Path, runs: int, *, stock: bool) -> list[CostRow]:
    hosts = keep / "hosts.txt"
    hosts.write_text("".join(f"{address}\n" for address in addresses(TARGETS)))
    tools: dict[str, tuple[Sequence[str], Callable[[str], tuple[int, int]]]] = {
        OWN: (own_ping("--targets", str(hosts), "-n", str(EACH), "-i", "0.5"), _own_losses)
    }
    if shutil.which("fping"):
        peer = ["fping", "-q", "-C", str(EACH), "-i", "0.1", "-p", "500", "-f", str(hosts)]
        tools["fping"] = peer, readings.fping_losses
    found: dict[str, list[Cost]] = {tool: [] for tool in tools}
    condition = _STOCK if stock else _CURRENT
    for number in range(runs):
        for tool, (argv, losses) in tools.items():
            output = keep / f"cost-{tool}-{'stock-' if stock else ''}{number}.txt"
            cpu_s = _cpu_s(lab, argv, output, stock=stock)
            echoes, lost = losses(output.read_text())
            found[tool].append(Cost(cpu_s=cpu_s, echoes=echoes, lost=lost))
    return [
        CostRow(
            tool=tool,
            command=shown(argv),
            condition=condition,
            runs=found[tool],
            buffer_bytes=_own_buffer_bytes(lab, stock=stock) if tool == OWN else None,
        )
        for tool, (argv, _) in tools.items()
    ]


def shown(argv: Sequence[str]) -> str:
    """The command line without directories of this machine."""
    return shlex.join(Path(word).name if "/" in word else word for word in argv)


def _own_losses(text: str) -> tuple[int, int]:
    return readings.own_losses(text.splitlines())


def _own_buffer_bytes(lab: Lab, *, stock: bool) -> int:
    """The receive buffer of an engine started like the measured command, which does not print it."""
    argv = own_module("stamps")
    with lab.popen(argv, without_admin=stock, stdout=subprocess.PIPE, text=True) as process:
        output, _ = process.communicate()
    return readings.engine_buffer_bytes(output)


@contextmanager
def _stock_buffers(lab: Lab) -> Iterator[None]:
    """Set net.core.rmem_max to the kernel's default during the block, for the whole machine. Needs root."""
    before = _write_rmem_max(lab, str(STOCK_BUFFER_BYTES))
    try:
        yield
    finally:
        _write_rmem_max(lab, before)


def _write_rmem_max(lab: Lab, value: str) -> str:
    """Returns the previous value. The file is writable only in the machine's own namespace."""
    namespaces.enter_network(lab.outside)
    try:
        before = _RMEM_MAX.read_text().strip()
        _RMEM_MAX.write_text(value)
    finally:
        namespaces.enter_network(lab.agent)
    return before


def _cpu_s(lab: Lab, argv: Sequence[str], output: Path, *, stock: bool) -> float:
    """User and system time of the child from fork to exit; stdout and stderr go to ``output``."""
    with output.open("w") as file:
        process = lab.popen(argv, without_admin=stock, stdout=file, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def _wall_ms(lab: Lab, argv: Sequence[str]) -> float:
    begin_s = time.perf_counter()
    with lab.popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        status = process.wait()
    elapsed_ms = (time.perf_counter() - begin_s) * 1e3
    if status:
        raise RuntimeError(f"{' '.join(argv)} exited with status {status}")
    return elapsed_ms
