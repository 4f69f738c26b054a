"""A document is written completely or not at all; lines are written as they are produced."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

from probe.commands import output
from probe.commands.exits import UsageError


def test_a_document_goes_to_stdout_unless_a_file_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_document("a", None)
    assert capsys.readouterr().out == "a\n"


def test_a_document_replaces_the_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("old and longer")
    output.write_document("new", file)
    assert file.read_text() == "new\n"
    assert [f.name for f in tmp_path.iterdir()] == ["report.json"]


def test_a_document_that_cannot_be_written_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="No space left on device"):
        output.write_document("new", tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [output.write_document, lambda _text, file: output.Lines(file)])
def test_a_missing_folder_is_reported_in_one_line(write: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write("x", tmp_path / "missing" / "file")  # type: ignore[operator]
    assert "No such file or directory" in caught.value.lines[0]
    assert "--output" in caught.value.lines[0]


def test_an_empty_output_is_reported_instead_of_taken_as_the_current_folder() -> None:
    assert output.output_file("-") is None
    assert output.output_file("x") == Path("x")
    with pytest.raises(UsageError) as caught:
        output.output_file("")
    assert caught.value.lines == ("--output: is empty; give a file, or - for standard output",)


def test_lines_are_appended_and_flushed_within_a_second_of_writing(tmp_path: Path) -> None:
    now_s = 100.0
    file = tmp_path / "lines.jsonl"
    file.write_text("before\n")
    with output.lines(file, lambda: now_s) as lines:
        lines.write("one")
        assert file.read_text() == "before\n"
        now_s = 101.0
        lines.write("two")
        assert file.read_text() == "before\none\ntwo\n"
        lines.write("three")
    assert file.read_text() == "before\none\ntwo\nthree\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_never_contains_nan_or_infinity(value: float) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        output.as_json({"rtt_seconds": value})


def test_the_console_does_not_interpret_markup(capsys: pytest.CaptureFixture[str]) -> None:
    output.console().print("[red]x[/red] :smile:")
    assert capsys.readouterr().out == "[red]x[/red] :smile:\n"


def test_text_for_a_file_has_no_colours() -> None:
    assert output.as_text(Text("x", style="red")) == "x\n"


def test_progress_is_not_printed_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("measuring") as advance:
        advance(1, 2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.loopback
def test_a_closed_pipe_ends_the_output_without_an_error() -> None:
    code = (
        "from probe.commands import output\n"
        "with output.lines(None) as lines:\n"
        "    while not lines.gone:\n"
        "        lines.write('x' * 65536)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=250)
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.loopback
@pytest.mark.parametrize("command", [["demo", "--list"], ["--help"]])
def test_a_full_disk_is_reported_in_one_line_with_status_2(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "probe", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=250,
        )
    assert result.returncode == 2
    assert result.stderr == "xks-probe: the output could not be written: No space left on device\n"


def test_text_is_written_to_a_file_without_colours(tmp_path: Path) -> None:
    output.show(Text("x", style="red"), tmp_path / "x.txt")
    assert (tmp_path / "x.txt").read_text() == "x\n"


def test_a_named_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    output.write_document("x", pipe)
    assert os.read(reader, 10) == b"x\n"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_symbolic_link_is_kept_and_the_file_keeps_its_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    output.write_document("new", link)
    assert (link.is_symlink(), real.read_text(), real.stat().st_mode & 0o777) == (True, "new\n", 0o600)


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("redirection", "status"),
    [
        ("demo --list >&-", 0),
        ("no-such 2>&-", 2),
        ("no-such 2>/dev/full", 2),
        ("--version 2>/dev/full", 0),
        ("--version >/dev/full", 2),
        ("demo --list >/dev/full 2>&1", 2),
    ],
    ids=[
        "closed stdout",
        "closed stderr",
        "full stderr",
        "full stderr without a message",
        "full stdout",
        "both full",
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_the_exit_status_is_the_same_with_closed_or_full_streams(
    redirection: str, status: int, unbuffered: str
) -> None:
    result = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m probe {redirection}"],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert result.returncode == status
    assert "Traceback" not in result.stderr + result.stdout


@pytest.mark.loopback
def test_characters_that_the_encoding_lacks_are_escaped() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "probe", "no-such-\u00fc"], capture_output=True, check=False, timeout=250,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (result.returncode, b"\\xfc" in result.stderr) == (2, True)
