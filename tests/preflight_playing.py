"""Plays preflight cases: the command line in a simulated network, what is wrong there, and what is to be found.

The cases are in ``tests/preflight_cases/*.yaml``: a sentence each, how its simulation differs from a healthy one, and
what the report must say. They are no scenarios: a scenario is a simulation of its own (``simulator/scenarios``).
``faults`` are of hosts (``*``: all proxies), ``account`` and ``records`` as scenario files of simulations have them,
``options`` change the command line (null: leave out). ``predict`` has every error that nothing masks, by
operation, with *maybe* where it is only possible; ``undecided`` has the operations of which too little is
known. What is not said in any of them must not be found.
"""

import json
import multiprocessing
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from simulator import Simulation, load_scenario, start
from simulator.scenario.reader import read_scenario

NAME = "myproxy-private.xks.example.com"
NAME_SERVER = "10.78.5.53"
OPERATIONS = ("create", "update", "connect", "create_key")
RECORD = {"name": "_abc123.xks.example.com", "type": "TXT", "answers": ["vpce:l6p0ERxlTt45jevFwOCp"]}
ZONE = [
    {"name": "example.com", "type": "NS", "answers": ["ns.example.com."]},
    {"name": "xks.example.com", "type": "NS", "answers": ["ns.example.com."]},
    {"name": "ns.example.com", "type": "A", "answers": [NAME_SERVER]},
]
HEALTHY = load_scenario("healthy")
_DIRECTORY = Path(__file__).parent / "preflight_cases"
_KEYS = frozenset(
    {
        *("account", "exists", "options", "faults", "rtt", "records", "credential", "resolver"),
        *("expect", "predict", "undecided"),
    }
)
_OPTIONS: Mapping[str, Any] = {
    "--endpoint-service": "{service}",
    "--uri-endpoint": f"https://{NAME}",
    "--uri-path": "/kms/xks/v1",
    "--name": "fresh",
    "--region": "eu-central-1",
    "--extra-authority": "{ca}",
    "--public-resolver": NAME_SERVER,
    "--key-manager": "{hsm-1}",
    "--data-centre": "192.168.0.0/16",
    "--key-id": "foo",
    "--timeout": "8",  # a busy machine takes its time; where something is silent, three seconds will do
    "--format": "json",
}
_OF_AN_EXISTING_STORE: Mapping[str, Any] = {
    "--key-store": "{store}",
    **dict.fromkeys(("--endpoint-service", "--uri-endpoint", "--uri-path", "--name")),
}
# Our own resolv.conf in place of the machine's, for what follows: a public endpoint is found by its name.
_WITH_RESOLVER = (
    *("unshare", "--mount", "sh", "-c"),
    'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"',
    "sh",
)
_QUICK = "health-answers-within-250-ms"
_RUN_S = 60.0
_SIMULATIONS = 4  # a run waits more than it works


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One preflight. ``expect`` has the outcomes of a requirement over all its subjects."""

    name: str
    expect: Mapping[str, frozenset[str]]
    predict: Mapping[str, frozenset[str]] = field(default_factory=dict)
    undecided: frozenset[str] = frozenset()
    account: Mapping[str, Any] = field(default_factory=dict)
    exists: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rtt_s: Mapping[str, float] = field(default_factory=dict)
    records: Sequence[Mapping[str, Any]] | None = None
    credential: Mapping[str, str] | None = None
    resolver: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a run."""

    status: int
    report: Mapping[str, Any]
    words: str
    wall_s: float

    def outcomes(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for verdict in self.report["verdicts"]:
            found.setdefault(verdict["requirement"], set()).add(verdict["outcome"])
        return found

    def of_outcome(self, outcome: str) -> set[str]:
        return {name for name, outcomes in self.outcomes().items() if outcome in outcomes}

    def unmasked(self) -> dict[str, set[str]]:
        """The names of the errors of each operation that nothing masks, with *maybe* before one that is possible.

        Without those of a few slow exchanges among quick ones: that is this machine's doing.
        """
        return {
            operation: {
                ("maybe " if error["likelihood"] == "possible" else "") + error["error"]
                for error in self.report["prediction"][operation]["errors"]
                if error["masked_by"] is None and not self._is_of_hiccups(error)
            }
            for operation in OPERATIONS
        }

    def _is_of_hiccups(self, error: Mapping[str, Any]) -> bool:
        quick = self.outcomes().get(_QUICK) == {"met"}
        return quick and error["likelihood"] == "possible" and error["requirements"] == [_QUICK]

    def undecided(self) -> set[str]:
        return {each for each in OPERATIONS if not self.report["prediction"][each]["decided"]}

    def named_errors(self) -> set[str]:
        """Every error that is predicted, by whatever name, masked or not."""
        every = (error for each in OPERATIONS for error in self.report["prediction"][each]["errors"])
        errors = [error for error in every if not self._is_of_hiccups(error)]
        return {name for error in errors for name in (error["error"], *error["alternatives"])}

    def status_of_verdicts(self) -> int:
        """The exit status that the verdicts ask for (advice never counts)."""
        counted = {v["outcome"] for v in self.report["verdicts"] if v["level"] != "advice"}
        return 1 if "violated" in counted else 3 if "unknown" in counted else 0


def load() -> tuple[Case, ...]:
    """All of them, in the order of their files."""
    documents = [yaml.safe_load(file.read_text("utf-8")) for file in sorted(_DIRECTORY.glob("*.yaml"))]
    return tuple(_case(name, item) for document in documents for name, item in document.items())


def _case(name: str, item: Mapping[str, Any]) -> Case:
    unknown = set(item) - _KEYS
    if unknown:
        raise ValueError(f"{name}: unknown {sorted(unknown)}")
    return Case(
        name=name,
        expect={key: frozenset(_listed(value)) for key, value in item.get("expect", {}).items()},
        predict={key: frozenset(value) for key, value in item.get("predict", {}).items()},
        undecided=frozenset(item.get("undecided", ())),
        account=item.get("account", {}),
        exists=item.get("exists", False),
        options=item.get("options", {}),
        faults={host: _listed(faults) for host, faults in item.get("faults", {}).items()},
        rtt_s=item.get("rtt", {}),
        records=item.get("records"),
        credential=item.get("credential"),
        resolver=item.get("resolver", False),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def open_simulation() -> Simulation:
    """A healthy one, with an account and a name server."""
    document = {
        **HEALTHY.document,
        "account": {},
        "name_servers": [{"name": "dns-1", "rtt": "2ms"}],
        "records": [*ZONE, RECORD],
    }
    return start(read_scenario("healthy", document), reduced=False, enter=False)


def prepare(simulation: Simulation, case: Case) -> None:
    """Make the simulation all well again, then as the case has it."""
    for host in (*simulation.scenario.nodes, *simulation.scenario.name_servers):
        simulation.set_fault(host.name, "alive")
    for fault in ("alive", "tls-good", "good", "healthy"):
        simulation.set_fault("*", fault)
    simulation.set_delay("hsm-1", 0.012)
    for host, faults in case.faults.items():
        for fault in faults:
            simulation.set_fault(host, fault)
    for host, rtt_s in case.rtt_s.items():
        simulation.set_delay(host, rtt_s)
    simulation.set_records([*ZONE, RECORD] if case.records is None else case.records)
    simulation.set_account({"key_stores": [{}] if case.exists else [], **case.account})


def command(simulation: Simulation, case: Case, program: Sequence[str]) -> list[str]:
    """The command line in this simulation."""
    options = {**_OPTIONS, **(_OF_AN_EXISTING_STORE if case.exists else {}), **case.options}
    values = {"service": simulation.service_name, "store": simulation.scenario.key_store}
    values |= {host: simulation.address(host) for host in simulation.addressing.endpoints}
    words = [*program, "preflight"]
    for option, given in options.items():
        for value in _listed(given):
            if value is not None:
                words += [option] if value is True else [option, _filled(str(value), values)]
    if case.resolver:
        file = simulation.directory / "resolv.conf"
        file.write_text(f"nameserver {NAME_SERVER}\n", "ascii")
        words = [*_WITH_RESOLVER, str(file), *words]
    return words


def _filled(text: str, values: Mapping[str, str]) -> str:
    for word, value in values.items():
        text = text.replace(f"{{{word}}}", value)
    return text  # {ca} is the simulation's own


def environment(simulation: Simulation, case: Case) -> dict[str, str]:
    """AWS's, and the proxy's credential: the right one unless the case has another, or {} for none."""
    right = simulation.scenario.proxy.credentials[0]
    given = {"id": right.access_key_id, "secret": right.secret_access_key}
    found = given if case.credential is None else {**given, **case.credential}
    if case.credential == {}:
        return simulation.aws_environment()
    return {
        **simulation.aws_environment(),
        "XKS_PROXY_ACCESS_KEY_ID": found["id"],
        "XKS_PROXY_SECRET_ACCESS_KEY": found["secret"],
    }


def play(
    simulation: Simulation, case: Case, program: Sequence[str], more: Mapping[str, str] | None = None
) -> Played:
    """One run of the command. ``more`` is added to its environment."""
    prepare(simulation, case)
    started_s = time.monotonic()
    surroundings = {**environment(simulation, case), **(more or {})}
    done = simulation.run(command(simulation, case, program), _RUN_S, environment=surroundings)
    wall_s = time.monotonic() - started_s
    report = json.loads(done.stdout) if done.stdout else {}
    return Played(status=done.returncode, report=report, words=done.stderr, wall_s=wall_s)


def play_all(cases: Sequence[Case], program: Sequence[str]) -> dict[str, Played]:
    """By name. Some simulations at once, each in a process of its own and with a share of the cases."""
    simulations = min(_SIMULATIONS, len(cases))
    shares = [cases[n::simulations] for n in range(simulations)]
    spawning = multiprocessing.get_context("spawn")  # a simulation is started before any thread
    with ProcessPoolExecutor(simulations, mp_context=spawning) as pool:
        played: Iterable[dict[str, Played]] = pool.map(_play_share, shares, [list(program)] * simulations)
        return {name: each for share in played for name, each in share.items()}


def _play_share(cases: Sequence[Case], program: Sequence[str]) -> dict[str, Played]:
    with open_simulation() as simulation:
        return {each.name: play(simulation, each, program) for each in cases}


def main(names: Sequence[str]) -> None:
    """To help write a preflight case: what differs from all being well, as the file would have it."""
    chosen = [each for each in load() if not names or any(name in each.name for name in names)]
    for name, played in play_all(chosen, [sys.executable, "-m", "probe"]).items():
        outcomes = {k: sorted(v) for k, v in played.outcomes().items() if v & {"violated", "unknown"}}
        predicted = {k: sorted(v) for k, v in played.unmasked().items() if v}
        sys.stdout.write(
            f"{name}: exit {played.status}, {played.wall_s:.1f} s\n{played.words[-500:]}"
            + yaml.safe_dump(
                {"expect": outcomes, "predict": predicted, "undecided": sorted(played.undecided())}
            )
        )


if __name__ == "__main__":
    main(sys.argv[1:])
