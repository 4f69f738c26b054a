"""tools/release.py: the file of checksums, and the setting for the image."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tools import release


def test_checksums_are_written_only_for_files_and_sha256sum_accepts_them(tmp_path: Path) -> None:
    (tmp_path / "b.whl").write_bytes(b"wheel")
    (tmp_path / "a.tar.gz").write_bytes(b"source")
    (tmp_path / "wheelhouse").mkdir()
    (tmp_path / release.SUMS).write_text("from an earlier run")
    text = release.sums(tmp_path)
    assert [line.split("  ")[1] for line in text.splitlines()] == ["a.tar.gz", "b.whl"]
    assert text.startswith(hashlib.sha256(b"source").hexdigest())
    (tmp_path / release.SUMS).write_text(text)
    result = subprocess.run(["sha256sum", "--check", "--strict", release.SUMS], cwd=tmp_path, check=False)
    assert result.returncode == 0


def test_an_invalid_setting_for_the_image_is_rejected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XKS_PROBE_RELEASE_IMAGE", "require")
    with pytest.raises(SystemExit) as raised:
        release.main([])
    assert raised.value.code == 2
    assert "'require' is not if-possible or required" in capsys.readouterr().err
