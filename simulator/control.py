"""How the parent talks to the processes of a simulation: JSON lines on a socket pair, with deadlines."""

import json
import os
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_MAX_BYTES = 64 * 1024 * 1024  # far beyond the records of one host; a line without end is a bug
# The module of each process of the simulation.
MODULES = {
    "wire": "simulator.network.delay_link",
    "servers": "simulator.servers.servers",
    "aws": "simulator.aws.endpoint",
}
_STOP_S = 2.0
_MAX_DESCRIPTORS = 4


class SimulationError(Exception):
    """The simulation cannot be started, or one of its processes ended; says which and why."""


class Lines:
    """JSON lines over a socket. Both ends use it; only `read` waits."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = b""

    def send(self, message: Mapping[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Send one message; descriptors, if any, go with it (SCM_RIGHTS)."""
        data = json.dumps(message, default=str).encode() + b"\n"
        if descriptors:
            sent = socket.send_fds(self.connection, [data], list(descriptors))
            data = data[sent:]
        self.connection.sendall(data)

    def read(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message, or None if the other end has gone. Raises TimeoutError."""
        deadline_s = time.monotonic() + timeout_s
        while (message := self.parse(b"")) is None:
            self.connection.settimeout(max(0.001, deadline_s - time.monotonic()))
            data = self.connection.recv(65_536)
            if not data:
                return None
            self._buffer += data
            if len(self._buffer) > _MAX_BYTES:
                raise SimulationError(
                    "a process of the simulation sends a line without end: this is a bug in simulator"
                )
        return message

    def read_with_descriptors(self, timeout_s: float) -> tuple[dict[str, Any] | None, list[int]]:
        """As `read`, for a first message that carries descriptors."""
        self.connection.settimeout(timeout_s)
        data, descriptors, _, _ = socket.recv_fds(self.connection, 65_536, _MAX_DESCRIPTORS)
        self._buffer += data
        return (self.read(timeout_s) if data else None), descriptors

    def parse(self, data: bytes) -> dict[str, Any] | None:
        """Take up ``data`` and return the first whole message there is, if any."""
        self._buffer += data
        line, separator, rest = self._buffer.partition(b"\n")
        if not separator:
            return None
        self._buffer = rest
        message: dict[str, Any] = json.loads(line)
        return message


class Child:
    """One process of the simulation: ``python -m`` of `MODULES`, asked by messages, stopped by its id."""

    def __init__(self, name: str, log: Path, *arguments: str, descriptors: tuple[int, ...] = ()) -> None:
        ours, its = socket.socketpair()
        self.name = name
        self.lines = Lines(ours)
        self._log = log
        with its, log.open("wb") as log_file:
            self.process = subprocess.Popen(  # noqa: S603  # this very interpreter
                # -P: a file in the current directory must not stand in for a module
                [
                    *(sys.executable, "-P", "-m", MODULES[name]),
                    *(str(its.fileno()), str(os.getpid()), *arguments),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                pass_fds=(its.fileno(), *descriptors),
                start_new_session=True,  # Ctrl-C in a terminal is for the parent, which stops us
                env={**os.environ, "PYTHONPATH": _python_path()},
            )

    def request(self, message: Mapping[str, Any], timeout_s: float = 10.0) -> dict[str, Any]:
        """Ask, and wait for the answer. Raises SimulationError if the process is gone or says why not."""
        self.send(message)
        return self.answer(timeout_s)

    def send(self, message: Mapping[str, Any]) -> None:
        """Ask; `answer` waits for what it says. Raises SimulationError if the process is gone."""
        try:
            self.lines.send(message)
        except OSError as error:
            raise SimulationError(self.epitaph()) from error

    def answer(self, timeout_s: float) -> dict[str, Any]:
        """What it says to what it was asked first. Raises SimulationError as `request` does."""
        try:
            answer = self.lines.read(timeout_s)
        except TimeoutError as error:
            raise SimulationError(
                f"the {self.name} process does not answer within {timeout_s:g} s"
            ) from error
        except OSError as error:
            raise SimulationError(self.epitaph()) from error
        return self.checked(answer)

    def checked(self, answer: dict[str, Any] | None) -> dict[str, Any]:
        """``answer``, or SimulationError with its reason, or with that of the process's end."""
        if answer is None:
            raise SimulationError(self.epitaph())
        if "error" in answer:
            raise SimulationError(f"the {self.name} process says: {answer['error']}")
        return answer

    def epitaph(self) -> str:
        """Why the process ended: its last words."""
        try:
            status = str(self.process.wait(_STOP_S))
        except subprocess.TimeoutExpired:
            status = "still running"
        try:
            words = self._log.read_text("utf-8", "replace").strip()[-2000:]
        except OSError:
            words = ""
        return f"the {self.name} process ended (status {status}): {words or 'it left no word'}"

    def stop(self) -> None:
        """Ask it to end by closing its socket; kill it, by its id, if it does not."""
        self.lines.connection.close()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def answered(lines: Lines, message: Mapping[str, Any], answer: Mapping[str, Any] | Exception) -> None:
    """Send an answer; an exception becomes ``error`` with the words of its last line."""
    if isinstance(answer, Exception):
        words = "".join(traceback.format_exception_only(answer)).strip()
        answer = {"error": f"{words} (asked: {message.get('do', 'to start')})"}
    lines.send(answer)


def _python_path() -> str:
    """So that the child finds this very package, however the parent found it."""
    here = str(Path(__file__).resolve().parents[1])
    return os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)
