"""Runs preflight cases: the command in a simulated network, and the checks of its report."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from support.network.wire_waits import QUICK, late_requirements, slow_hosts
from support.pace import PRIORITY
from support.preflight.cases import Case, listed, load
from support.preflight.kms_errors import PREDICTABLE

from probe.requirements import CATALOGUE
from simulator import Simulation, load_scenario, start
from simulator.processes import StartAccount, start_account
from simulator.scenario.reader import read_scenario

NAME = "myproxy-private.xks.example.com"
NAME_SERVER = "10.78.5.53"
DECLARED = {each.id: {outcome.value for outcome in each.published.outcomes} for each in CATALOGUE}
OPERATIONS = ("create", "update", "connect", "create_key")
RECORD = {"name": "_abc123.xks.example.com", "type": "TXT", "answers": ["vpce:l6p0ERxlTt45jevFwOCp"]}
ZONE = [
    {"name": "example.com", "type": "NS", "answers": ["ns.example.com."]},
    {"name": "xks.example.com", "type": "NS", "answers": ["ns.example.com."]},
    {"name": "ns.example.com", "type": "A", "answers": [NAME_SERVER]},
]
HEALTHY = load_scenario("healthy")
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
    "--timeout": "60",  # not reached even on a busy machine; cases with a silent host use a shorter one
    "--format": "json",
}
_EXISTING_STORE_OPTIONS: Mapping[str, Any] = {
    "--key-store": "{store}",
    **dict.fromkeys(("--endpoint-service", "--uri-endpoint", "--uri-path", "--name")),
}
# Runs a command with the test's resolv.conf instead of the machine's, so that a public endpoint's name resolves.
_WITH_RESOLVER = (
    *("unshare", "--mount", "sh", "-c"),
    'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"',
    "sh",
)
_SLOW = "slow-400ms"
_RUN_S = 240.0  # long enough for a busy machine; ends a run that hangs


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The result of one run.

    A busy machine serves late. As the link recorded it, ``slow_hosts`` let the agent wait longer than KMS waits, and
    times were over the limits of the requirements in ``late``.
    """

    status: int
    report: Mapping[str, Any]
    words: str
    wall_s: float
    slow_hosts: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()

    def outcomes(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for verdict in self.report["verdicts"]:
            found.setdefault(verdict["requirement"], set()).add(verdict["outcome"])
        return found

    def of_outcome(self, outcome: str) -> set[str]:
        return {name for name, outcomes in self.outcomes().items() if outcome in outcomes}

    def faults(self) -> set[str]:
        """The violated requirements, without those about times that the link recorded too."""
        return self.of_outcome("violated") - self.late

    def doubts(self) -> set[str]:
        """The unknown requirements, without those about times that the link recorded too."""
        return self.of_outcome("unknown") - self.late

    def unmasked(self) -> dict[str, set[str]]:
        """The unmasked errors of each operation, with *maybe* before an error that is only possible.

        Errors that come only from a few slow exchanges among quick ones are left out: the test machine causes them,
        also where another target of the same report did not answer at all.
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
        is_slow = "violated" in self.outcomes().get(QUICK, set())
        return not is_slow and error["likelihood"] == "possible" and error["requirements"] == [QUICK]

    def undecided(self) -> set[str]:
        """The operations that are undecided for another reason than the simulation's CA, which is an extra one."""
        predicted = self.report["prediction"]
        for each in predicted.values():
            is_open = bool(each["unknown_requirements"]) or each["rests_on_extra_authority"]
            assert each["decided"] is not is_open, each
        return {each for each in OPERATIONS if predicted[each]["unknown_requirements"]}

    def named_errors(self) -> set[str]:
        """All names of all predicted errors: alternatives and masked errors are included."""
        every = (error for each in OPERATIONS for error in self.report["prediction"][each]["errors"])
        errors = [error for error in every if not self._is_of_hiccups(error)]
        return {name for error in errors for name in (error["error"], *error["alternatives"])}

    def status_of_verdicts(self, *, with_extra_authority: bool = True) -> int:
        """The exit status that follows from the verdicts (advice never counts).

        The simulation's CA is an extra one, so it is 3 at best where a certificate was judged.
        """
        counted = [v for v in self.report["verdicts"] if v["level"] != "advice"]
        outcomes = {v["outcome"] for v in counted}
        is_lenient = with_extra_authority and any(v["rests_on_extra_authority"] for v in counted)
        return 1 if "violated" in outcomes else 3 if "unknown" in outcomes or is_lenient else 0


def open_simulation(start_account: StartAccount = start_account) -> Simulation:
    """A healthy simulation with an AWS account and a name server."""
    document = {
        **HEALTHY.document,
        "account": {},
        "name_servers": [{"name": "dns-1", "rtt": "2ms"}],
        "records": [*ZONE, RECORD],
    }
    scenario = read_scenario("healthy", document)
    return start(scenario, reduced=False, enter=False, start_account=start_account)


def prepare(simulation: Simulation, case: Case) -> None:
    """Reset the simulation to healthy, then apply the case's faults and settings."""
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
    """The command line for this case in this simulation."""
    options = {**_OPTIONS, **(_EXISTING_STORE_OPTIONS if case.exists else {}), **case.options}
    values = {"service": simulation.service_name, "store": simulation.scenario.key_store}
    values |= {host: simulation.address(host) for host in simulation.addressing.endpoints}
    words = [*PRIORITY, *program, "preflight"]
    for option, given in options.items():
        for value in listed(given):
            if value is not None:
                words += [option] if value is True else [option, _filled(str(value), values)]
    if case.resolver:
        file = simulation.directory / "resolv.conf"
        file.write_text(f"nameserver {NAME_SERVER}\n", "ascii")
        words = [*_WITH_RESOLVER, str(file), *words]
    return words


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text  # {ca} stays: the simulation replaces it


def environment(simulation: Simulation, case: Case) -> dict[str, str]:
    """Variables for AWS and the proxy credential: the correct one unless the case has another, or {} for none."""
    correct = simulation.scenario.proxy.credentials[0]
    default = {"id": correct.access_key_id, "secret": correct.secret_access_key}
    used = default if case.credential is None else {**default, **case.credential}
    if case.credential == {}:
        return simulation.aws_environment()
    return {
        **simulation.aws_environment(),
        "XKS_PROXY_ACCESS_KEY_ID": used["id"],
        "XKS_PROXY_SECRET_ACCESS_KEY": used["secret"],
    }


def play_in(
    simulation: Simulation, case: Case, program: Sequence[str], more: Mapping[str, str] | None = None
) -> Played:
    """One run of the command. ``more`` is added to its environment."""
    prepare(simulation, case)
    started_s, since_s = time.monotonic(), time.time()
    variables = {**environment(simulation, case), **(more or {})}
    done = simulation.run(command(simulation, case, program), _RUN_S, environment=variables)
    wall_s = time.monotonic() - started_s
    report = json.loads(done.stdout) if done.stdout else {}
    return Played(
        status=done.returncode,
        report=report,
        words=done.stderr,
        wall_s=wall_s,
        slow_hosts=slow_hosts(simulation, since_s=since_s),
        late=late_requirements(simulation, since_s=since_s),
    )


def check(case: Case, run: Played) -> None:
    """The report has the expected outcomes and errors, and no other fault.

    This machine may be late where the case does not ask for it: if the link recorded that, a report may say so. Its
    predictions are then not compared, because the error of a late answer may mask others.
    """
    assert run.report, run.words
    assert {host for host, faults in case.faults.items() if _SLOW in faults} <= run.slow_hosts
    found = run.outcomes()
    late = {each for each in run.late - case.violated() if found.get(each) != case.expect.get(each, {"met"})}
    expected = {id_: of for id_, of in case.expect.items() if id_ not in late}
    assert {id_: found.get(id_) for id_ in expected} == expected
    assert run.of_outcome("violated") - late == case.violated()
    if not late:
        assert run.unmasked() == {each: set(case.predict.get(each, ())) for each in OPERATIONS}
        assert run.undecided() == case.undecided
        assert (run.status_of_verdicts(with_extra_authority=False) == 0) is case.expects_success()
    assert case.names <= run.named_errors() <= PREDICTABLE
    assert run.status == run.status_of_verdicts()
    for id_, outcomes in found.items():
        assert outcomes <= DECLARED[id_], id_


def main(names: Sequence[str]) -> None:
    """A help for writing a case: prints all faults that the preflight finds, in the format of the case files."""
    chosen = [each for each in load() if not names or any(name in each.name for name in names)]
    with open_simulation() as simulation:
        for case in chosen:
            _show(case.name, play_in(simulation, case, [sys.executable, "-m", "probe"]))


def _show(name: str, played: Played) -> None:
    outcomes = {k: sorted(v) for k, v in played.outcomes().items() if v & {"violated", "unknown"}}
    predicted = {k: sorted(v) for k, v in played.unmasked().items() if v}
    sys.stdout.write(
        f"{name}: exit {played.status}, {played.wall_s:.1f} s\n{played.words[-500:]}"
        + yaml.safe_dump({"expect": outcomes, "predict": predicted, "undecided": sorted(played.undecided())})
    )


if __name__ == "__main__":
    main(sys.argv[1:])
