"""The packages that `demo` needs in addition to a normal installation."""

import tomllib
from pathlib import Path

import pytest

from probe.commands import demo_extra

ROOT = Path(__file__).resolve().parents[2]


def test_every_package_of_the_extra_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {
        line.split(">")[0].split("=")[0].split("[")[0] for line in project["optional-dependencies"]["demo"]
    }
    assert set(demo_extra.MODULES) == declared


def test_the_first_missing_package_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_extra, "MODULES", {"Python": "sys", "there": "json", "absent": "no_such_module"})
    assert demo_extra.missing() == "absent"
    monkeypatch.setattr(demo_extra, "MODULES", {"there": "json"})
    assert demo_extra.missing() is None
