"""tools/release.py: what it writes about files, and what it takes."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tools import release


def test_the_sums_are_those_of_the_files_alone_and_sha256sum_takes_them(tmp_path: Path) -> None:
    (tmp_path / "b.whl").write_bytes(b"wheel")
    (tmp_path / "a.tar.gz").write_bytes(b"source")
    (tmp_path / "wheelhouse").mkdir()
    (tmp_path / release.SUMS).write_text("of an earlier run")
    text = release.sums(tmp_path)
    assert [line.split("  ")[1] for line in text.splitlines()] == ["a.tar.gz", "b.whl"]
    assert text.startswith(hashlib.sha256(b"source").hexdigest())
    (tmp_path / release.SUMS).write_text(text)
    done = subprocess.run(["sha256sum", "--check", "--strict", release.SUMS], cwd=tmp_path, check=False)
    assert done.returncode == 0


def test_a_misspelt_wish_for_an_image_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XKS_PROBE_RELEASE_IMAGE", "require")
    with pytest.raises(SystemExit) as ended:
        release.main([])
    assert ended.value.code == 2
    assert "'require' is not if-possible or required" in capsys.readouterr().err
