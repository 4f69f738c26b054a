"""Golden files are compared, written on request, and never written in CI."""

from pathlib import Path

import pytest
from support.reports import golden_files


@pytest.fixture
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(golden_files.VARIABLE, raising=False)
    monkeypatch.delenv("XKS_PROBE_FORBID_SKIPS", raising=False)
    path = tmp_path / "golden.txt"
    path.write_text("before\n", encoding="utf-8")
    return path


def test_equal_text_passes_and_different_text_fails(golden: Path) -> None:
    golden_files.check(golden, "before\n")
    with pytest.raises(AssertionError, match="run `make golden`"):
        golden_files.check(golden, "after\n")
    assert golden.read_text(encoding="utf-8") == "before\n"


def test_a_missing_golden_file_is_reported(golden: Path) -> None:
    with pytest.raises(AssertionError, match=r"new\.txt is missing; `make golden` writes it"):
        golden_files.check(golden.with_name("new.txt"), "x\n")


def test_a_golden_file_is_written_on_request(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(golden_files.VARIABLE, "write")
    golden_files.check(golden, "after\n")
    assert golden.read_text(encoding="utf-8") == "after\n"


def test_no_golden_file_is_written_where_skips_are_forbidden(
    golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(golden_files.VARIABLE, "write")
    monkeypatch.setenv("XKS_PROBE_FORBID_SKIPS", "1")
    with pytest.raises(AssertionError, match="not for CI"):
        golden_files.check(golden, "before\n")


def test_an_invalid_setting_is_rejected(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(golden_files.VARIABLE, "1")
    with pytest.raises(AssertionError, match="set it to `write`"):
        golden_files.check(golden, "before\n")
