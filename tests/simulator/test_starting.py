import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from simulator import starting
from simulator.control import SimulationError
from simulator.network.capability import Capability
from simulator.scenario.reader import read_scenario
from simulator.simulator import HOW_REDUCED
from simulator.starting import run_in_simulation, start

pytestmark = pytest.mark.loopback

SCENARIO = read_scenario("mine", {"key_managers": [{"name": "h", "rtt": "1ms"}]})


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    cannot = Capability(namespaces=False, why="the kernel refused", remedy="ask your administrator")
    monkeypatch.setattr(starting, "capability", lambda: cannot)


def test_without_namespaces_a_simulation_is_reduced_with_a_notice(no_namespaces: None) -> None:
    with start(SCENARIO, enter=False) as simulation:
        assert simulation.reduced
        assert simulation.notes == (
            HOW_REDUCED,
            "namespaces are not available: the kernel refused",
            "to enable them: ask your administrator",
        )


def test_requiring_namespaces_without_support_is_an_error_with_advice(no_namespaces: None) -> None:
    with pytest.raises(SimulationError, match=r"the kernel refused\. To enable them: ask your administrator"):
        start(SCENARIO, reduced=False)


def test_a_reduced_simulation_does_not_test_for_namespaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def must_not_run() -> Capability:
        raise AssertionError("the test for namespaces must not run")

    monkeypatch.setattr(starting, "capability", must_not_run)
    with start(SCENARIO, reduced=True) as simulation:
        assert simulation.notes == (HOW_REDUCED,)


def test_a_simulation_that_cannot_start_leaves_no_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    broken = read_scenario(
        "mine", {"account": {"region": "eu-nowhere-1"}, "nodes": [{"name": "n", "zone": "a"}]}
    )
    with pytest.raises(SimulationError, match="moto does not know the Region"):
        start(broken, reduced=True)
    assert list(tmp_path.iterdir()) == []


def test_a_command_runs_in_its_own_simulation(no_namespaces: None) -> None:
    argv = [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())", "{config}"]
    done = run_in_simulation(SCENARIO, argv, timeout_s=100)
    assert isinstance(done, subprocess.CompletedProcess)
    assert "private_dns_name: myproxy-private.xks.example.com" in done.stdout
