import subprocess
import sys
from typing import Any

import pytest

from simulator.network.capability import Capability, capability


def finished(out: str, errors: str = "") -> Any:
    return lambda *_, **__: subprocess.CompletedProcess([], 0, out, errors)


def test_a_successful_test_reports_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", finished("works\n"))
    assert capability() == Capability(namespaces=True, why="", remedy="")


@pytest.mark.parametrize(
    ("out", "errors", "why"),
    [
        ("OSError: not permitted\n", "", "OSError: not permitted"),
        ("", "a\nlast", "last"),
        ("", "", "without output"),
    ],
    ids=["an error message", "a crash", "no output"],
)
def test_a_failed_test_reports_reason_and_remedy(
    monkeypatch: pytest.MonkeyPatch, out: str, errors: str, why: str
) -> None:
    monkeypatch.setattr(subprocess, "run", finished(out, errors))
    can = capability()
    assert not can.namespaces
    assert why in can.why
    assert "user.max_user_namespaces" in can.remedy


def test_a_hanging_test_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("trial", 10)

    monkeypatch.setattr(subprocess, "run", hang)
    assert "longer than 60 s" in capability().why


def test_other_systems_than_linux_have_no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert capability().why == "this is not Linux"
