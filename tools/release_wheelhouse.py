"""The wheelhouse of a release: the locked requirements as wheels, so that the program installs offline."""

import platform
import subprocess
import sys
import tarfile
from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13")
# Amazon Linux 2023 has glibc 2.34, Debian 12 has 2.36: wheels for later ones are left out.
_GLIBC = range(17, 35)


def fill(folder: Path, lock: Path) -> None:
    """Download the wheels of a lock file for all of PYTHONS and this processor; digests are checked."""
    folder.mkdir(parents=True)
    for version in PYTHONS:
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        words += ["--require-hashes", "--only-binary", ":all:", "--python-version", version]
        for each in platforms(platform.machine()):
            words += ["--platform", each]
        subprocess.run([*words, "--requirement", lock, "--dest", folder], check=True)  # noqa: S603 -- our own words


def platforms(machine: str) -> list[str]:
    """Tags of the wheels that run there.

    >>> platforms("aarch64")[-2:]
    ['manylinux_2_34_aarch64', 'manylinux2014_aarch64']
    """
    return [*(f"manylinux_2_{minor}_{machine}" for minor in _GLIBC), f"manylinux2014_{machine}"]


def packed(folder: Path, archive: Path, epoch: int) -> None:
    """The folder as an archive that depends on its content only: sorted, without owners, all of one time."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime, entry.mode = epoch, 0o755 if entry.isdir() else 0o644
        return entry

    with tarfile.open(archive, "w") as tar:  # wheels are compressed already
        tar.add(folder, folder.name, recursive=False, filter=plain)
        for each in sorted(folder.iterdir()):
            tar.add(each, f"{folder.name}/{each.name}", filter=plain)
