"""Results reach their file whole or not at all; lines reach it as they come."""

from pathlib import Path

import pytest
from rich.text import Text

from probe.commands import output
from probe.commands.exits import UsageError


def test_a_document_goes_to_stdout_unless_a_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_document("a", None)
    assert capsys.readouterr().out == "a\n"


def test_a_document_replaces_the_file_whole(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("old and longer")
    output.write_document("new", file)
    assert file.read_text() == "new\n"
    assert [f.name for f in tmp_path.iterdir()] == ["report.json"]


def test_a_document_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="No space left on device"):
        output.write_document("new", tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [output.write_document, lambda _text, file: output.Lines(file)])
def test_a_folder_that_does_not_exist_is_one_clear_line(write: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write("x", tmp_path / "missing" / "file")  # type: ignore[operator]
    assert "No such file or directory" in caught.value.lines[0]
    assert "--output" in caught.value.lines[0]


def test_lines_are_appended_and_flushed_within_a_second_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 100.0
    monkeypatch.setattr("probe.commands.output.time.monotonic", lambda: now_s)
    file = tmp_path / "lines.jsonl"
    file.write_text("before\n")
    with output.lines(file) as lines:
        lines.write("one")
        assert file.read_text() == "before\n"
        now_s = 101.0
        lines.write("two")
        assert file.read_text() == "before\none\ntwo\n"
        lines.write("three")
    assert file.read_text() == "before\none\ntwo\nthree\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_never_holds_what_json_does_not_have(value: float) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        output.as_json({"rtt_seconds": value})


def test_a_console_interprets_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    output.console().print("[red]x[/red] :smile:")
    assert capsys.readouterr().out == "[red]x[/red] :smile:\n"


def test_text_for_a_file_has_no_colours() -> None:
    assert output.as_text(Text("x", style="red")) == "x\n"


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("measuring") as advance:
        advance(1, 2)
    assert capsys.readouterr() == ("", "")
