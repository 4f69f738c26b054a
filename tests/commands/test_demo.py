"""`xks-probe demo` without network namespaces (the reduced simulation on loopback), and with invalid input."""

import json

import pytest

import simulator
from probe.commands import app, demo_extra
from probe.commands.exits import Exit


def test_the_bundled_scenarios_are_listed_with_their_descriptions(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--list"]) == Exit.FINE
    listed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert set(listed) == set(simulator.bundled_scenarios())
    assert listed["wrong-common-name"] == simulator.load_scenario("wrong-common-name").description


@pytest.mark.parametrize("scenario", ["no-such", "/no/such.yaml"])
def test_an_unknown_scenario_is_reported_in_one_line(
    scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["demo", "--once", "--scenario", scenario]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert f"'{scenario}' is neither a bundled scenario nor a file; see xks-probe demo --list" in stderr
    assert stderr.count("\n") == 1


def test_the_nearest_scenario_is_suggested_for_a_mistyped_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--once", "--scenario", "helthy"]) == Exit.USAGE
    assert "did you mean 'healthy'?" in capsys.readouterr().err


def test_without_the_extra_the_demo_reports_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_extra, "MODULES", {"pyroute2": "no_such_module"})
    assert app.run(["demo", "--once"]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert stderr.startswith(
        "xks-probe: demo needs pyroute2, which is not installed: pip install 'xks-probe[demo]'"
    )
    assert stderr.count("\n") == 1


@pytest.mark.loopback
def test_the_reduced_simulation_also_detects_a_wrong_common_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        app.run(["demo", "--once", "--reduced", "--scenario", "wrong-common-name", "--format", "json"])
        == Exit.FINE
    )
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["vantage"] == "simulated VPC (reduced: loopback only)"
    assert "xks-probe: reduced: on loopback" in captured.err
    assert "common-name-matches" in {
        v["requirement"] for v in report["verdicts"] if v["outcome"] == "violated"
    }
