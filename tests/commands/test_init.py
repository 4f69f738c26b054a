"""`xks-probe init` writes a valid configuration and never overwrites a file."""

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


def test_the_written_configuration_passes_check_config(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "xks-probe.yaml"
    assert app.run(["init", "--output", str(file)]) == Exit.FINE
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    assert "would probe" in capsys.readouterr().out


def test_a_hyphen_as_output_prints_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.run(["init", "--output", "-"]) == Exit.FINE
    assert capsys.readouterr().out.rstrip() == template().rstrip()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.loopback
def test_redirected_output_is_written_to_that_file(tmp_path: Path) -> None:
    init(tmp_path, "> mine.yaml")
    assert (tmp_path / "mine.yaml").read_text().rstrip() == template().rstrip()
    assert [file.name for file in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.loopback
@pytest.mark.parametrize("redirection", ["| cat", "> /dev/null", ">&-"])
def test_the_default_file_is_also_written_without_a_terminal(redirection: str, tmp_path: Path) -> None:
    init(tmp_path, redirection)
    assert (tmp_path / "xks-probe.yaml").read_text().rstrip() == template().rstrip()


def init(folder: Path, redirection: str) -> None:
    """Run `init` in ``folder`` through a shell."""
    subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m probe init {redirection}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        timeout=250,
    )


def test_an_existing_file_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "xks-probe.yaml"
    file.write_text("mine")
    assert app.run(["init", "--output", str(file)]) == Exit.USAGE
    assert file.read_text() == "mine"
    assert "exists already" in capsys.readouterr().err


def test_a_missing_folder_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["init", "--output", str(tmp_path / "no" / "file")]) == Exit.USAGE
    assert capsys.readouterr().err.count("\n") == 1
