"""Starts many AWS accounts quickly, by forking a process that has already loaded moto (``aws/template``)."""

import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from simulator.control import START_S, Child
from simulator.network.namespaces import Namespace


class AccountTemplate:
    """The process that accounts are forked from. It, and every account, ends with `close`.

    Start it in a thread that lives as long as it is needed; any thread may call `start`.
    """

    def __init__(self, log: Path) -> None:
        self._child = Child.spawn("account template", log)
        self._lock = threading.Lock()
        self._is_ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._child.stop()

    def start(self, log: Path, namespace: Namespace | None) -> Child:
        """A `processes.StartAccount`. Raises SimulationError if there is no moto."""
        ours, its = socket.socketpair()
        inside = () if namespace is None else (namespace.network, namespace.user)
        with its, log.open("wb") as log_file:
            descriptors = (its.fileno(), log_file.fileno(), *(each for each in inside if each is not None))
            try:
                answer, handle = self._fork(descriptors)
            except BaseException:
                ours.close()
                raise
        return Child("aws", log, _Forked(self, answer["pid"], handle), ours)

    def status_of(self, pid: int) -> int:
        """The exit status of an account that has ended."""
        with self._lock:
            status: int = self._child.request({"do": "status", "pid": pid})["status"]
        return status

    def _fork(self, descriptors: tuple[int, ...]) -> tuple[Mapping[str, Any], int]:
        with self._lock:
            if not self._is_ready:
                self._child.answer(START_S)
                self._is_ready = True
            self._child.send({"do": "fork"}, descriptors)
            message, handles = self._child.lines.read_with_descriptors(START_S)
            return self._child.checked(message), handles[0]


class _Forked:
    """The process of an account: its grandparent waits for it by a descriptor (pidfd_open(2))."""

    def __init__(self, template: AccountTemplate, pid: int, handle: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._template = template
        self._handle = handle

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            if not poll.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired("account", timeout or 0.0)
            self.returncode = self._template.status_of(self.pid)
            os.close(self._handle)
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None:
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
