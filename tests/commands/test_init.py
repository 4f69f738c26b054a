"""`xks-probe init` writes a configuration that loads, and never over an existing one."""

from pathlib import Path

import pytest

from probe.commands import app
from probe.commands.exits import Exit


def test_what_init_writes_can_be_checked_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "xks-probe.yaml"
    assert app.run(["init", "--output", str(file)]) == Exit.FINE
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    assert "would probe" in capsys.readouterr().out


def test_an_existing_file_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "xks-probe.yaml"
    file.write_text("mine")
    assert app.run(["init", "--output", str(file)]) == Exit.USAGE
    assert file.read_text() == "mine"
    assert "exists already" in capsys.readouterr().err


def test_a_folder_that_does_not_exist_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(["init", "--output", str(tmp_path / "no" / "file")]) == Exit.USAGE
    assert capsys.readouterr().err.count("\n") == 1
