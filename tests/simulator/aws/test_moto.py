"""The process without moto; other tests use it with moto."""

from pathlib import Path

import pytest

from simulator import SimulationError, start
from simulator.aws.moto import _AWSS, _MOTOS, _renamed
from simulator.scenario.reader import read_scenario


def test_every_arn_has_the_network_load_balancer_format() -> None:
    answer = {"Arns": ["arn:loadbalancer/app/xks/1", {"Listener": "arn:listener/app/xks/1/2"}], "Port": 443}
    expected = {"Arns": ["arn:loadbalancer/net/xks/1", {"Listener": "arn:listener/net/xks/1/2"}], "Port": 443}
    assert _renamed(answer, _MOTOS, _AWSS) == expected
    assert _renamed(expected, _AWSS, _MOTOS) == answer


@pytest.mark.loopback
def test_a_simulation_without_moto_fails_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError('no moto here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    scenario = read_scenario("mine", {"nodes": [{"name": "n", "zone": "a"}], "account": {}})
    with pytest.raises(SimulationError, match=r"needs moto.*install") as caught:
        start(scenario, reduced=True)
    assert "\n" not in str(caught.value)
