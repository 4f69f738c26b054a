"""The whole: a scenario is started, entered, changed while it runs, and stopped."""

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
from simulator.control import Child, WorldError
from simulator.faults import REACHABILITY, Fault
from simulator.network import namespaces
from simulator.network.capability import capability
from simulator.network.loopback import claim_block
from simulator.network.namespaces import Namespace
from simulator.network.records import AppliedDelay, applied_delay, round_trips_s
from simulator.scenario.agent_configuration import configuration_of
from simulator.scenario.kinds import every_host
from simulator.scenario.layout import Layout, lay_out
from simulator.scenario.reader import read_account, read_records
from simulator.scenario.scenario import Scenario

if TYPE_CHECKING:
    import socket

_START_S = 15.0
_NOT_REDUCED = "a reduced world has no wire: no delays, and silent or dead hosts refuse instead"


class World:
    """A running simulated internet; made by `start`. Methods raise WorldError if one of its processes ended.

    ``reduced`` worlds serve on 127.0.0.0/8 with no namespaces; ``notes`` says so in words for people.
    ``root_pem`` is the file of the simulated root, ``directory`` a private one that `stop` removes.
    ``namespace`` holds descriptors of the agent's namespace (None if reduced).
    """

    def __init__(self, scenario: Scenario, notes: tuple[str, ...], *, reduced: bool) -> None:
        self.scenario = scenario
        self.reduced = reduced
        self.notes = notes
        self.namespace: Namespace | None = None
        self.directory = Path(tempfile.mkdtemp(prefix="xks-probe-world-"))
        self.root_pem = self.directory / "root.pem"
        self._block: int | None = None
        self._claim: socket.socket | None = None
        if reduced:
            self._block, self._claim = claim_block()
        self.layout: Layout = lay_out(scenario, reduced_block=self._block)
        self._wire: Child | None = None
        self._servers: Child | None = None
        self._aws: Child | None = None
        self._aws_said: Mapping[str, str] = {}
        self._entered = False
        self._home: int | None = None
        self._started: list[subprocess.Popen[Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def configuration(self) -> dict[str, Any]:
        """The agent's configuration, as YAML would hold it (docs/configuration-example.yaml)."""
        return configuration_of(self.scenario, self.layout, self.root_pem)

    def address(self, name: str) -> str:
        """The IPv4 address of a host of the scenario."""
        return self.layout.address(name)

    def applied(self, address: str) -> tuple[AppliedDelay, ...]:
        """The delays that frames of this address really had, one way each, oldest first; the newest 4,096.

        A load balancer's flows are under the node's address. Ask when measuring is done: answering takes
        the wire some milliseconds, in which no frame moves.
        """
        answer = self._needs(self._wire).request({"do": "applied", "address": address})
        return tuple(applied_delay(row) for row in answer["rows"])

    def round_trips_s(self, address: str, kind: str) -> tuple[float, ...]:
        """Both ways of `applied` added up, per exchange of ``kind`` ``icmp`` or ``tcp-syn``, in seconds."""
        return round_trips_s(self.applied(address), kind)

    def set_fault(self, name: str, fault: Fault | str) -> None:
        """Change one host while the world runs; a fault replaces the one of its group (see `Fault`).

        ``name`` is a host of the scenario, or ``*`` for all backends. ``alive`` mends how it is reached,
        ``good`` its certificate, ``tls-good`` its TLS, ``healthy`` what it answers. ``refused`` and
        ``alive`` stop and start a proxy.
        """
        fault = Fault(fault)
        names = [backend.name for backend in self.scenario.backends] if name == "*" else [name]
        for each in names:
            self._set_fault(each, fault)

    def set_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Replace the scenario's records while the world runs; each is as in a scenario file.

        Raises ScenarioError with every mistake, and then nothing is changed.
        """
        document = list(records)
        read_records(document, self.scenario)
        self._needs(self._servers).request({"do": "records", "records": document})

    def set_account(self, section: Mapping[str, Any]) -> None:
        """Replace the scenario's ``account`` section, of which there must be one, while the world runs.

        Raises ScenarioError or WorldError with its mistakes, and then nothing is changed.
        """
        read_account(section)
        self._aws_said = self._has_account().request({"do": "account", "section": dict(section)}, _START_S)

    @property
    def service_name(self) -> str:
        """The name of the account's endpoint service."""
        self._has_account()
        return self._aws_said["service_name"]

    def aws_environment(self) -> dict[str, str]:
        """What makes AWS's clients ask the simulated account: for `run`, or merged into one's own."""
        self._has_account()
        return {
            "AWS_ENDPOINT_URL": self._aws_said["url"],
            "AWS_ACCESS_KEY_ID": "AKIASIMULATEDACCOUNT",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_REGION": self._aws_said["region"],
            "AWS_DEFAULT_REGION": self._aws_said["region"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def set_delay(self, name: str, rtt_s: float) -> None:
        """Give a host another round-trip time from now on, half of it each way; jitter and loss stay."""
        message = {"do": "rtt", "address": self.address(name), "rtt_s": rtt_s}
        self._needs(self._wire).request(message)

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
        """End every process of the world by its id, remove its files, come back if possible. Idempotent.

        Come back: from a namespace made as root. Out of a user namespace there is no way.
        """
        for process in self._started:
            running.end(process)
        self._started.clear()
        for child in (self._aws, self._servers, self._wire):
            if child is not None:
                child.stop()
        self._aws = self._servers = self._wire = None
        if self._home is not None:
            with contextlib.suppress(OSError):
                namespaces.enter_network(self._home)
            os.close(self._home)
            self._home = None
        if self.namespace is not None:
            self.namespace.close()
            self.namespace = None
        if self._claim is not None:
            self._claim.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _set_fault(self, name: str, fault: Fault) -> None:
        allowed = {host.name: kind.faults for kind, host in every_host(self.scenario)}
        if fault not in allowed.get(name, ()):
            raise ValueError(f"{name} cannot be {fault}: no such host, or not a fault of its kind")
        self._needs(self._servers).request({"do": "fault", "name": name, "fault": fault})
        if self._wire is not None and fault in REACHABILITY:
            self._wire.request({"do": "fault", "address": self.address(name), "fault": fault})

    def _open(self) -> None:
        start = {
            "name": self.scenario.name,
            "scenario": self.scenario.document,
            "seed": 1,
            "reduced_block": self._block,
        }
        descriptors: tuple[int, ...] = ()
        world: int | None = None
        if not self.reduced:
            self._wire = Child("wire", self.directory / "wire.log")
            self._wire.lines.send(start)
            world = self._receive_namespaces(self._wire)
            user = self.namespace.user if self.namespace else None
            descriptors = (world,) if user is None else (world, user)
        try:
            words = [str(descriptor) for descriptor in descriptors]
            self._servers = Child("servers", self.directory / "servers.log", *words, descriptors=descriptors)
        finally:
            if world is not None:
                os.close(world)
        if self.scenario.account is not None:  # moto takes its time: the servers start meanwhile
            self._aws = self._start_aws(start)
        self.root_pem.write_text(self._servers.request(start, _START_S)["root_pem"], "ascii")
        if self._aws is not None:
            self._aws_said = self._aws.answer(_START_S)

    def _start_aws(self, start: Mapping[str, Any]) -> Child:
        """Where the agent is: its loopback is the only place that it asks without TLS."""
        inside = self.namespace
        found = (inside.network, inside.user) if inside else ()
        descriptors = tuple(descriptor for descriptor in found if descriptor is not None)
        words = [str(descriptor) for descriptor in descriptors]
        child = Child("aws", self.directory / "aws.log", *words, descriptors=descriptors)
        child.send(start)
        return child

    def _receive_namespaces(self, wire: Child) -> int:
        """Take the agent's namespace from the wire's first message; the descriptor of the world's."""
        try:
            message, descriptors = wire.lines.read_with_descriptors(_START_S)
        except TimeoutError as error:
            raise WorldError(f"the wire process is not ready within {_START_S:g} s") from error
        except OSError as error:
            raise WorldError(wire.epitaph()) from error
        wire.checked(message)
        agent, world, *user = descriptors
        self.namespace = Namespace(network=agent, user=user[0] if user else None)
        return world

    def _enter(self) -> None:
        if self.namespace is None:
            return
        if self.namespace.user is None:
            self._home = namespaces.current_network()
        try:
            namespaces.enter(self.namespace)
        except OSError as error:
            raise WorldError(f"{error}; start the world before any thread") from error
        self._entered = True

    def _namespace_to_enter(self) -> Namespace | None:
        return None if self._entered else self.namespace

    def _filled(self, argv: Sequence[str]) -> list[str]:
        config = self.directory / "xks-probe.yaml"
        config.write_text(yaml.safe_dump(self.configuration(), sort_keys=False), "utf-8")
        return [word.replace("{config}", str(config)).replace("{ca}", str(self.root_pem)) for word in argv]

    def _has_account(self) -> Child:
        if self._aws is None:
            raise WorldError("the world has no AWS account: give the scenario an 'account:' section, even {}")
        return self._aws

    def _needs(self, child: Child | None) -> Child:
        if child is None:
            raise WorldError(_NOT_REDUCED if self.reduced else "the world is stopped")
        return child


def start(scenario: Scenario, *, reduced: bool | None = None, enter: bool = True) -> World:
    """Start ``scenario``, and with ``enter`` move this process into the agent's namespace.

    Call it before threads and event loops exist. Sockets opened before stay in the old namespace, so that a
    page can be seen from outside. ``reduced`` None: where there are no namespaces, a reduced
    world that says so.

    Raises:
        WorldError: if it cannot be started; nothing is left behind.
    """
    notes: tuple[str, ...] = (_NOT_REDUCED,) if reduced else ()
    if not reduced:
        can = capability()
        if not can.namespaces and reduced is False:
            raise WorldError(f"no namespaces here: {can.why}. To have them: {can.remedy}")
        if not can.namespaces:
            notes = (_NOT_REDUCED, f"no namespaces here: {can.why}", f"to have them: {can.remedy}")
    world = World(scenario, notes, reduced=bool(notes))
    try:
        world._open()  # noqa: SLF001  # `start` is the constructor that can fail
        if enter:
            world._enter()  # noqa: SLF001  # as above
    except BaseException:
        world.stop()
        raise
    return world


def run_in_world(
    scenario: Scenario, argv: Sequence[str], *, as_text: bool = True, timeout_s: float
) -> subprocess.CompletedProcess[Any]:
    """Start a world, run one command in its agent's namespace (see `World.run`), stop the world."""
    with start(scenario, enter=False) as world:
        return world.run(argv, timeout_s, as_text=as_text)
