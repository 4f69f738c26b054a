"""`xks-probe demo` where no namespaces are wanted: the reduced simulation on loopback; and wrong input."""

import json

import pytest

from probe.commands import app
from probe.commands.exits import Exit


def test_the_bundled_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--list"]) == Exit.FINE
    assert {"default", "healthy", "dead-zone"} <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("scenario", ["no-such", "/no/such.yaml"])
def test_an_unknown_scenario_is_one_clear_line(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--once", "--scenario", scenario]) == Exit.USAGE
    complaint = capsys.readouterr().err
    assert "no" in complaint
    assert complaint.count("\n") == 1


@pytest.mark.loopback
def test_the_reduced_simulation_still_tells_a_wrong_common_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        app.run(["demo", "--once", "--reduced", "--scenario", "wrong-common-name", "--format", "json"])
        == Exit.FINE
    )
    report = json.loads(capsys.readouterr().out)
    assert "common-name-matches" in {
        v["requirement"] for v in report["verdicts"] if v["outcome"] == "violated"
    }
