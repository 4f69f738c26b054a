"""A running simulation: entering its namespace, changing it, stopping it. `starting` creates it."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml

from simulator import running
from simulator.control import Child, SimulationError
from simulator.credential_file import write_credential
from simulator.faults import NO_CONNECTION, REACHABILITY, Fault
from simulator.network import namespaces
from simulator.network.loopback import claim_block
from simulator.network.namespaces import Namespace
from simulator.network.records import AppliedDelay, applied_delay, round_trips_s
from simulator.processes import Processes, StartAccount, start_account
from simulator.scenario.addressing import Addressing, assign_addresses
from simulator.scenario.agent_configuration import configuration_of
from simulator.scenario.kinds import every_host, faults_of
from simulator.scenario.reader import read_account, read_records
from simulator.scenario.scenario import Scenario

if TYPE_CHECKING:
    import socket

# The answer of DescribeTargetHealth, by path, while no target accepts connections.
UNHEALTHY = {
    "TargetHealthDescriptions[*].TargetHealth": {
        "State": "unhealthy",
        "Reason": "Target.FailedHealthChecks",
    }
}
HOW_REDUCED = "a reduced simulation has no delays, and silent or dead hosts refuse connections instead"


class Simulation:
    """A running simulated network, created by `starting.start`.

    Methods raise SimulationError if one of its processes has ended. A ``reduced`` simulation serves on
    127.0.0.0/8 without namespaces; ``notes`` explains that to people. ``root_pem`` is the file with the
    simulated root certificate, ``credential_file`` the one with the proxies' first credential. ``directory``
    is a private directory with both; `stop` removes it.
    """

    def __init__(
        self,
        scenario: Scenario,
        notes: tuple[str, ...],
        *,
        reduced: bool,
        standard_ports: bool = False,
        start_account: StartAccount = start_account,
    ) -> None:
        self.scenario = scenario
        self.reduced = reduced
        self.notes = notes
        self.directory = Path(tempfile.mkdtemp(prefix="xks-probe-simulation-"))
        self.root_pem = self.directory / "root.pem"
        self.credential_file = self.directory / "credential.json"
        self._claim: socket.socket | None = None
        block: int | None = None
        if reduced:
            block, self._claim = claim_block()
        # The arguments with which each process assigns the same addresses.
        self._addresses: dict[str, Any] = {"reduced_block": block, "standard_ports": standard_ports}
        self.addressing: Addressing = assign_addresses(scenario, **self._addresses)
        self._processes = Processes(directory=self.directory, start_account=start_account)
        self._entered = False
        self._home: int | None = None
        self._started: list[subprocess.Popen[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def open(self) -> None:
        """Start its processes. Raises SimulationError; call `stop` then to clean up."""
        start = {
            "name": self.scenario.name,
            "scenario": self.scenario.document,
            "seed": 1,
            "addresses": self._addresses,
        }
        has_account = self.scenario.account is not None
        root = self._processes.open(start, has_link=not self.reduced, has_account=has_account)
        self.root_pem.write_text(root, "ascii")
        write_credential(self.credential_file, self.scenario.proxy.credentials[0])

    def enter(self) -> None:
        """Move this process into the agent's namespace (if there is one) until `stop`."""
        if self.namespace is None:
            return
        if self.namespace.user is None:
            self._home = namespaces.current_network()
        try:
            namespaces.enter(self.namespace)
        except OSError as error:
            raise SimulationError(f"{error}; start the simulation before starting threads") from error
        self._entered = True

    @property
    def namespace(self) -> Namespace | None:
        """The agent's namespace; None if reduced."""
        return self._processes.namespace

    def configuration(self) -> dict[str, Any]:
        """The agent's configuration, structured like docs/configuration-example.yaml."""
        return configuration_of(self.scenario, self.addressing, self.root_pem, self.credential_file)

    def address(self, name: str) -> str:
        """The IPv4 address of a host of the scenario."""
        return self.addressing.address(name)

    def applied(self, address: str) -> tuple[AppliedDelay, ...]:
        """The one-way delays actually applied to frames of this address: the latest 4,096, oldest first.

        Flows through a load balancer are listed under the node's address. Call this after measuring: the link
        forwards no frames for some milliseconds while it answers.
        """
        answer = self._needs(self._processes.link).request({"do": "applied", "address": address})
        return tuple(applied_delay(row) for row in answer["rows"])

    def round_trips_s(self, address: str, kind: str) -> tuple[float, ...]:
        """The sum of both directions of `applied` per exchange of ``kind`` (``icmp`` or ``tcp-syn``)."""
        return round_trips_s(self.applied(address), kind)

    def set_fault(self, name: str, fault: Fault | str) -> None:
        """Change one host while the simulation runs; a fault replaces the one of its group (see `Fault`).

        ``name`` is a host of the scenario, or ``*`` for all backends. To remove a fault, set ``alive``
        (reachability), ``tls-good``, ``good`` (certificate) or ``healthy`` (responses). ``refused`` and
        ``alive`` stop and start a proxy.
        """
        fault = Fault(fault)
        names = [backend.name for backend in self.scenario.backends] if name == "*" else [name]
        for each in names:
            self._set_fault(each, fault)

    def set_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Replace the DNS records while the simulation runs; the format is that of a scenario file.

        Raises ScenarioError with all errors, and then changes nothing.
        """
        document = list(records)
        read_records(document, self.scenario)
        self._needs(self._processes.servers).request({"do": "records", "records": document})

    def set_account(self, section: Mapping[str, Any]) -> None:
        """Replace the ``account`` section while the simulation runs; the scenario must have one.

        Raises ScenarioError or SimulationError with all errors, and then changes nothing.
        """
        read_account(section)
        self._processes.set_account(section, self._has_account())

    def break_proxies(self, fault: Fault | str) -> None:
        """As `set_fault` for all backends; the account then reports the health of its targets accordingly."""
        fault = Fault(fault)
        self.set_fault("*", fault)
        if self.scenario.account is not None and fault in REACHABILITY:
            section = self.scenario.document["account"]
            health = {"DescribeTargetHealth": UNHEALTHY} if fault in NO_CONNECTION else {}
            self.set_account({**section, "answers": {**section.get("answers", {}), **health}})

    def apply_faults(self, other: Scenario) -> None:
        """Give hosts of the same name, and the account, the faults of another scenario.

        The key stores of the account stay as they are: KMS does not disconnect one because of a fault.
        """
        own = {host.name for _, host in every_host(self.scenario)}
        for _, host in every_host(other):
            for fault in faults_of(host) if host.name in own else ():
                self._set_fault(host.name, fault)
        if self.scenario.account is not None and other.account is not None:
            key_stores = self.scenario.document["account"].get("key_stores", [{}])
            self.set_account({**other.document["account"], "key_stores": key_stores})

    @property
    def service_name(self) -> str:
        """The name of the account's endpoint service."""
        self._has_account()
        return self._processes.aws_answer["service_name"]

    def aws_environment(self) -> dict[str, str]:
        """Environment variables that point AWS clients to the simulated account, for example for `run`."""
        self._has_account()
        answer = self._processes.aws_answer
        return {
            "AWS_ENDPOINT_URL": answer["url"],
            "AWS_ACCESS_KEY_ID": "AKIASIMULATEDACCOUNT",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_REGION": answer["region"],
            "AWS_DEFAULT_REGION": answer["region"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def set_delay(self, name: str, rtt_s: float) -> None:
        """Change the round-trip time of a host, half of it per direction; jitter and loss stay."""
        message = {"do": "rtt", "address": self.address(name), "rtt_s": rtt_s}
        self._needs(self._processes.link).request(message)

    def set_loss(self, name: str, share: float) -> None:
        """Lose this share (0..1) of the frames to a host; the delay stays."""
        message = {"do": "loss", "address": self.address(name), "share": share}
        self._needs(self._processes.link).request(message)

    def run(
        self,
        argv: Sequence[str],
        timeout_s: float,
        *,
        as_text: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[Any]:
        """Run a command in the agent's namespace. ``{config}`` and ``{ca}`` in ``argv`` become file names.

        ``environment`` (for example `aws_environment`) is added to the current environment; see
        `running.merged`. On a timeout, kills the process and raises subprocess.TimeoutExpired.
        """
        inside = self._namespace_to_enter()
        return running.run(self._filled(argv), inside, timeout_s, as_text=as_text, environment=environment)

    def popen(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command in the agent's namespace; `stop` kills it. ``options`` are those of Popen.

        The process is also killed when the calling thread ends.
        """
        process = running.popen(self._filled(argv), self._namespace_to_enter(), **options)
        self._started.append(process)
        return process

    def call(self, function: Callable[[], Any], timeout_s: float) -> Any:
        """Run ``function()`` in a forked child in the agent's namespace; its value must be JSON."""
        return running.call(function, self._namespace_to_enter(), timeout_s)

    def stop(self) -> None:
        """Stop all processes of the simulation, remove its files, leave the namespace. Idempotent.

        Only a namespace created as root can be left, not a user namespace.
        """
        for process in self._started:
            running.end(process)
        self._started.clear()
        self._processes.stop()
        if self._home is not None:
            with contextlib.suppress(OSError):
                namespaces.enter_network(self._home)
            os.close(self._home)
            self._home = None
        if self._claim is not None:
            self._claim.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _set_fault(self, name: str, fault: Fault) -> None:
        allowed = {host.name: kind.faults for kind, host in every_host(self.scenario)}
        if fault not in allowed.get(name, ()):
            raise ValueError(
                f"{name} cannot have the fault {fault}: unknown host, or not a fault for this kind of host"
            )
        message = {"do": "fault", "fault": fault}
        self._needs(self._processes.servers).request({**message, "name": name})
        if self._processes.link is not None and fault in REACHABILITY:
            self._processes.link.request({**message, "address": self.address(name)})

    def _namespace_to_enter(self) -> Namespace | None:
        return None if self._entered else self.namespace

    def _filled(self, argv: Sequence[str]) -> list[str]:
        config = self.directory / "xks-probe.yaml"
        config.write_text(yaml.safe_dump(self.configuration(), sort_keys=False), "utf-8")
        return [word.replace("{config}", str(config)).replace("{ca}", str(self.root_pem)) for word in argv]

    def _has_account(self) -> Child:
        if self._processes.aws is None:
            raise SimulationError(
                "the simulation has no AWS account: add an 'account:' section to the scenario ({} is enough)"
            )
        return self._processes.aws

    def _needs(self, child: Child | None) -> Child:
        if child is None:
            raise SimulationError(HOW_REDUCED if self.reduced else "the simulation is stopped")
        return child
