"""The processes of one simulation: its link, its servers and its AWS account."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.control import Child, SimulationError
from simulator.network.namespaces import Namespace

START_S = 15.0


@dataclass(slots=True, kw_only=True)
class Processes:
    """The running processes; None for one that does not run. ``namespace``: the agent's, None if reduced.

    ``aws_answer`` is the last answer of the account's process: ``url``, ``region``, ``service_name``.
    """

    directory: Path
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
            self.link = Child("link", self.directory / "link.log")
            self.link.lines.send(start)
            simulation = self._receive_namespaces(self.link)
        try:
            self.servers = self._child("servers", simulation)
        finally:
            if simulation is not None:
                os.close(simulation)
        if has_account:  # moto starts slowly, so the servers start at the same time
            # In the agent's namespace: the agent calls AWS without TLS only on loopback.
            self.aws = self._child("aws", self.namespace.network if self.namespace else None)
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

    def _child(self, name: str, network: int | None) -> Child:
        """Start a process in an open network namespace of the simulation (None: the current one)."""
        user = self.namespace.user if self.namespace else None
        descriptors = tuple(each for each in (network, user) if each is not None)
        words = [str(descriptor) for descriptor in descriptors]
        return Child(name, self.directory / f"{name}.log", *words, descriptors=descriptors)

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
