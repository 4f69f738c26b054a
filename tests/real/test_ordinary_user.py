"""The demo works without root: an ordinary user gets the same simulation in user namespaces."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.installed_wheel import install_wheel, libraries

pytestmark = pytest.mark.real
NOBODY = 65534


def as_nobody(*command: str | Path, timeout_s: float = 90) -> subprocess.CompletedProcess[str]:
    """Run a command as an ordinary user, without privileges and without access to root's files."""
    become = "import os, sys; os.setgroups([]); os.setgid({0}); os.setuid({0}); os.execv(sys.argv[1], sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", become.format(NOBODY), *command],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        cwd="/",
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
    )


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter of this version that any user may run (root's own may be in a directory closed to others)."""
    wanted = ".".join(map(str, sys.version_info[:2]))
    for candidate in (os.path.realpath(sys.executable), "/usr/bin/python3", f"/usr/bin/python{wanted}"):
        version = as_nobody(candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
        if version.stdout.strip() == wanted:
            return candidate
    pytest.skip(f"no Python {wanted} that an ordinary user may run")


@pytest.fixture(scope="module")
def xks_probe_for_all(python: str) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        # The clone may be in a folder that only its owner may enter, such as one made by mktemp.
        copied = Path(shutil.copytree(libraries(), Path(folder) / "libraries", copy_function=_link))
        yield install_wheel(Path(folder), python, copied)


def _link(source: str, target: str) -> None:
    """Without a copy where the file system allows it: the libraries are large."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.mark.skipif(os.getuid() != 0, reason="the tests already run as an ordinary user")
def test_an_ordinary_user_can_run_the_default_scenario_with_its_delays(xks_probe_for_all: Path) -> None:
    done = as_nobody(xks_probe_for_all, "demo", "--once", "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    medians_s = {r["region"]: r["rtt_seconds"]["median"] for r in report["survey"]["regions"]}
    assert medians_s["eu-central-1"] >= 0.009, "the link delays by 9 ms, which loopback does not"
    assert "loopback" not in done.stderr
