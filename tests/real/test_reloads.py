"""200 reloads of a measuring agent: its counters equal what the link recorded, and nothing is left behind."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.network import prometheus_server
from support.network.running_agent import QUICK, RunningAgent

from simulator import Capability, Simulation, load_scenario, start

pytestmark = [
    pytest.mark.real,
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("can_simulate"),
]
RELOADS = 200
QUIET = {"intervals": {**QUICK["intervals"], "icmp": "60s", "tcp": "30s"}}  # type: ignore[dict-item]
Settings = Mapping[str, Any]
KEY_MANAGER = "hsm-1"
KINDS = ("icmp", "tcp-syn")


@pytest.fixture(scope="module")
def simulation(can_simulate: Capability) -> Iterator[Simulation]:
    assert can_simulate.namespaces
    with start(load_scenario("healthy"), enter=False) as running:
        yield running


@pytest.fixture(scope="module")
def settings(simulation: Simulation) -> Settings:
    return simulation.configuration() | QUICK


def changes(settings: Settings) -> list[Settings]:
    """What the reloads change, one after the other: a target, a label, an interval; then back to the start."""
    backends = settings["backends"]
    renamed = [{**backends[0], "name": "renamed"}, *backends[1:]]
    slower = {**settings["intervals"], "dns": "20s"}
    return [
        {**settings, "backends": backends[:1]},
        {**settings, "backends": renamed},
        {**settings, "intervals": slower},
        settings,
    ]


@pytest.fixture(scope="module")
def agent(
    simulation: Simulation, settings: Settings, xks_probe: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningAgent]:
    file = tmp_path_factory.mktemp("reloads") / "xks-probe.yaml"
    options = ["--web.enable-lifecycle"]
    with RunningAgent(simulation, xks_probe, file, settings, options=options) as running:
        yield running


def counted(agent: RunningAgent, kind: str) -> float:
    name = "packets_sent_total" if kind == "icmp" else "probes_total"
    checks = {} if kind == "icmp" else {"check": "tcp"}
    return sum(agent.values(name, target=KEY_MANAGER, **checks))


def recorded(simulation: Simulation, kind: str) -> int:
    """The pings or connects that the link saw on their way; a SYN that is sent again counts once."""
    frames = simulation.applied(simulation.address(KEY_MANAGER))
    return len({(f.port, f.identifier, f.sequence) for f in frames if (f.kind, f.way) == (kind, "out")})


def open_files(agent: RunningAgent) -> int:
    return len(list(Path(f"/proc/{agent.process.pid}/fd").iterdir()))


def resident_bytes(agent: RunningAgent) -> int:
    status = Path(f"/proc/{agent.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def test_no_probe_is_lost_or_counted_twice_and_no_file_or_byte_is_kept(
    simulation: Simulation, agent: RunningAgent, settings: Settings
) -> None:
    """The key manager is in every file, so its counters go on. At the end its checks pause, to be compared."""
    prometheus_server.wait_for("first results", lambda: all(counted(agent, kind) > 0 for kind in KINDS))
    rounds = changes(settings)
    seen = dict.fromkeys(KINDS, 0.0)
    for number in range(RELOADS):
        assert agent.reload(rounds[number % len(rounds)]) == "Reloaded\n"
        if number == RELOADS // 4:
            files, memory_bytes = open_files(agent), resident_bytes(agent)
        for kind in KINDS:
            count = counted(agent, kind)
            assert count >= seen[kind], f"{kind} began anew"
            seen[kind] = count
    grown_bytes = resident_bytes(agent) - memory_bytes
    assert agent.reload({**settings, **QUIET}) == "Reloaded\n"
    for kind in KINDS:
        prometheus_server.wait_for(
            f"equal counts of {kind}", lambda kind=kind: counted(agent, kind) == recorded(simulation, kind)
        )
    prometheus_server.wait_for("the sockets to be closed", lambda: open_files(agent) <= files + 4)
    assert grown_bytes < 16 * 2**20
    listed = {each.labels["target"] for each in agent.samples() if each.name == "target_info"}
    assert "renamed" not in listed
    assert {backend["name"] for backend in settings["backends"]} <= listed
