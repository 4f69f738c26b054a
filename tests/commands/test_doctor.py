"""`xks-probe doctor`: what was found, its remedy, and a status that says whether something is missing."""

import json
import sys
from pathlib import Path

import pytest

import simulator
from probe import doctor
from probe.commands import app, demo_extra
from probe.commands.exits import Exit
from probe.doctor import Finding, State
from simulator import Capability

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _able(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator, "capability", lambda: Capability(namespaces=True, why="", remedy=""))


def found(monkeypatch: pytest.MonkeyPatch, *states: State, seen: str = "as seen") -> None:
    """From here on this machine is such that each of ``states`` is found once."""
    findings = tuple(
        Finding(subject=f"subject {n}", state=state, seen=seen, remedy=f"do {state}")
        for n, state in enumerate(states)
    )
    monkeypatch.setattr(doctor, "examine", lambda: findings)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((State.GOOD,), Exit.FINE),
        ((State.LIMITED, State.UNKNOWN), Exit.FINE),
        ((State.GOOD, State.MISSING), Exit.VIOLATED),
    ],
    ids=["good", "works less well", "something is missing"],
)
def test_only_what_is_missing_makes_status_1(
    states: tuple[State, ...], status: Exit, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    found(monkeypatch, *states)
    assert app.run(["doctor"]) == status
    shown = capsys.readouterr().out
    assert all(f"{state}: as seen" in shown and f"do {state}" in shown for state in states)


def test_the_document_has_every_finding_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    found(monkeypatch, State.LIMITED)
    assert app.run(["doctor", "--format", "json"]) == Exit.FINE
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "findings": [
            {"subject": "subject 0", "state": "limited", "seen": "as seen", "remedy": "do limited"},
            {
                "subject": "simulated network",
                "state": "good",
                "seen": "network namespaces, and links with delays",
                "remedy": "",
            },
        ],
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_was_seen_reaches_no_terminal_as_it_is(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    found(monkeypatch, State.UNKNOWN, seen="AWS said \x1b[2J \x9b2J \u202e")
    app.run(["doctor", "--format", form])
    shown = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    assert "AWS said" in shown


def test_a_machine_that_cannot_hold_a_simulation_still_serves_the_agent(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    found(monkeypatch, State.GOOD)
    monkeypatch.setattr(
        simulator, "capability", lambda: Capability(namespaces=False, why="EPERM", remedy="run as root")
    )
    assert app.run(["doctor", "--format", "json"]) == Exit.FINE
    last = json.loads(capsys.readouterr().out)["findings"][-1]
    assert (last["state"], last["seen"], last["remedy"]) == ("limited", "EPERM", "run as root")


def test_without_the_extra_the_simulation_is_unknown_and_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    found(monkeypatch, State.GOOD)
    monkeypatch.setitem(sys.modules, "simulator", None)  # as if it could not be imported
    assert app.run(["doctor", "--format", "json"]) == Exit.FINE
    last = json.loads(capsys.readouterr().out)["findings"][-1]
    assert (last["state"], last["remedy"]) == (
        "unknown",
        "for xks-probe demo: pip install 'xks-probe[demo]'",
    )


def test_a_missing_package_is_named_before_namespaces_are_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    found(monkeypatch, State.GOOD)
    monkeypatch.setattr(demo_extra, "MODULES", {"pyroute2": "no_such_module"})
    monkeypatch.setattr(simulator, "capability", lambda: pytest.fail("tried"))
    assert app.run(["doctor", "--format", "json"]) == Exit.FINE
    last = json.loads(capsys.readouterr().out)["findings"][-1]
    assert (last["state"], last["seen"]) == ("unknown", "pyroute2 is not installed")
    assert last["remedy"] == "for xks-probe demo: pip install 'xks-probe[demo]'"


def test_a_page_can_be_written_to_a_file_instead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Output
) -> None:
    found(monkeypatch, State.GOOD)
    file = tmp_path / "doctor.txt"
    assert app.run(["doctor", "--output", str(file)]) == Exit.FINE
    assert "good: as seen" in file.read_text()
    assert capsys.readouterr().out == ""
