"""Control of the simulation's processes: JSON lines on a socket pair, with deadlines."""

import json
import os
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

_MAX_BYTES = 64 * 1024 * 1024  # far more than the records of one host; a longer line is a bug
# The module of each process of the simulation.
MODULES = {
    "link": "simulator.network.delay_link",
    "servers": "simulator.servers.servers",
    "aws": "simulator.aws.endpoint",
    "account template": "simulator.aws.template",
}
# An idle machine needs a few seconds. A process that ends is noticed at once, so only a hang takes this long.
START_S = 120.0
_ANSWER_S = 60.0
_STOP_S = 10.0
_MAX_DESCRIPTORS = 4


class SimulationError(Exception):
    """The simulation cannot be started, or one of its processes ended; the message states which and why."""


class Lines:
    """JSON lines over a socket, used by both ends. Only `read` blocks."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = b""

    def send(self, message: Mapping[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Send one message, with file descriptors if given (SCM_RIGHTS)."""
        data = json.dumps(message, default=str).encode() + b"\n"
        if descriptors:
            sent = socket.send_fds(self.connection, [data], list(descriptors))
            data = data[sent:]
        self.connection.sendall(data)

    def read(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message, or None if the other end has closed. Raises TimeoutError."""
        deadline_s = time.monotonic() + timeout_s
        while (message := self.parse(b"")) is None:
            self.connection.settimeout(max(0.001, deadline_s - time.monotonic()))
            data = self.connection.recv(65_536)
            if not data:
                return None
            self._buffer += data
            if len(self._buffer) > _MAX_BYTES:
                raise SimulationError(
                    "a process of the simulation sent a line that is too long: this is a bug in the simulator"
                )
        return message

    def read_with_descriptors(self, timeout_s: float) -> tuple[dict[str, Any] | None, list[int]]:
        """As `read`, for a first message with file descriptors."""
        self.connection.settimeout(timeout_s)
        data, descriptors, _, _ = socket.recv_fds(self.connection, 65_536, _MAX_DESCRIPTORS)
        self._buffer += data
        return (self.read(timeout_s) if data else None), descriptors

    def parse(self, data: bytes) -> dict[str, Any] | None:
        """Append ``data`` and return the first complete message, if there is one."""
        self._buffer += data
        line, separator, rest = self._buffer.partition(b"\n")
        if not separator:
            return None
        self._buffer = rest
        message: dict[str, Any] = json.loads(line)
        return message


class Process(Protocol):
    """What `Child` needs of a process: `subprocess.Popen` and a forked process (`forking`) have it."""

    @property
    def returncode(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Raises subprocess.TimeoutExpired."""

    def kill(self) -> None: ...


class Child:
    """One process of the simulation, controlled by messages; `spawn` starts one."""

    def __init__(self, name: str, log: Path, process: Process, connection: socket.socket) -> None:
        self.name = name
        self.process = process
        self.lines = Lines(connection)
        self._log = log

    @classmethod
    def spawn(cls, name: str, log: Path, *arguments: str, descriptors: tuple[int, ...] = ()) -> Self:
        """Start ``python -m`` with a module of `MODULES`, in an interpreter of its own."""
        own_end, child_end = socket.socketpair()
        with child_end, log.open("wb") as log_file:
            process = subprocess.Popen(  # noqa: S603  # the same interpreter
                # -P: a file in the current directory must not shadow a module
                [
                    *(sys.executable, "-P", "-m", MODULES[name]),
                    *(str(child_end.fileno()), str(os.getpid()), *arguments),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                pass_fds=(child_end.fileno(), *descriptors),
                start_new_session=True,  # Ctrl-C in a terminal goes to the parent, which stops this process
                env={**os.environ, "PYTHONPATH": _python_path()},
            )
        return cls(name, log, process, own_end)

    def request(self, message: Mapping[str, Any], timeout_s: float = _ANSWER_S) -> dict[str, Any]:
        """Send a request and wait for the answer. Raises SimulationError if the process ended or refuses."""
        self.send(message)
        return self.answer(timeout_s)

    def send(self, message: Mapping[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Send a request; `answer` waits for the answer. Raises SimulationError if the process ended."""
        try:
            self.lines.send(message, descriptors)
        except OSError as error:
            raise SimulationError(self.end_message()) from error

    def answer(self, timeout_s: float) -> dict[str, Any]:
        """The answer to the oldest open request. Raises SimulationError like `request`."""
        try:
            answer = self.lines.read(timeout_s)
        except TimeoutError as error:
            raise SimulationError(f"the {self.name} process did not answer within {timeout_s:g} s") from error
        except OSError as error:
            raise SimulationError(self.end_message()) from error
        return self.checked(answer)

    def checked(self, answer: dict[str, Any] | None) -> dict[str, Any]:
        """``answer`` itself. Raises SimulationError if it is an error, or if the process ended."""
        if answer is None:
            raise SimulationError(self.end_message())
        if "error" in answer:
            raise SimulationError(f"error in the {self.name} process: {answer['error']}")
        return answer

    def end_message(self) -> str:
        """Why the process ended: its exit status and the end of its log."""
        try:
            status = str(self.process.wait(_STOP_S))
        except subprocess.TimeoutExpired:
            status = "still running"
        try:
            text = self._log.read_text("utf-8", "replace").strip()[-2000:]
        except OSError:
            text = ""
        return f"the {self.name} process ended (status {status}): {text or 'without output'}"

    def stop(self) -> None:
        """Close its socket, upon which it ends; kill it by its process id if it does not."""
        self.lines.connection.close()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def answered(lines: Lines, message: Mapping[str, Any], answer: Mapping[str, Any] | Exception) -> None:
    """Send an answer; an exception is sent as ``error`` with the last line of its traceback."""
    if isinstance(answer, Exception):
        text = "".join(traceback.format_exception_only(answer)).strip()
        answer = {"error": f"{text} (request: {message.get('do', 'start')})"}
    lines.send(answer)


def _python_path() -> str:
    """A PYTHONPATH with which the child imports the same package as the parent."""
    here = str(Path(__file__).resolve().parents[1])
    return os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)
