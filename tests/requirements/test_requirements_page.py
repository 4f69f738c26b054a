"""The page in docs says what the code does."""

import runpy
import sys
from pathlib import Path

import pytest

from probe.requirements import CATALOGUE

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["requirements_page.py", "--check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "tools/requirements_page.py"), run_name="__main__")
    assert ended.value.code == 0


def test_the_page_has_each_requirement_once() -> None:
    lines = (ROOT / "docs/requirements.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("### ")] == [f"### {each.id}" for each in CATALOGUE]
