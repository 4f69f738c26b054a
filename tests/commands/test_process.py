"""A process that has a credential leaves no core dump."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.loopback
PREFIX = "import ctypes, os, signal, sys; from probe.commands.process import forbid_core_dumps; "
DUMPABLE = "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)); "  # PR_GET_DUMPABLE
ABORT = "sys.stdout.flush(); os.kill(os.getpid(), signal.SIGABRT)"


def aborted(code: str, folder: Path) -> tuple[str, bool]:
    """What the program printed before it ended by SIGABRT, and whether it left a core dump."""

    def allow_core_dumps() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", PREFIX + code + DUMPABLE + ABORT],
        stdout=writing,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=allow_core_dumps,  # noqa: PLW1509 - this process has no other thread that matters to it
    )
    os.close(writing)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = status
    with os.fdopen(reading) as output:
        printed = output.read().strip()
    assert os.WTERMSIG(status) == signal.SIGABRT
    return printed, os.WCOREDUMP(status) or any(folder.glob("core*"))


def test_a_process_without_core_dumps_is_not_dumpable_and_leaves_none(tmp_path: Path) -> None:
    assert aborted("forbid_core_dumps(); ", tmp_path) == ("0", False)


def test_another_process_is_dumpable(tmp_path: Path) -> None:
    printed, _ = aborted("", tmp_path)
    assert printed == "1", "otherwise the test above would show nothing"


@pytest.mark.parametrize(
    ("command", "dumpable"), [("run", "0"), ("health", "0"), ("preflight", "0"), ("tls", "1")]
)
def test_the_commands_that_read_a_credential_leave_no_core_dump(command: str, dumpable: str) -> None:
    code = (
        "import ctypes, runpy, sys; sys.argv = ['xks-probe', sys.argv[1]]\n"
        "try: runpy.run_module('probe', run_name='__main__')\n"
        "except SystemExit: print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, command],
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.splitlines()[-1] == dumpable
