import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import running
from simulator.control import SimulationError
from simulator.network.namespaces import Namespace
from simulator.running import call, end, popen, run

IGNORES_SIGTERM = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
)
HOLDER = """
from simulator.network.namespaces import enter_fresh_namespace
print("user" if enter_fresh_namespace().user is not None else "root", flush=True)
input()
"""


def has_gone(process: int) -> bool:
    """Whether the process has ended and was reaped."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def where() -> str:
    return str(Path("/proc/self/ns/net").readlink())


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def elsewhere(can_simulate: object) -> Iterator[Namespace]:
    """The namespace of another process."""
    argv = [sys.executable, "-c", HOLDER]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        is_user = holder.stdout.readline() == "user\n"
        network = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY)
        user = os.open(f"/proc/{holder.pid}/ns/user", os.O_RDONLY) if is_user else None
        namespace = Namespace(network=network, user=user)
        yield namespace
        namespace.close()
        holder.communicate("\n")


@pytest.mark.loopback
@pytest.mark.parametrize(
    "value",
    [None, {"rtt_s": [0.5, 1]}, "x" * 1_000_000],
    ids=["None", "a structure", "larger than a pipe buffer"],
)
def test_a_call_returns_the_value_of_its_function(value: object) -> None:
    assert call(lambda: value, None, 10) == value


def fail() -> None:
    raise ConnectionRefusedError("no listener")


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (fail, "ConnectionRefusedError: no listener"),
        (lambda: sys.exit(3), "SystemExit: 3"),
        (object, "not JSON serializable"),
        (lambda: os._exit(0), "the child ended without an answer"),
    ],
    ids=["it raises", "it exits", "its value is not JSON", "it dies"],
)
def test_a_failed_call_reports_the_reason(function: object, reason: str) -> None:
    with pytest.raises(SimulationError, match=reason):
        call(function, None, 10)  # type: ignore[arg-type]


@pytest.mark.loopback
def test_a_call_that_times_out_is_killed_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forked: list[int] = []
    fork = os.fork

    def recording_fork() -> int:
        forked.append(fork())
        return forked[-1]

    monkeypatch.setattr(os, "fork", recording_fork)
    descriptors = open_descriptors()
    with pytest.raises(TimeoutError, match=r"within 0\.05 s"):
        call(signal.pause, None, 0.05)
    assert [has_gone(child) for child in forked] == [True]
    assert open_descriptors() == descriptors


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("as_text", "out", "errors"), [(True, "a\n", "b\n"), (False, b"a\n", b"b\n")], ids=["text", "bytes"]
)
def test_a_command_returns_its_status_and_both_streams(
    *, as_text: bool, out: str | bytes, errors: str | bytes
) -> None:
    done = run(["sh", "-c", "cat; echo a; echo b >&2; exit 3"], None, 10, as_text=as_text)
    assert (done.returncode, done.stdout, done.stderr) == (3, out, errors)


@pytest.mark.loopback
def test_a_command_gets_additional_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "kept")
    command = [sys.executable, "-c", "import os; print(os.environ['OURS'], os.environ['MORE'])"]
    assert run(command, None, 30, as_text=True, environment={"MORE": "added"}).stdout == "kept added\n"


def test_real_credentials_are_not_passed_to_a_simulated_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_EC2"):
        monkeypatch.setenv(name, "real")
    environment = running.merged({"AWS_REGION": "eu-central-1"})
    assert {key: value for key, value in environment.items() if key.startswith("AWS_")} == {
        "AWS_REGION": "eu-central-1"
    }
    assert running.merged({"OTHER": "x"})["AWS_PROFILE"] == "real"


@pytest.mark.loopback
def test_a_process_is_terminated_and_killed_if_it_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = subprocess.PIPE
    with (
        popen(["cat"], None, stdin=pipe) as obedient,
        popen([sys.executable, "-c", IGNORES_SIGTERM], None, stdout=pipe) as stubborn,
        popen(["true"], None) as ended,
    ):
        assert stubborn.stdout is not None
        assert stubborn.stdout.readline() == b"ready\n"
        ended.wait()
        end(ended)
        end(obedient)
        monkeypatch.setattr(running, "_END_S", 0.05)
        end(stubborn)
        assert [process.returncode for process in (obedient, stubborn, ended)] == [
            -signal.SIGTERM,
            -signal.SIGKILL,
            0,
        ]


@pytest.mark.loopback
def test_started_processes_are_killed_when_their_parent_ends() -> None:
    """The child inherits the writing end of a pipe, so that its death gives EOF."""
    program = """
import os, signal
from simulator.running import popen
child = popen(["sleep", "1000"], None)
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        out, _ = parent.communicate(timeout=250)  # until EOF: the child kept the pipe open
    assert int(out) > 0
    assert parent.returncode == -signal.SIGKILL


@pytest.mark.real
def test_commands_and_calls_run_in_the_namespace_and_the_parent_stays_outside(elsewhere: Namespace) -> None:
    here = where()
    there = f"net:[{os.fstat(elsewhere.network).st_ino}]"
    command = "import json, os; print(json.dumps(os.readlink('/proc/self/ns/net')))"
    done = run([sys.executable, "-c", command], elsewhere, 10, as_text=True)
    assert json.loads(done.stdout) == there
    assert call(where, elsewhere, 10) == there
    assert where() == here != there
