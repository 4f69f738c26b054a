"""The archive of the wheelhouse depends on its content only; its wheels run on the documented systems."""

import os
import tarfile
from pathlib import Path

from tools.release_wheelhouse import packed, platforms


def folder(parent: Path, *names: str, mode: int, time_s: int) -> Path:
    made = parent / "wheelhouse"
    made.mkdir(parents=True)
    for name in names:
        file = made / name
        file.write_text(name)
        file.chmod(mode)
        os.utime(file, (time_s, time_s))
    return made


def test_the_same_wheels_make_the_same_archive_regardless_of_order_time_and_mode(tmp_path: Path) -> None:
    archives = []
    for name, order, mode in (("one", ("a.whl", "b.whl"), 0o600), ("two", ("b.whl", "a.whl"), 0o664)):
        archive = tmp_path / f"{name}.tar"
        packed(folder(tmp_path / name, *order, mode=mode, time_s=mode), archive, epoch=1_700_000_000)
        archives.append(archive.read_bytes())
    assert archives[0] == archives[1]
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert tar.getnames() == ["wheelhouse", "wheelhouse/a.whl", "wheelhouse/b.whl"]
        assert {(each.uid, each.uname, each.mtime) for each in tar} == {(0, "", 1_700_000_000)}


def test_no_wheel_needs_a_newer_glibc_than_amazon_linux_2023_has() -> None:
    newest = max(int(each.split("_")[2]) for each in platforms("x86_64") if each.startswith("manylinux_"))
    assert newest == 34
