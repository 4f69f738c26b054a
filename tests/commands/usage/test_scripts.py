"""Completion scripts: what bash offers with one, and where they are installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from probe.commands import app
from probe.commands.exits import Exit, UsageError
from probe.commands.usage import scripts

Output = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def in_bash(words: list[str], folder: Path) -> list[str]:
    """The words that bash offers with the script loaded and this source tree as `xks-probe`."""
    program = folder / "xks-probe"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m probe "$@"\n')
    program.chmod(0o755)
    quoted = " ".join(f"'{word}'" for word in ["xks-probe", *words])
    code = f"""{scripts.script("bash")}
        compopt() {{ echo "compopt $1 $2"; }}
        COMP_WORDS=({quoted}); COMP_CWORD={len(words)}
        _xks_probe "{program}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    result = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True, timeout=250)
    assert result.stderr == ""
    return result.stdout.split("\n")[:-1]


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pre"], ["preflight"]),
        (["preflight", "--key-s"], ["--key-store"]),
        (["preflight", "--format", "=", "j"], ["json", "junit"]),
        (["ping", "--method", ""], ["icmp", "tcp"]),
        (["tls", "--chain", ""], ["compopt -o default", ""]),
        (["tls", "a b", ""], [""]),
    ],
)
def test_bash_offers_the_candidates_of_the_program(
    words: list[str], expected: list[str], tmp_path: Path
) -> None:
    assert in_bash(words, tmp_path) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_calls_the_program(shell: str, capsys: Output) -> None:
    assert app.run(["--show-completion", shell]) == Exit.FINE
    shown = capsys.readouterr().out
    assert "__complete" in shown
    assert ":files" in shown
    assert "xks-probe" in shown
    assert "PROGRAM" not in shown


@pytest.mark.parametrize(
    ("shell", "file", "start"),
    [
        ("bash", ".local/share/bash-completion/completions/xks-probe", ".bashrc"),
        ("zsh", ".local/share/zsh/site-functions/_xks-probe", ".zshrc"),
        ("fish", ".config/fish/completions/xks-probe.fish", None),
    ],
)
def test_installing_twice_changes_the_shell_configuration_only_once(
    shell: str, file: str, start: str | None, home: Path, capsys: Output
) -> None:
    if start:
        (home / start).write_text("alias mine=yours")
    for _ in range(2):
        assert app.run(["--install-completion", shell]) == Exit.FINE
    assert (home / file).read_text() == scripts.script(shell)
    assert str(home / file) in capsys.readouterr().err
    if start:
        text = (home / start).read_text()
        assert text.startswith("alias mine=yours\n")
        assert text.count(str(home / file if shell == "bash" else (home / file).parent)) == 1


def test_an_unwritable_folder_is_reported_in_one_line(home: Path, capsys: Output) -> None:
    (home / ".config").write_text("a file")
    assert app.run(["--install-completion", "fish"]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert "see xks-probe --show-completion fish" in stderr
    assert stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [([], "/usr/bin/zsh", "zsh"), (["bash"], "/usr/bin/zsh", "bash"), ([], "/bin/bash", "bash")],
)
def test_without_a_name_the_shell_of_the_user_is_chosen(
    arguments: list[str], environment: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", environment)
    assert scripts.chosen(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["tcsh"], "/bin/bash", "'tcsh' is not a supported shell; give one of: bash, zsh, fish"),
        ([], "/bin/dash", "'dash' is not a supported shell"),
        ([], "", "the shell is not known"),
        (["bash", "zsh"], "", "'zsh' is one word too many"),
    ],
)
def test_an_unsupported_shell_is_rejected(
    arguments: list[str], environment: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", environment)
    with pytest.raises(UsageError, match=words):
        scripts.chosen(arguments)
