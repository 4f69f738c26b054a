"""The processes of a simulation without a delay link; tests/real/test_simulator.py tests simulations with one."""

from pathlib import Path

import pytest

from simulator.control import SimulationError
from simulator.network.loopback import claim_block
from simulator.processes import Processes

pytestmark = pytest.mark.loopback

START = {"name": "mine", "seed": 1, "scenario": {"key_managers": [{"name": "h", "rtt": "1ms"}]}}


def test_only_the_servers_are_started_and_stopped(tmp_path: Path) -> None:
    block, claim = claim_block()
    processes = Processes(directory=tmp_path)
    with claim:
        root = processes.open(
            {**START, "addresses": {"reduced_block": block}}, has_link=False, has_account=False
        )
    servers = processes.servers
    assert root.startswith("-----BEGIN CERTIFICATE-----")
    assert (processes.link, processes.aws, processes.namespace) == (None, None, None)
    processes.stop()
    processes.stop()  # a second call does nothing
    assert servers is not None
    assert servers.process.returncode is not None
    assert processes.servers is None


def test_a_process_that_cannot_start_is_reported_and_leaves_nothing_behind(tmp_path: Path) -> None:
    processes = Processes(directory=tmp_path)
    wrong = {**START, "scenario": {"key_managers": [{"name": "h", "fault": "ghost"}]}, "addresses": {}}
    with pytest.raises(SimulationError, match=r"key_managers\[0\]\.fault: write one of"):
        processes.open(wrong, has_link=False, has_account=False)
    servers = processes.servers
    processes.stop()
    assert servers is not None
    assert servers.process.returncode is not None
