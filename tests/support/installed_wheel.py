"""xks-probe as users install it: the wheel built from this source tree, in a separate virtual environment."""

import fcntl
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def install_wheel_once(folder: Path) -> Path:
    """Like `install_wheel`, but if several processes call it for ``folder``, only the first one installs."""
    done = folder / "installed"
    with (folder / "installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(str(install_wheel(folder / "wheel")), "utf-8")
    return Path(done.read_text("utf-8"))


def libraries() -> Path:
    """The site-packages folder of the environment that runs the tests."""
    return Path(sysconfig.get_paths()["purelib"])


def install_wheel(folder: Path, python: str = sys.executable, of: Path | None = None) -> Path:
    """Build the wheel, install it below ``folder`` for the interpreter ``python``, return its `xks-probe`.

    Third-party packages come from the folder ``of``, by default `libraries`, which is appended to the path. An
    editable install of this tree in it has no effect, because nested .pth files are not read.
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
    (site_packages / "tested_with.pth").write_text(f"{of or libraries()}\n")
    return folder / "venv" / "bin" / "xks-probe"


def _run(*command: str) -> None:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run(command, cwd=ROOT, check=True, timeout=600, env=environment, stdout=subprocess.DEVNULL)
