"""`xks-probe demo`: its lists, and invalid input."""

import pytest

import simulator
from probe.commands import app, demo_extra
from probe.commands.exits import Exit


def test_the_bundled_scenarios_are_listed_with_their_descriptions(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--list"]) == Exit.FINE
    scenarios, _ = capsys.readouterr().out.split("\n\n")
    listed = dict(line.split(maxsplit=1) for line in scenarios.splitlines()[1:])
    assert set(listed) == set(simulator.bundled_scenarios())
    assert listed["wrong-common-name"] == simulator.load_scenario("wrong-common-name").description


def test_every_fault_is_listed_in_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--list"]) == Exit.FINE
    _, faults = capsys.readouterr().out.split("\n\n")
    listed = [line.split("  ")[-1].split() for line in faults.splitlines()[1:]]
    assert listed == [list(group) for group in simulator.FAULT_GROUPS.values()]


@pytest.mark.parametrize("scenario", ["no-such", "/no/such.yaml"])
def test_an_unknown_scenario_is_reported_in_one_line(
    scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["demo", "--once", "--scenario", scenario]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert f"'{scenario}' is neither a bundled scenario nor a file; see xks-probe demo --list" in stderr
    assert stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("listen", "words"),
    [
        ("0.0.0.0:9911", "listen: 0.0.0.0 is reachable from other machines"),
        ("10.0.0.1", "listen: 10.0.0.1 is reachable from other machines"),
        ("127.0.0.1:65536", "--listen: '127.0.0.1:65536' is not a port; use a number from 1 to 65535"),
        ("::1", "--listen: '::1' is an IPv6 address, but XKS supports only IPv4"),
        ("eth0", "--listen: 'eth0' is a name; expected an IPv4 address"),
        ("eth0:9911", "--listen: 'eth0:9911' is a name; expected an IPv4 address"),
    ],
)
def test_an_address_that_the_page_may_not_use_is_reported_in_one_line(
    listen: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["demo", "--reduced", "--listen", listen]) == Exit.USAGE
    assert words in capsys.readouterr().err.splitlines()[-1]


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


def test_what_was_mistyped_is_reported_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--break", "expird"]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert (
        stderr == "xks-probe: --break: 'expird' is neither a scenario nor a fault; did you mean 'expired'?\n"
    )


def test_options_that_contradict_each_other_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--once", "--preflight"]) == Exit.USAGE
    assert capsys.readouterr().err.startswith("xks-probe: --once: --preflight is given, too")
