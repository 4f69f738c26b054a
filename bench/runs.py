"""Runs a command under load together with a capture, and evaluates both."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.capture import Capture, capturing
from bench.cpu_load import busy
from bench.lab import Lab
from bench.readings import Errors
from bench.tables import Row

BUSY_PROCESSES = THREADS = 2
_TIMEOUT_S = 300.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """``loads``: number of CPU load processes; ``threads``: busy threads in the measured process."""

    name: str
    loads: int = 0
    threads: int = 0


IDLE = Load(name="idle")
BUSY = Load(name=f"{BUSY_PROCESSES} CPU loads", loads=BUSY_PROCESSES)
THREADED = Load(name=f"{THREADS} busy threads in the process", threads=THREADS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command whose output is compared with a capture of the same run."""

    tool: str
    method: str
    argv: Sequence[str]
    read: Callable[[str, Capture], Errors]


def program() -> str:
    """The installed command next to this interpreter. Raises RuntimeError if it is missing."""
    path = Path(sys.executable).with_name("xks-probe")
    if not path.exists():
        raise RuntimeError(
            f"{path} is missing: install xks-probe into this environment (make bench does that)"
        )
    return str(path)


def own_ping(*arguments: str) -> list[str]:
    return [program(), "ping", *arguments, "--format", "json"]


def own_module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"bench.{name}", *arguments]


def measured(lab: Lab, keep: Path, run: Run, load: Load) -> Row:
    name = f"{run.tool.split()[0]}-{run.method}"
    found, dropped = captured(lab, keep, (name, run.argv, load), run.read)
    return Row(tool=run.tool, method=run.method, load=load.name, found=found, dropped=dropped)


def captured(
    lab: Lab, keep: Path, what: tuple[str, Sequence[str], Load], read: Callable[[str, Capture], _T]
) -> tuple[_T, int]:
    """Run ``what`` (name, command, load). Returns the result of ``read`` and the frames the capture dropped.

    The capture and the output are kept under the name.
    """
    name, argv, load = what
    file = file_name(name, load)
    with busy(load.loads), capturing(keep / f"{file}.pcap") as capture:
        text = output(lab, argv)
    (keep / f"{file}.txt").write_text(text)
    return read(text, capture), capture.dropped


def file_name(name: str, load: Load) -> str:
    """The file name of a capture or output, without suffix.

    >>> file_name("xks-probe-icmp, raw", IDLE)
    'xks-probe-icmp-raw-idle'
    """
    return f"{name}-{load.name}".replace(",", "").replace(" ", "-")


def output(lab: Lab, argv: Sequence[str]) -> str:
    """The output of a command. Raises RuntimeError with its stderr if there is none."""
    with lab.popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        out, err = process.communicate(timeout=_TIMEOUT_S)
    if not out:
        raise RuntimeError(f"{argv[0]} exited with status {process.returncode} and no output: {err[-500:]}")
    return str(out)
