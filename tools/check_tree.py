"""Holds what no linter knows: a test for each module, nothing of a workplace, generated files up to date.

Run by `make lint`. Prints each fault with its path and exits 1.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_HEALTH = "tests/requirements/test_health.py has a world for each outcome, and KMS's words"
_WORLDS = "tests/requirements/test_account_requirements.py has a world for each outcome"
# Modules that a test of another name covers, with the reason.
COVERED_ELSEWHERE = {
    "probe/__main__.py": "tests/commands run it as a program",
    "probe/model/ports.py": "protocols alone; mypy holds their implementations to them",
    "probe/model/statistics.py": "tests/test_statistics.py makes each of its values",
    "probe/model/evidence.py": "values alone; tests/verdicts and tests/agent make them",
    "probe/model/facts.py": "values alone; tests/probes/test_verification_record.py makes them",
    "probe/model/survey.py": "values alone; tests/survey make them",
    "probe/model/verdicts.py": "values alone; tests/verdicts make them",
    "probe/probes/tcp.py": "tests/probes/test_init.py has what checks share, and a lost SYN",
    "simulator/scenario/scenario.py": "values alone; tests/simulator/scenario/test_load.py makes them",
    "simulator/simulator.py": "tests/real/test_simulator.py starts it",
    "probe/commands/exits.py": "tests/commands/test_app.py meets each of its values",
    "probe/wire/account_network.py": "tests/wire/test_account.py reads all of AWS's answers",
    "probe/requirements/health_conduct.py": _HEALTH,
    "probe/requirements/evidence/health.py": _HEALTH,
    "probe/requirements/kms_errors/health.py": _HEALTH,
    "probe/requirements/credential.py": _WORLDS,
    "probe/requirements/evidence/account.py": _WORLDS,
    "probe/requirements/endpoint_service.py": _WORLDS,
    "probe/requirements/key_store_place.py": _WORLDS,
    "probe/requirements/load_balancer.py": _WORLDS,
    "probe/requirements/principals.py": _WORLDS,
    "probe/requirements/private_dns_name.py": _WORLDS,
    "probe/requirements/target_groups.py": _WORLDS,
    "probe/requirements/vpc.py": _WORLDS,
}
GENERATORS = (
    "tools/requirements_page.py",
    "tools/metrics_page.py",
    "tools/iam_policy.py",
    "tools/configuration_schema.py",
    "tools/dashboards.py",
)
FORBIDDEN = (
    (re.compile(r"--(?:extra-)?index-url|files\.pythonhosted|//pypi"), "an index address"),
    (re.compile(r"[^a-z.]/(?:work|farm)/"), "a path of somebody's machine"),
)
TOPS = ("probe", "exporters", "simulator")
MAX_LINES = 400


def main() -> int:
    faults = [*_missing_tests(), *_forbidden_words(), *_long_files(), *_stale_files()]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def _modules() -> list[Path]:
    modules = [path for top in TOPS for path in sorted((ROOT / top).rglob("*.py"))]
    return [path for path in modules if path.name != "__init__.py"]


def test_of(module: str) -> str:
    """The path of the test of a module: `probe/a/b.py` -> `tests/a/test_b.py`; other tops keep their name.

    >>> test_of("probe/agent/runner.py"), test_of("simulator/faults.py")
    ('tests/agent/test_runner.py', 'tests/simulator/test_faults.py')
    """
    folder, _, name = module.removeprefix("probe/").rpartition("/")
    return "/".join(part for part in ("tests", folder, f"test_{name}") if part)


def _missing_tests() -> list[str]:
    names = [module.relative_to(ROOT).as_posix() for module in _modules()]
    faults = [
        f"{name}: no test file; add {test_of(name)}"
        for name in names
        if name not in COVERED_ELSEWHERE and not (ROOT / test_of(name)).is_file()
    ]
    for name in COVERED_ELSEWHERE:
        if name not in names:
            faults.append(
                f"tools/check_tree.py: COVERED_ELSEWHERE names {name}, which is not there; take it out"
            )
        elif (ROOT / test_of(name)).is_file():
            faults.append(
                f"tools/check_tree.py: {name} has a test of its own; take it out of COVERED_ELSEWHERE"
            )
    return faults


def _forbidden_words() -> list[str]:
    faults = []
    for path in _tracked():
        if path == Path(__file__).resolve() or path.suffix in {".png", ".pem"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        faults += [
            f"{path.relative_to(ROOT)}: {what}; take it out"
            for pattern, what in FORBIDDEN
            if pattern.search(text)
        ]
    return faults


def _long_files() -> list[str]:
    long = [(path, len(path.read_text(encoding="utf-8").splitlines())) for path in _modules()]
    return [f"{path.relative_to(ROOT)}: {n} lines; split it" for path, n in long if n > MAX_LINES]


def _stale_files() -> list[str]:
    faults = []
    for tool in GENERATORS:
        checked = subprocess.run(  # noqa: S603 - our own tools
            [sys.executable, str(ROOT / tool), "--check"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if checked.returncode:
            faults.append(f"{tool} --check: {(checked.stderr or checked.stdout).strip()[-500:]}")
    return faults


if __name__ == "__main__":
    sys.exit(main())
