"""What `demo` needs beyond a plain installation."""

import tomllib
from pathlib import Path

import pytest

from probe.commands import demo_extra

ROOT = Path(__file__).resolve().parents[2]


def test_it_knows_every_package_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = {
        line.split(">")[0].split("=")[0].split("[")[0] for line in project["optional-dependencies"]["demo"]
    }
    assert set(demo_extra.MODULES) == listed


def test_the_first_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_extra, "MODULES", {"Python": "sys", "there": "json", "absent": "no_such_module"})
    assert demo_extra.missing() == "absent"
    monkeypatch.setattr(demo_extra, "MODULES", {"there": "json"})
    assert demo_extra.missing() is None
