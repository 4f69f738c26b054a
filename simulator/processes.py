"""The processes of one simulation: its link, its servers and its AWS account."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.control import START_S, Child, SimulationError
from simulator.network.namespaces import Namespace

# Starts the process of an account, with its log file, in the agent's namespace (None: the current one).
StartAccount = Callable[[Path, Namespace | None], Child]


def start_account(log: Path, namespace: Namespace | None) -> Child:
    """Start it in an interpreter of its own, which first loads moto."""
    # In the agent's namespace: the agent calls AWS without TLS only on loopback.
    return _spawn("aws", log, namespace, namespace.network if namespace else None)


@dataclass(slots=True, kw_only=True)
class Processes:
    """The running processes; None for one that does not run. ``namespace``: the agent's, None if reduced.

    ``aws_answer`` is the last answer of the account's process: ``url``, ``region``, ``service_name``.
    """

    directory: Path
    start_account: StartAccount = start_account
    link: Child | None = None
    servers: Child | None = None
    aws: Child | None = None
    namespace: Namespace | None = None
    aws_answer: Mapping[str, str] = field(default_factory=dict)

    def open(self, start: Mapping[str, Any], *, has_link: bool, has_account: bool) -> str:
        """Start them with the message ``start``. Returns the simulated root certificate (PEM).

        Raises SimulationError; processes that did start keep running until `stop`.
        """
        simulation = None
        if has_link:
            self.link = Child.spawn("link", self._log("link"))
            self.link.lines.send(start)
            simulation = self._receive_namespaces(self.link)
        try:
            self.servers = _spawn("servers", self._log("servers"), self.namespace, simulation)
        finally:
            if simulation is not None:
                os.close(simulation)
        if has_account:  # moto starts slowly, so the servers start at the same time
            self.aws = self.start_account(self._log("aws"), self.namespace)
            self.aws.send(start)
        root: str = self.servers.request(start, START_S)["root_pem"]
        if self.aws is not None:
            self.aws_answer = self.aws.answer(START_S)
        return root

    def set_account(self, section: Mapping[str, Any], aws: Child) -> None:
        """Replace the account. Raises SimulationError if the section is invalid."""
        self.aws_answer = aws.request({"do": "account", "section": dict(section)}, START_S)

    def stop(self) -> None:
        """Stop all processes. Idempotent."""
        for child in (self.aws, self.servers, self.link):
            if child is not None:
                child.stop()
        self.aws = self.servers = self.link = None
        if self.namespace is not None:
            self.namespace.close()
            self.namespace = None

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def _receive_namespaces(self, link: Child) -> int:
        """Receive the namespaces in the link's first message. Returns the simulation's descriptor."""
        try:
            message, descriptors = link.lines.read_with_descriptors(START_S)
        except TimeoutError as error:
            raise SimulationError(f"the link process was not ready within {START_S:g} s") from error
        except OSError as error:
            raise SimulationError(link.end_message()) from error
        link.checked(message)
        agent, simulation, *user = descriptors
        self.namespace = Namespace(network=agent, user=user[0] if user else None)
        return simulation


def _spawn(name: str, log: Path, namespace: Namespace | None, network: int | None) -> Child:
    """Start a process in an open network namespace of the simulation (None: the current one)."""
    user = namespace.user if namespace else None
    descriptors = tuple(each for each in (network, user) if each is not None)
    words = [str(descriptor) for descriptor in descriptors]
    return Child.spawn(name, log, *words, descriptors=descriptors)
