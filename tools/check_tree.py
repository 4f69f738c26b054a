"""Holds what no linter knows: tests, properties of parsers, the tree's shape, generated files up to date.

Run by `make lint`. Prints each fault with its path and exits 1. Every check takes the root of a tree.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: `tools` and this very tree are found, whatever is installed
from tools import parser_properties, tree_shape  # noqa: E402

_HEALTH = "tests/requirements/test_health.py has a simulation for each outcome, and KMS's words"
_SIMULATIONS = "tests/requirements/test_account_requirements.py has a simulation for each outcome"
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
    "probe/probes/health_connection.py": "tests/probes/test_health.py has each kind of request over it",
    "probe/probes/health_request.py": "tests/probes/test_health.py has each kind; tests/fuzz any answer",
    "probe/commands/command_table.py": "tests/commands/test_app.py asks each of its commands for help",
    "probe/commands/exits.py": "tests/commands/test_app.py meets each of its values",
    "probe/wire/account_network.py": "tests/wire/test_account.py reads all of AWS's answers",
    "probe/requirements/health_conduct.py": _HEALTH,
    "probe/requirements/evidence/health.py": _HEALTH,
    "probe/requirements/kms_errors/health.py": _HEALTH,
    "probe/requirements/credential.py": _SIMULATIONS,
    "probe/requirements/evidence/account.py": _SIMULATIONS,
    "probe/requirements/endpoint_service.py": _SIMULATIONS,
    "probe/requirements/key_store_place.py": _SIMULATIONS,
    "probe/requirements/load_balancer.py": _SIMULATIONS,
    "probe/requirements/principals.py": _SIMULATIONS,
    "probe/requirements/private_dns_name.py": _SIMULATIONS,
    "probe/requirements/target_groups.py": _SIMULATIONS,
    "probe/requirements/vpc.py": _SIMULATIONS,
}
# Modules that read what others wrote, besides all of probe/wire.
OTHER_PARSERS = (
    "probe/aws/collected_answers.py",
    "probe/commands/ping_arguments.py",
    "probe/network/batches.py",
    "probe/network/client_certificate.py",
    "probe/network/http.py",
    "probe/network/kernel.py",
    "probe/network/resolve.py",
    "probe/network/tls_session.py",
    "probe/signing/credential.py",
    "probe/storage/files.py",
    "probe/survey/endpoints.py",
)
# Parsers without a property under hypothesis's @given, with the reason.
WITHOUT_PROPERTY = {"probe/wire/input_error.py": "the error that parsers raise; it reads nothing"}
# Where the property of a parser is, if not in a test of its own name.
PROPERTY_IN = {"probe/wire/account_network.py": "tests/wire/test_account.py"}
# Functions over 45 lines, with the reason.
LONG_FUNCTIONS: dict[str, str] = {}
GENERATORS = (
    "tools/architecture_page.py",
    "tools/requirements_page.py",
    "tools/metrics_page.py",
    "tools/iam_policy.py",
    "tools/configuration_schema.py",
    "tools/schemas.py",
    "tools/dashboards.py",
    "tools/man_page.py",
)
FORBIDDEN = (
    (re.compile(r"--(?:extra-)?index-url|files\.pythonhosted|//pypi"), "an index address"),
    (re.compile(r"[^a-z.]/(?:work|farm)/"), "a path of somebody's machine"),
)
_PATTERNS_STAND_IN = {"tools/check_tree.py", "tests/tools/test_check_tree.py"}
_NOT_TEXT = {".png", ".pem"}


def main() -> int:
    faults = list(all_faults(ROOT))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def all_faults(root: Path) -> Iterator[str]:
    """Of this project's tree, by the tables above."""
    yield from missing_tests(root, COVERED_ELSEWHERE)
    yield from missing_properties(root)
    yield from tree_shape.unnamed_folders(root)
    yield from tree_shape.loose_modules(root)
    yield from tree_shape.long_files(root)
    yield from tree_shape.long_functions(root, LONG_FUNCTIONS)
    yield from tree_shape.hidden_imports(root)
    yield from forbidden_words(root)
    yield from stale_files(root, GENERATORS)


def test_of(module: str) -> str:
    """The path of the test of a module: `probe/a/b.py` -> `tests/a/test_b.py`; other tops keep their name.

    >>> test_of("probe/agent/runner.py"), test_of("simulator/faults.py")
    ('tests/agent/test_runner.py', 'tests/simulator/test_faults.py')
    """
    folder, _, name = module.removeprefix("probe/").rpartition("/")
    return "/".join(part for part in ("tests", folder, f"test_{name}") if part)


def missing_tests(root: Path, covered: Mapping[str, str]) -> Iterator[str]:
    """Modules without a test of their name, but for those that another one covers."""
    found = (path for path in tree_shape.modules(root) if path.name != "__init__.py")
    names = [path.relative_to(root).as_posix() for path in found]
    for name in names:
        if name not in covered and not (root / test_of(name)).is_file():
            yield f"{name}: no test file; add {test_of(name)}"
    for name in covered:
        if name not in names:
            yield f"tools/check_tree.py: COVERED_ELSEWHERE names {name}, which is not there; take it out"
        elif (root / test_of(name)).is_file():
            yield f"tools/check_tree.py: {name} has a test of its own; take it out of COVERED_ELSEWHERE"


def missing_properties(root: Path) -> Iterator[str]:
    """Parsers that nobody has given anything."""
    parsers = parser_properties.parsers(root, OTHER_PARSERS)
    tests = {parser: PROPERTY_IN.get(parser, test_of(parser)) for parser in parsers}
    return parser_properties.without_property(root, tests, WITHOUT_PROPERTY)


def forbidden_words(root: Path) -> Iterator[str]:
    """Files of the project, tracked or about to be, with something of a workplace in them."""
    for path in _tracked(root):
        name = path.relative_to(root).as_posix()
        if name in _PATTERNS_STAND_IN or path.suffix in _NOT_TEXT:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        yield from (f"{name}: {what}; take it out" for pattern, what in FORBIDDEN if pattern.search(text))


def _tracked(root: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := root / name).is_file()]


def stale_files(root: Path, generators: Sequence[str]) -> Iterator[str]:
    """Generators whose ``--check`` says that what they wrote is not what the code says."""
    for tool in generators:
        checked = generated(root, tool, "--check")
        if checked.returncode:
            yield f"{tool} --check: {(checked.stderr or checked.stdout).strip()[-500:]}"


def generated(root: Path, tool: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """One generator, run over the code at ``root``, whatever is installed."""
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    return subprocess.run(  # noqa: S603 - our own tools
        [sys.executable, str(root / tool), *flags],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
