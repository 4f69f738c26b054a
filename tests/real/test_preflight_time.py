"""A preflight where everything is slow or silent ends in time and shows its progress."""

import json
import os
import pty
import subprocess
import time
from pathlib import Path

import pytest
from support.preflight.cases import Case
from support.preflight.playing import RECORD, ZONE, Played, command, environment, play_in, prepare

from simulator import Simulation

pytestmark = pytest.mark.real

# A preflight without waiting takes this long on an idle machine. On a busy machine, the limits grow in proportion.
IDLE_S = 1.5
LIMIT_S = 7.0
# Nothing to wait for: every AWS call is denied, and there are no targets to measure.
NOTHING = Case(
    name="nothing to wait for",
    expect={},
    account={"refused": {"*": "AccessDenied"}},
    options={"--uri-endpoint": None, "--key-manager": None},
)
SLOW = Case(
    name="everything is slow",
    expect={},
    account={"delay": "500ms"},
    records=[{**record, "delay": "2s"} for record in (*ZONE, RECORD)],
    faults={"nlb-euc1-az2": ["dead"], "proxy-2": ["silent"]},
    options={"--timeout": "3"},
)


@pytest.fixture
def simulation(preflight_simulation: Simulation) -> Simulation:
    return preflight_simulation


def on_a_terminal(simulation: Simulation, case: Case, program: Path, file: Path) -> tuple[Played, str]:
    """One run with a terminal as stderr, and the text shown there."""
    prepare(simulation, case)
    our_end, its_end = pty.openpty()
    variables = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    variables |= {**environment(simulation, case), "TERM": "xterm", "COLUMNS": "100"}
    started_s = time.monotonic()
    with file.open("wb") as out:
        process = simulation.popen(
            command(simulation, case, [str(program)]),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=its_end,
            env=variables,
        )
    os.close(its_end)
    shown = b""
    while part := _read(our_end):
        shown += part
    status = process.wait(240)
    wall_s = time.monotonic() - started_s
    os.close(our_end)
    report = json.loads(file.read_text("utf-8"))
    return Played(status=status, report=report, words="", wall_s=wall_s), shown.decode("utf-8", "replace")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux: the other end has been closed
        return b""


@pytest.mark.long
def test_slow_and_missing_responses_end_in_time_with_progress_shown(
    simulation: Simulation, xks_probe: Path, tmp_path: Path
) -> None:
    starts_s = [play_in(simulation, NOTHING, [str(xks_probe)]).wall_s]
    run, shown = on_a_terminal(simulation, SLOW, xks_probe, tmp_path / "report.json")
    starts_s.append(play_in(simulation, NOTHING, [str(xks_probe)]).wall_s)
    assert run.wall_s <= LIMIT_S * max(1.0, max(starts_s) / IDLE_S), starts_s
    assert "measuring" in shown
    assert run.report["aws"]["failed_calls"] == []  # a call that takes half a second does not fail
    tcp = {each["address"]: each["tcp"]["outcome"] for each in run.report["matrix"]}
    assert tcp[simulation.address("nlb-euc1-az1")] == tcp[simulation.address("proxy-1")] == "met"
    assert tcp[simulation.address("nlb-euc1-az2")] == tcp[simulation.address("proxy-2")] == "violated"
    assert run.status == 1


@pytest.mark.long
def test_without_any_permission_it_takes_less_than_ten_seconds(
    simulation: Simulation, xks_probe: Path
) -> None:
    refused = Case(name="", expect={}, account={"refused": {"*": "AccessDenied"}})
    starts_s = [play_in(simulation, NOTHING, [str(xks_probe)]).wall_s]
    run = play_in(simulation, refused, [str(xks_probe)])
    starts_s.append(play_in(simulation, NOTHING, [str(xks_probe)]).wall_s)
    assert run.status == 3
    assert run.wall_s < 10.0 * max(1.0, max(starts_s) / IDLE_S), starts_s
