"""`xks-probe init` writes a configuration that loads, and never over an existing one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from probe.commands import app
from probe.commands.exits import Exit
from probe.config import template

ROOT = Path(__file__).resolve().parents[2]
Output = pytest.CaptureFixture[str]


def test_what_init_writes_can_be_checked_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "xks-probe.yaml"
    assert app.run(["init", "--output", str(file)]) == Exit.FINE
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    assert "would probe" in capsys.readouterr().out


def test_a_hyphen_prints_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.run(["init", "--output", "-"]) == Exit.FINE
    assert capsys.readouterr().out.rstrip() == template().rstrip()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.loopback
def test_output_that_is_redirected_to_a_file_fills_it(tmp_path: Path) -> None:
    init(tmp_path, "> mine.yaml")
    assert (tmp_path / "mine.yaml").read_text().rstrip() == template().rstrip()
    assert [file.name for file in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.loopback
@pytest.mark.parametrize("redirection", ["| cat", "> /dev/null", ">&-"])
def test_without_a_terminal_the_file_is_written_all_the_same(redirection: str, tmp_path: Path) -> None:
    init(tmp_path, redirection)
    assert (tmp_path / "xks-probe.yaml").read_text().rstrip() == template().rstrip()


def init(folder: Path, redirection: str) -> None:
    """`init` in ``folder``, through a shell."""
    subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m probe init {redirection}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        timeout=60,
    )


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
