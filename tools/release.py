"""Build a release of the last commit into dist/. Run by `make release`; docs/releasing.md says what is in it.

::

    python tools/release.py                    # if the image can't be built, a line says why
    python tools/release.py --image required   # then it is an error; also XKS_PROBE_RELEASE_IMAGE=required

Everything is made from an export of the commit, so that nothing uncommitted gets in.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: `tools` and this very tree are found, whatever is installed
from tools import release_sbom, release_wheelhouse  # noqa: E402

SUMS = "SHA256SUMS"
IF_POSSIBLE, REQUIRED = "if-possible", "required"
_IMAGE_TIMEOUT_S = 1800.0


class ReleaseError(Exception):
    """Printed as one line."""


def main(words: Sequence[str] | None = None) -> int:
    arguments = _arguments(words)
    try:
        release(arguments.output.resolve(), image=arguments.image, base=arguments.base)
    except (ReleaseError, release_sbom.InvalidSbomError, subprocess.CalledProcessError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def release(output: Path, *, image: str, base: str | None) -> None:
    """All files of a release. ``output`` is emptied first."""
    epoch = int(_git("log", "-1", "--format=%ct"))
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        first, second = (_built(work / name, epoch) for name in ("first", "second"))
        wheel, sdist = (_same(first, second, suffix) for suffix in (".whl", ".tar.gz"))
        for each in (wheel, sdist):
            shutil.copy(each, output)
        version, tree = wheel.name.split("-")[1], work / "first" / "tree"
        print(f"wheel and source distribution of {version}: built twice, identical")
        wheelhouse = _wheelhouse(output, tree, wheel, version, epoch)
        python = _installed(work / "venv", wheelhouse)
        print(f"wheelhouse: {len(list(wheelhouse.iterdir()))} wheels; installed offline, `demo --once` ran")
        sbom = _sbom(python, tree, wheelhouse, version)
        (output / f"xks_probe-{version}.cdx.json").write_text(sbom, encoding="utf-8")
        fault = _image(tree, output, version, epoch, base)
    print(f"image: {fault or 'built'}")
    if fault and image == REQUIRED:
        raise ReleaseError("an image was required")
    (output / SUMS).write_text(sums(output), encoding="utf-8")
    print((output / SUMS).read_text(encoding="utf-8"), end="")


def sums(folder: Path) -> str:
    """Of the files there, as `sha256sum --check` reads them."""
    files = sorted(each for each in folder.iterdir() if each.is_file() and each.name != SUMS)
    return "".join(f"{digest(each)}  {each.name}\n" for each in files)


def digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _built(folder: Path, epoch: int) -> Path:
    """The folder of a wheel and a source distribution, made from an export of the last commit."""
    tree, made = folder / "tree", folder / "made"
    tree.mkdir(parents=True)
    archive = folder / "tree.tar"
    _git("archive", "--output", str(archive), "HEAD")
    shutil.unpack_archive(archive, tree, filter="data")
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(made), str(tree)], epoch)
    return made


def _same(first: Path, second: Path, suffix: str) -> Path:
    """The one file of that suffix, the same in both folders."""
    (one,) = first.glob(f"*{suffix}")
    if digest(one) != digest(second / one.name):
        raise ReleaseError(f"{one.name} differs when it is built twice from the same commit")
    return one


def _wheelhouse(output: Path, tree: Path, wheel: Path, version: str, epoch: int) -> Path:
    """A folder of wheels, and its archive beside it."""
    folder = output / "wheelhouse"
    release_wheelhouse.fill(folder, tree / "requirements" / "demo.txt")
    shutil.copy(wheel, folder)
    archive = output / f"xks_probe-{version}-wheelhouse-{os.uname().machine}.tar"
    release_wheelhouse.packed(folder, archive, epoch)
    return folder


def _installed(venv: Path, wheelhouse: Path) -> Path:
    """The Python of an environment with the program from the wheelhouse, which has played the demo."""
    _run([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    python = venv / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    _run([*pip, "--quiet", "--no-index", "--find-links", str(wheelhouse), "xks-probe[demo]"])
    _run([str(venv / "bin" / "xks-probe"), "demo", "--once", "--output", str(venv / "demo.txt")])
    return python


def _sbom(python: Path, tree: Path, wheelhouse: Path, version: str) -> str:
    """Of what is installed there: names, versions, licences, digests and what needs what."""
    words = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", str(tree / "pyproject.toml")]
    words += [
        "--mc-type",
        "application",
        "--output-reproducible",
        "--spec-version",
        release_sbom.SPECIFICATION,
    ]
    document = json.loads(_run([*words, "--output-format", "JSON", str(python)]))
    digests: dict[str, list[str]] = {}
    for wheel in wheelhouse.iterdir():
        digests.setdefault(release_sbom.normal(wheel.name.split("-")[0]), []).append(digest(wheel))
    runtime = release_sbom.names((tree / "requirements" / "run.txt").read_text(encoding="utf-8"))
    return release_sbom.written(
        release_sbom.completed(document, version=version, digests=digests, runtime=runtime)
    )


def _image(tree: Path, output: Path, version: str, epoch: int, base: str | None) -> str | None:
    """Build the image as an OCI archive with buildah. Returns why there is none, or None."""
    if shutil.which("buildah") is None:
        return "not built: buildah is not installed"
    name, archive = f"xks-probe:{version}", output / f"xks_probe-{version}-image-{os.uname().machine}.tar"
    words = ["buildah", "build", "--isolation", "chroot", "--timestamp", str(epoch), "--tag", name]
    words += ["--build-arg", f"BASE={base}"] if base else []
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CERT"):
        if value := os.environ.get(variable):
            words += ["--build-arg", f"{variable}={value}"]
            words += ["--volume", f"{value}:{value}:ro"] if variable == "PIP_CERT" else []
    try:
        for each in ([*words, str(tree)], ["buildah", "push", name, f"oci-archive:{archive}:{name}"]):
            subprocess.run(each, check=True, capture_output=True, text=True, timeout=_IMAGE_TIMEOUT_S)  # noqa: S603
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(getattr(error, "stderr", None) or error).strip().splitlines()
        return f"not built: {said[-1][:300]}"
    return None


def _git(*words: str) -> str:
    return _run(["git", "-C", str(ROOT), *words])


def _run(words: list[str], epoch: int | None = None) -> str:
    """Run it, and return what it printed; the error has its last line."""
    environment = os.environ | ({"SOURCE_DATE_EPOCH": str(epoch)} if epoch is not None else {})
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing was printed"]
        raise ReleaseError(f"{' '.join(words[:4])} … ended with {done.returncode}: {said[-1]}")
    return done.stdout


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist", help="folder; emptied first (default: dist)"
    )
    default = os.environ.get("XKS_PROBE_RELEASE_IMAGE", IF_POSSIBLE)
    parser.add_argument(
        "--image", default=default, help=f"{IF_POSSIBLE}, or {REQUIRED}: an error without one"
    )
    parser.add_argument("--base", help="base image in place of the Dockerfile's")
    parsed = parser.parse_args(words)
    if parsed.image not in (IF_POSSIBLE, REQUIRED):  # argparse does not check a default
        parser.error(
            f"--image or XKS_PROBE_RELEASE_IMAGE: {parsed.image!r} is not {IF_POSSIBLE} or {REQUIRED}"
        )
    return parsed


if __name__ == "__main__":
    sys.exit(main())
