"""The command line of the generators: it writes files, or compares them and writes nothing."""

import sys
from pathlib import Path

import pytest

from tools.generated_files import write_or_check


def run(monkeypatch: pytest.MonkeyPatch, files: dict[Path, str], *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["page.py", *arguments])
    return write_or_check("page.py", "Generate two pages.", files)


def test_what_was_written_is_up_to_date(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = {tmp_path / "a.md": "a\n", tmp_path / "b.md": "b\n"}
    assert run(monkeypatch, files) == 0
    assert {path: path.read_text(encoding="utf-8") for path in files} == files
    assert run(monkeypatch, files, "--check") == 0


def test_only_a_missing_or_changed_file_is_named_and_none_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same, changed, missing = (tmp_path / name for name in ("same.md", "changed.md", "missing.md"))
    same.write_text("now\n", encoding="utf-8")
    changed.write_text("before\n", encoding="utf-8")
    assert run(monkeypatch, dict.fromkeys((same, changed, missing), "now\n"), "--check") == 1
    assert capsys.readouterr().out == "changed.md, missing.md: run tools/page.py\n"
    assert (changed.read_text(encoding="utf-8"), missing.exists()) == ("before\n", False)
