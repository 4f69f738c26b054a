"""The processes of one simulation: its wire, its servers and its AWS account."""

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
    """Those that run; None: not there. ``namespace`` is the agent's, None where no wire is.

    ``aws_said`` is what the account's process said last: ``url``, ``region``, ``service_name``.
    """

    directory: Path
    wire: Child | None = None
    servers: Child | None = None
    aws: Child | None = None
    namespace: Namespace | None = None
    aws_said: Mapping[str, str] = field(default_factory=dict)

    def open(self, start: Mapping[str, Any], *, has_wire: bool, has_account: bool) -> str:
        """Start them with the message ``start``; the simulated root in PEM form.

        Raises SimulationError; those that did start run until `stop`.
        """
        simulation = None
        if has_wire:
            self.wire = Child("wire", self.directory / "wire.log")
            self.wire.lines.send(start)
            simulation = self._receive_namespaces(self.wire)
        try:
            self.servers = self._child("servers", simulation)
        finally:
            if simulation is not None:
                os.close(simulation)
        if has_account:  # moto takes its time: the servers start meanwhile
            # Where the agent is: its loopback is the only place that it asks without TLS.
            self.aws = self._child("aws", self.namespace.network if self.namespace else None)
            self.aws.send(start)
        root: str = self.servers.request(start, START_S)["root_pem"]
        if self.aws is not None:
            self.aws_said = self.aws.answer(START_S)
        return root

    def set_account(self, section: Mapping[str, Any], aws: Child) -> None:
        """Replace the account; raises SimulationError with its mistakes."""
        self.aws_said = aws.request({"do": "account", "section": dict(section)}, START_S)

    def stop(self) -> None:
        """End each by its id. Idempotent."""
        for child in (self.aws, self.servers, self.wire):
            if child is not None:
                child.stop()
        self.aws = self.servers = self.wire = None
        if self.namespace is not None:
            self.namespace.close()
            self.namespace = None

    def _child(self, name: str, network: int | None) -> Child:
        """A process in an open network namespace of the simulation (None: here)."""
        user = self.namespace.user if self.namespace else None
        descriptors = tuple(each for each in (network, user) if each is not None)
        words = [str(descriptor) for descriptor in descriptors]
        return Child(name, self.directory / f"{name}.log", *words, descriptors=descriptors)

    def _receive_namespaces(self, wire: Child) -> int:
        """Take the agent's namespace from the wire's first message; the descriptor of the simulation's."""
        try:
            message, descriptors = wire.lines.read_with_descriptors(START_S)
        except TimeoutError as error:
            raise SimulationError(f"the wire process is not ready within {START_S:g} s") from error
        except OSError as error:
            raise SimulationError(wire.epitaph()) from error
        wire.checked(message)
        agent, simulation, *user = descriptors
        self.namespace = Namespace(network=agent, user=user[0] if user else None)
        return simulation
