"""Mutation testing: changes the code in small ways and sees whether a test fails. Run by `make mutants`.

`tools/mutants.py [FOLDER]`. Works in copies of the tree under build/mutants: mutmut for plain functions,
cosmic-ray for what mutmut leaves. Prints the score of each folder, and each survivor that is not in
tests/mutants/survivors.toml. Exits 1 if there is one, if a listed mutant is not made any more, or if a score
is under its bound.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: `tools` and this very tree are found, whatever is installed
from tools.mutation.change import Mutant  # noqa: E402
from tools.mutation.covering import VARIABLE  # noqa: E402
from tools.mutation.survivors import as_toml, compare, read  # noqa: E402


@dataclass(frozen=True, slots=True)
class Folder:
    """What is changed, and the tests of which one has to fail."""

    path: str
    tests: str


FOLDERS = {
    "verdicts": Folder("probe/verdicts", "tests/verdicts"),
    "requirements": Folder("probe/requirements", "tests/requirements"),
    "signing": Folder("probe/signing", "tests/signing"),
    "history": Folder("probe/agent/history.py", "tests/agent"),
    "schedule": Folder("probe/agent/schedule.py", "tests/agent"),
}
MIN_PERCENT = {"verdicts": 95.0, "signing": 95.0}
PURE = "not loopback and not real"
SURVIVORS = ROOT / "tests" / "mutants" / "survivors.toml"
WORK = ROOT / "build" / "mutants"
WORKERS = int(os.environ.get("MUTANTS_WORKERS", str(os.cpu_count() or 1)))
Results = list[tuple[Mutant, bool]]


def copied(name: str) -> Path:
    """A copy of the tree as git sees it, with what is not committed yet."""
    tree = WORK / name
    files = _output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for file in filter(None, files):
        if (ROOT / file).is_file():
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, tree / file)
    return tree


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603


def _start(tree: Path, *arguments: object, **environment: str) -> "subprocess.Popen[bytes]":
    """Run Python in a copy of the tree; its output goes to a log file next to the copy."""
    with (WORK / f"{tree.name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 -- this program's own
            [sys.executable, *map(str, arguments)],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), "PYTEST_DEBUG_TEMPROOT": str(WORK), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _wait(process: "subprocess.Popen[bytes]", tree: Path) -> None:
    if process.wait() != 0:
        log = (WORK / f"{tree.name}.log").read_text(encoding="utf-8", errors="replace")
        print("\n".join(log.replace("\r", "\n").splitlines()[-40:]), file=sys.stderr)
        raise SystemExit(f"failed: {shlex.join(map(str, process.args))}")  # type: ignore[arg-type]


def covered(tree: Path, folder: Folder) -> Path:
    """The tests must pass before anything is changed. Which lines each of them runs."""
    covering = WORK / "covering.json"
    pytest = ("-m", "pytest", "-q", "-p", "no:xdist", "-p", "tools.mutation.covering", "-m", PURE)
    _wait(_start(tree, *pytest, folder.tests, **{VARIABLE: str(covering)}), tree)
    return covering


def plain(tree: Path, folder: Folder) -> Results:
    """Plain functions, by mutmut, which forks for each mutant."""
    shutil.rmtree(tree / "mutants", ignore_errors=True)
    out = WORK / "plain.json"
    # mutmut puts its own copy first on the path, so ours must not come before it.
    arguments = ("-m", "tools.mutation.plain", out, WORKERS, folder.path, folder.tests)
    _wait(_start(tree, *arguments, PYTHONPATH=""), tree)
    return _read(out)


def decorated(trees: Sequence[Path], folder: Folder, covering: Path) -> Results:
    """What mutmut leaves, by cosmic-ray, which changes a file for each mutant."""
    files = [str(file.relative_to(ROOT)) for file in _python_files(ROOT / folder.path)]
    outs = [WORK / f"{tree.name}.json" for tree in trees]
    processes = [
        _start(tree, "-m", "tools.mutation.decorated", out, covering, part, len(trees), *files)
        for part, (tree, out) in enumerate(zip(trees, outs, strict=True))
    ]
    try:
        for process, tree in zip(processes, trees, strict=True):
            _wait(process, tree)
    finally:
        for process in processes:
            process.kill()
    return [result for out in outs for result in _read(out)]


def _python_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _read(out: Path) -> Results:
    rows = json.loads(out.read_text(encoding="utf-8"))
    return [(Mutant(row["path"], row["function"], row["change"]), row["killed"]) for row in rows]


def table(results: Mapping[str, Results]) -> tuple[str, list[str]]:
    """Mutants and score of each folder, and the folders that are under their bound."""
    lines, low = [f"{'folder':<14}{'mutants':>9}{'survived':>10}{'score':>9}"], []
    for folder, found in results.items():
        killed = sum(is_killed for _, is_killed in found)
        percent = 100.0 * killed / len(found)
        lines.append(f"{folder:<14}{len(found):>9}{len(found) - killed:>10}{percent:>7.1f} %")
        if percent < MIN_PERCENT.get(folder, 0.0):
            low.append(f"{folder}: {percent:.1f} % is under {MIN_PERCENT[folder]:.0f} %")
    return "\n".join(lines), low


def run(names: Sequence[str]) -> dict[str, Results]:
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    tree, trees = copied("plain"), [copied(f"decorated-{part}") for part in range(WORKERS)]
    for each in trees:
        # By content: a file that is changed twice in a second is compiled twice.
        _wait(_start(each, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "probe"), each)
    found = {}
    for name in names:
        covering = covered(trees[0], FOLDERS[name])
        found[name] = [*plain(tree, FOLDERS[name]), *decorated(trees, FOLDERS[name], covering)]
        print(table({name: found[name]})[0].splitlines()[1], flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", choices=FOLDERS, help="this one only")
    chosen = parser.parse_args().folder
    names = [name for name in FOLDERS if chosen in (None, name)]
    results = run(names)
    paths = tuple(FOLDERS[name].path for name in names)
    listed = {mutant: count for mutant, count in read(SURVIVORS).items() if mutant.path.startswith(paths)}
    compared = compare((result for found in results.values() for result in found), listed)
    shown, low = table(results)
    print(f"\n{shown}")
    for mutant in compared.dead:
        print(f"\nlisted, and killed now; take it from the list:\n{mutant}")
    for mutant in compared.gone:
        print(f"\nlisted, and not made any more; take it from the list:\n{mutant}")
    if compared.new:
        print(f"\n{len(compared.new)} survivors are not in {SURVIVORS.relative_to(ROOT)}:\n")
        print(as_toml(compared.new))
    print("\n".join(low))
    return int(bool(compared.new or compared.gone or low))


if __name__ == "__main__":
    sys.exit(main())
