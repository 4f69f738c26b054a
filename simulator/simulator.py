"""A simulation that runs: it is entered, changed and stopped here; `starting` makes it."""

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
from simulator.faults import REACHABILITY, Fault
from simulator.network import namespaces
from simulator.network.loopback import claim_block
from simulator.network.namespaces import Namespace
from simulator.network.records import AppliedDelay, applied_delay, round_trips_s
from simulator.processes import Processes
from simulator.scenario.addressing import Addressing, assign_addresses
from simulator.scenario.agent_configuration import configuration_of
from simulator.scenario.kinds import every_host
from simulator.scenario.reader import read_account, read_records
from simulator.scenario.scenario import Scenario

if TYPE_CHECKING:
    import socket

HOW_REDUCED = "a reduced simulation has no wire: no delays, and silent or dead hosts refuse instead"


class Simulation:
    """A running simulated internet, made by `starting.start`.

    Methods raise SimulationError if one of its processes ended.
    ``reduced`` simulations serve on 127.0.0.0/8 with no namespaces; ``notes`` says so in words for people.
    ``root_pem`` is the file of the simulated root, ``credential_file`` that of the proxies' first credential,
    ``directory`` a private one with both, which `stop` removes.
    """

    def __init__(self, scenario: Scenario, notes: tuple[str, ...], *, reduced: bool) -> None:
        self.scenario = scenario
        self.reduced = reduced
        self.notes = notes
        self.directory = Path(tempfile.mkdtemp(prefix="xks-probe-simulation-"))
        self.root_pem = self.directory / "root.pem"
        self.credential_file = self.directory / "credential.json"
        self._block: int | None = None
        self._claim: socket.socket | None = None
        if reduced:
            self._block, self._claim = claim_block()
        self.addressing: Addressing = assign_addresses(scenario, reduced_block=self._block)
        self._processes = Processes(directory=self.directory)
        self._entered = False
        self._home: int | None = None
        self._started: list[subprocess.Popen[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def open(self) -> None:
        """Start its processes. Raises SimulationError; then `stop` cleans up."""
        start = {
            "name": self.scenario.name,
            "scenario": self.scenario.document,
            "seed": 1,
            "reduced_block": self._block,
        }
        has_account = self.scenario.account is not None
        root = self._processes.open(start, has_wire=not self.reduced, has_account=has_account)
        self.root_pem.write_text(root, "ascii")
        write_credential(self.credential_file, self.scenario.proxy.credentials[0])

    def enter(self) -> None:
        """Move this process into the agent's namespace, if there is one, until `stop`."""
        if self.namespace is None:
            return
        if self.namespace.user is None:
            self._home = namespaces.current_network()
        try:
            namespaces.enter(self.namespace)
        except OSError as error:
            raise SimulationError(f"{error}; start the simulation before any thread") from error
        self._entered = True

    @property
    def namespace(self) -> Namespace | None:
        """Descriptors of the agent's namespace (None if reduced)."""
        return self._processes.namespace

    def configuration(self) -> dict[str, Any]:
        """The agent's configuration, as YAML would hold it (docs/configuration-example.yaml)."""
        return configuration_of(self.scenario, self.addressing, self.root_pem, self.credential_file)

    def address(self, name: str) -> str:
        """The IPv4 address of a host of the scenario."""
        return self.addressing.address(name)

    def applied(self, address: str) -> tuple[AppliedDelay, ...]:
        """The delays that frames of this address really had, one way each, oldest first; the newest 4,096.

        A load balancer's flows are under the node's address. Ask when measuring is done: answering takes
        the wire some milliseconds, in which no frame moves.
        """
        answer = self._needs(self._processes.wire).request({"do": "applied", "address": address})
        return tuple(applied_delay(row) for row in answer["rows"])

    def round_trips_s(self, address: str, kind: str) -> tuple[float, ...]:
        """Both ways of `applied` added up, per exchange of ``kind`` ``icmp`` or ``tcp-syn``, in seconds."""
        return round_trips_s(self.applied(address), kind)

    def set_fault(self, name: str, fault: Fault | str) -> None:
        """Change one host while the simulation runs; a fault replaces the one of its group (see `Fault`).

        ``name`` is a host of the scenario, or ``*`` for all backends. ``alive`` mends how it is reached,
        ``good`` its certificate, ``tls-good`` its TLS, ``healthy`` what it answers. ``refused`` and
        ``alive`` stop and start a proxy.
        """
        fault = Fault(fault)
        names = [backend.name for backend in self.scenario.backends] if name == "*" else [name]
        for each in names:
            self._set_fault(each, fault)

    def set_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Replace the scenario's records while the simulation runs; each is as in a scenario file.

        Raises ScenarioError with every mistake, and then nothing is changed.
        """
        document = list(records)
        read_records(document, self.scenario)
        self._needs(self._processes.servers).request({"do": "records", "records": document})

    def set_account(self, section: Mapping[str, Any]) -> None:
        """Replace the scenario's ``account`` section, of which there must be one, while the simulation runs.

        Raises ScenarioError or SimulationError with its mistakes, and then nothing is changed.
        """
        read_account(section)
        self._processes.set_account(section, self._has_account())

    @property
    def service_name(self) -> str:
        """The name of the account's endpoint service."""
        self._has_account()
        return self._processes.aws_said["service_name"]

    def aws_environment(self) -> dict[str, str]:
        """What makes AWS's clients ask the simulated account: for `run`, or merged into one's own."""
        self._has_account()
        said = self._processes.aws_said
        return {
            "AWS_ENDPOINT_URL": said["url"],
            "AWS_ACCESS_KEY_ID": "AKIASIMULATEDACCOUNT",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_REGION": said["region"],
            "AWS_DEFAULT_REGION": said["region"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def set_delay(self, name: str, rtt_s: float) -> None:
        """Give a host another round-trip time from now on, half of it each way; jitter and loss stay."""
        message = {"do": "rtt", "address": self.address(name), "rtt_s": rtt_s}
        self._needs(self._processes.wire).request(message)

    def run(
        self,
        argv: Sequence[str],
        timeout_s: float,
        *,
        as_text: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[Any]:
        """Run a command in the agent's namespace; ``{config}`` and ``{ca}`` in ``argv`` become file names.

        ``environment`` is added to ours, such as `aws_environment`, with which nothing of ours about AWS goes
        along. Raises subprocess.TimeoutExpired, with the process killed.
        """
        words = self._filled(argv)
        inside = self._namespace_to_enter()
        return running.run(words, inside, timeout_s, as_text=as_text, environment=environment)

    def popen(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command in the agent's namespace; `stop` kills it. ``options`` are those of Popen.

        The process is killed also when the thread that called this ends.
        """
        process = running.popen(self._filled(argv), self._namespace_to_enter(), **options)
        self._started.append(process)
        return process

    def call(self, function: Callable[[], Any], timeout_s: float) -> Any:
        """What ``function()`` gives in a forked child within the agent's namespace; it must be JSON."""
        return running.call(function, self._namespace_to_enter(), timeout_s)

    def stop(self) -> None:
        """End every process of the simulation by its id, remove its files, come back if possible. Idempotent.

        Come back: from a namespace made as root. Out of a user namespace there is no way.
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
            raise ValueError(f"{name} cannot be {fault}: no such host, or not a fault of its kind")
        message = {"do": "fault", "fault": fault}
        self._needs(self._processes.servers).request({**message, "name": name})
        if self._processes.wire is not None and fault in REACHABILITY:
            self._processes.wire.request({**message, "address": self.address(name)})

    def _namespace_to_enter(self) -> Namespace | None:
        return None if self._entered else self.namespace

    def _filled(self, argv: Sequence[str]) -> list[str]:
        config = self.directory / "xks-probe.yaml"
        config.write_text(yaml.safe_dump(self.configuration(), sort_keys=False), "utf-8")
        return [word.replace("{config}", str(config)).replace("{ca}", str(self.root_pem)) for word in argv]

    def _has_account(self) -> Child:
        if self._processes.aws is None:
            raise SimulationError(
                "the simulation has no AWS account: give the scenario an 'account:' section, even {}"
            )
        return self._processes.aws

    def _needs(self, child: Child | None) -> Child:
        if child is None:
            raise SimulationError(HOW_REDUCED if self.reduced else "the simulation is stopped")
        return child
