"""Runs commands and functions in the agent's namespace while the caller stays outside."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from simulator.control import SimulationError
from simulator.network.namespaces import Namespace, die_with_parent, enter

_END_S = 2.0


def popen(argv: Sequence[str], namespace: Namespace | None, **options: Any) -> subprocess.Popen[Any]:
    """Start ``argv`` in ``namespace`` (None: the current one)."""
    parent = os.getpid()

    def in_child() -> None:
        if namespace is not None:
            enter(namespace)
        die_with_parent(parent)

    # Between fork and exec only system calls without locks: the child must enter the namespace first.
    return subprocess.Popen(list(argv), preexec_fn=in_child, **options)  # noqa: PLW1509, S603  # see above


def run(
    argv: Sequence[str],
    namespace: Namespace | None,
    timeout_s: float,
    *,
    as_text: bool,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[Any]:
    """Run ``argv`` until it exits. On a timeout, kills it and raises subprocess.TimeoutExpired.

    ``environment`` is added to the current environment (see `merged`).
    """
    streams: dict[str, Any] = {
        "env": None if environment is None else merged(environment),
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": as_text,
    }
    with popen(argv, namespace, **streams) as process:
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(list(argv), process.returncode, out, err)


def merged(environment: Mapping[str, str]) -> dict[str, str]:
    """The current environment plus ``environment``. If that has AWS variables, the current ones are removed.

    So a simulated account never receives real credentials.
    """
    has_aws = any(name.startswith("AWS_") for name in environment)
    kept = {k: value for k, value in os.environ.items() if not (has_aws and k.startswith("AWS_"))}
    return {**kept, **environment}


def end(process: subprocess.Popen[Any]) -> None:
    """Terminate a process; kill it if it does not end."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def call(function: Callable[[], Any], namespace: Namespace | None, timeout_s: float) -> Any:
    """Run ``function()`` in a forked child within ``namespace`` and return its value, which must be JSON.

    Raises SimulationError with the message of the child's exception, and TimeoutError (the child is killed).
    """
    parent = os.getpid()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _answer(function, namespace, write_end, parent)
    os.close(write_end)
    try:
        data = _read_all(read_end, timeout_s)
    finally:
        os.close(read_end)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    answer = json.loads(data) if data else {"error": "the child ended without an answer"}
    if "error" in answer:
        raise SimulationError(f"in the agent's namespace: {answer['error']}")
    return answer["value"]


def _answer(function: Callable[[], Any], namespace: Namespace | None, descriptor: int, parent: int) -> None:
    """Never returns: a forked child must not continue with the parent's code."""
    try:
        if namespace is not None:
            enter(namespace)
        die_with_parent(parent)
        answer = {"value": function()}
        text = json.dumps(answer)
    except BaseException as error:  # noqa: BLE001  # the parent raises it again
        text = json.dumps({"error": f"{type(error).__name__}: {error}"})
    data = text.encode()
    while data:
        data = data[os.write(descriptor, data) :]
    os._exit(0)


def _read_all(descriptor: int, timeout_s: float) -> bytes:
    deadline_s = time.monotonic() + timeout_s
    parts: list[bytes] = []
    while True:
        readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline_s - time.monotonic()))
        if not readable:
            raise TimeoutError(f"the child did not answer within {timeout_s:g} s")
        part = os.read(descriptor, 65_536)
        if not part:
            return b"".join(parts)
        parts.append(part)
