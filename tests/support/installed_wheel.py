"""The product as a user has it: the wheel built from this tree, installed in an environment of its own."""

import fcntl
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def install_wheel_once(folder: Path) -> Path:
    """As `install_wheel`; of several processes that want it below ``folder``, the first one does it."""
    done = folder / "installed"
    with (folder / "installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(str(install_wheel(folder / "wheel")), "utf-8")
    return Path(done.read_text("utf-8"))


def install_wheel(folder: Path, python: str = sys.executable) -> Path:
    """Build the wheel, install it below ``folder`` for the interpreter ``python``; returns its `xks-probe`.

    Third-party packages are those of the environment that runs the tests: its site-packages is appended to
    the path, where its own editable install of this tree does not count (nested .pth files are not read).
    """
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist"))
    (wheel,) = (folder / "dist").glob("*.whl")
    _run(python, "-m", "venv", "--without-pip", str(folder / "venv"))
    own = folder / "venv" / "bin" / "python"
    _run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(own),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        str(wheel),
    )
    (site_packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site_packages / "tested_with.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "venv" / "bin" / "xks-probe"


def _run(*command: str) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run(command, cwd=ROOT, check=True, timeout=600, env=environment, stdout=subprocess.DEVNULL)
