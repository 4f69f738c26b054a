"""`xks-probe doctor`: its findings with remedies; the exit status shows whether something is missing."""

import json
import sys
from pathlib import Path

import pytest
from support.reports.schema_check import faults

import simulator
from probe import doctor
from probe.commands import app, demo_extra
from probe.commands.exits import Exit
from probe.doctor import Finding, State
from simulator import Capability

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _namespaces_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator, "capability", lambda: Capability(namespaces=True, why="", remedy=""))


def set_findings(monkeypatch: pytest.MonkeyPatch, *states: State, seen: str = "as seen") -> None:
    """Let `doctor.examine` return one finding per state."""
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
def test_the_exit_status_is_1_only_if_something_is_missing(
    states: tuple[State, ...], status: Exit, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    set_findings(monkeypatch, *states)
    assert app.run(["doctor"]) == status
    shown = capsys.readouterr().out
    assert all(f"{state}: as seen" in shown and f"do {state}" in shown for state in states)


def test_the_document_has_every_finding_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    set_findings(monkeypatch, State.LIMITED)
    assert app.run(["doctor", "--format", "json"]) == Exit.FINE
    document = json.loads(capsys.readouterr().out)
    assert faults(document, "doctor") == []
    assert document == {
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
def test_control_characters_in_a_finding_are_escaped(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    set_findings(monkeypatch, State.UNKNOWN, seen="AWS returned \x1b[2J \x9b2J \u202e")
    app.run(["doctor", "--format", form])
    shown = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    assert "AWS returned" in shown


def test_missing_namespaces_are_only_a_limitation(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    set_findings(monkeypatch, State.GOOD)
    monkeypatch.setattr(
        simulator, "capability", lambda: Capability(namespaces=False, why="EPERM", remedy="run as root")
    )
    assert app.run(["doctor", "--format", "json"]) == Exit.FINE
    last = json.loads(capsys.readouterr().out)["findings"][-1]
    assert (last["state"], last["seen"], last["remedy"]) == ("limited", "EPERM", "run as root")


def test_without_the_extra_the_simulation_is_unknown_and_the_remedy_installs_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    set_findings(monkeypatch, State.GOOD)
    monkeypatch.setitem(sys.modules, "simulator", None)  # its import fails
    assert app.run(["doctor", "--format", "json"]) == Exit.FINE
    last = json.loads(capsys.readouterr().out)["findings"][-1]
    assert (last["state"], last["remedy"]) == (
        "unknown",
        "for xks-probe demo: pip install 'xks-probe[demo]'",
    )


def test_a_missing_package_is_reported_before_namespaces_are_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    set_findings(monkeypatch, State.GOOD)
    monkeypatch.setattr(demo_extra, "MODULES", {"pyroute2": "no_such_module"})
    monkeypatch.setattr(simulator, "capability", lambda: pytest.fail("namespaces were tried"))
    assert app.run(["doctor", "--format", "json"]) == Exit.FINE
    last = json.loads(capsys.readouterr().out)["findings"][-1]
    assert (last["state"], last["seen"]) == ("unknown", "pyroute2 is not installed")
    assert last["remedy"] == "for xks-probe demo: pip install 'xks-probe[demo]'"


def test_the_findings_can_be_written_to_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Output
) -> None:
    set_findings(monkeypatch, State.GOOD)
    file = tmp_path / "doctor.txt"
    assert app.run(["doctor", "--output", str(file)]) == Exit.FINE
    assert "good: as seen" in file.read_text()
    assert capsys.readouterr().out == ""
