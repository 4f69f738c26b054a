"""Project checks beyond linters: tests per module, parser properties, tree shape, up-to-date generated files.

Run by `make lint`. Prints each fault with its path and exits with 1. Every check takes the root of a tree.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: import `tools` and this tree, whatever is installed
from tools import parser_properties, tree_shape  # noqa: E402

_HEALTH = "tests/requirements/test_health.py covers each outcome and the KMS errors"
_ACCOUNTS = "tests/requirements/test_account_requirements.py covers each outcome"
# Modules covered by a test with another name, with the reason.
COVERED_ELSEWHERE = {
    "probe/__main__.py": "tests/commands run it as a program",
    "probe/model/ports.py": "only protocols; mypy checks their implementations",
    "probe/model/statistics.py": "tests/test_statistics.py creates each of its values",
    "probe/model/evidence.py": "only values; tests/verdicts and tests/agent create them",
    "probe/model/facts.py": "only values; tests/probes/test_verification_record.py creates them",
    "probe/model/survey.py": "only values; tests/survey create them",
    "probe/model/verdicts.py": "only values; tests/verdicts create them",
    "probe/probes/tcp.py": "tests/probes/test_init.py covers what checks share, and a lost SYN",
    "simulator/scenario/scenario.py": "only values; tests/simulator/scenario/test_load.py creates them",
    "simulator/aws/template.py": "tests/simulator/test_forking.py forks accounts from it",
    "probe/probes/health_connection.py": "tests/probes/test_health.py sends each kind of request over it",
    "probe/commands/command_table.py": "tests/commands/test_app.py asks each of its commands for help",
    "probe/commands/exits.py": "tests/commands/test_app.py covers each of its values",
    "probe/wire/account_network.py": "tests/wire/test_account.py parses all AWS responses",
    "probe/requirements/kms_errors/health.py": _HEALTH,
    "probe/requirements/evidence/account.py": _ACCOUNTS,
    "probe/requirements/endpoint_service.py": _ACCOUNTS,
    "probe/requirements/key_store_place.py": _ACCOUNTS,
    "probe/requirements/load_balancer.py": _ACCOUNTS,
    "probe/requirements/principals.py": _ACCOUNTS,
    "probe/requirements/private_dns_name.py": _ACCOUNTS,
    "probe/requirements/target_groups.py": _ACCOUNTS,
    "probe/requirements/vpc.py": _ACCOUNTS,
}
# Modules that parse untrusted input, in addition to all of probe/wire.
OTHER_PARSERS = (
    "exporters/web/history_query.py",
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
    "probe/storage/history_file.py",
    "probe/storage/history_open.py",
    "probe/storage/history_schema.py",
    "probe/survey/endpoints.py",
)
# Parsers without a property test under hypothesis's @given, with the reason.
WITHOUT_PROPERTY = {
    "probe/wire/input_error.py": "the error that parsers raise; it parses nothing",
    "probe/wire/x509_warnings.py": "it sets filters for warnings; it parses nothing",
}
# The property test of a parser, if it is not in the test named after the parser.
PROPERTY_IN = {"probe/wire/account_network.py": "tests/wire/test_account.py"}
# Functions over 45 lines, with the reason.
LONG_FUNCTIONS: dict[str, str] = {}
GENERATORS = (
    "tools/architecture_page.py",
    "tools/requirements_page.py",
    "tools/authorities_page.py",
    "tools/metrics_page.py",
    "tools/iam_policy.py",
    "tools/configuration_schema.py",
    "tools/schemas.py",
    "tools/dashboards.py",
    "tools/man_page.py",
)
FORBIDDEN = (
    (re.compile(r"--(?:extra-)?index-url|files\.pythonhosted|//pypi"), "an index URL"),
    (re.compile(r"[^a-z.]/(?:work|farm)/"), "a path on a developer's machine"),
)
_FILES_WITH_PATTERNS = {"tools/check_tree.py", "tests/tools/test_check_tree.py"}
_NOT_TEXT = {".png", ".pem"}


def main() -> int:
    faults = list(all_faults(ROOT))
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def all_faults(root: Path) -> Iterator[str]:
    """All faults of the tree, according to the tables above."""
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
    """The test file of a module: `probe/a/b.py` -> `tests/a/test_b.py`; other packages keep their name.

    >>> test_of("probe/agent/runner.py"), test_of("simulator/faults.py")
    ('tests/agent/test_runner.py', 'tests/simulator/test_faults.py')
    """
    folder, _, name = module.removeprefix("probe/").rpartition("/")
    return "/".join(part for part in ("tests", folder, f"test_{name}") if part)


def missing_tests(root: Path, covered: Mapping[str, str]) -> Iterator[str]:
    """Modules without a test file of their name, except those covered elsewhere."""
    found = (path for path in tree_shape.modules(root) if path.name != "__init__.py")
    names = [path.relative_to(root).as_posix() for path in found]
    for name in names:
        if name not in covered and not (root / test_of(name)).is_file():
            yield f"{name}: no test file; add {test_of(name)}"
    for name in covered:
        if name not in names:
            yield f"tools/check_tree.py: COVERED_ELSEWHERE lists {name}, which does not exist; remove it"
        elif (root / test_of(name)).is_file():
            yield f"tools/check_tree.py: {name} has its own test; remove it from COVERED_ELSEWHERE"


def missing_properties(root: Path) -> Iterator[str]:
    """Parsers without a property test."""
    parsers = parser_properties.parsers(root, OTHER_PARSERS)
    tests = {parser: PROPERTY_IN.get(parser, test_of(parser)) for parser in parsers}
    return parser_properties.without_property(root, tests, WITHOUT_PROPERTY)


def forbidden_words(root: Path) -> Iterator[str]:
    """Tracked or untracked files that contain an index URL or a path on a developer's machine."""
    for path in _tracked(root):
        name = path.relative_to(root).as_posix()
        if name in _FILES_WITH_PATTERNS or path.suffix in _NOT_TEXT:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        yield from (
            f"{name}: contains {what}; remove it" for pattern, what in FORBIDDEN if pattern.search(text)
        )


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
    """Generators whose ``--check`` reports outdated files."""
    for tool in generators:
        checked = generated(root, tool, "--check")
        if checked.returncode:
            yield f"{tool} --check: {(checked.stderr or checked.stdout).strip()[-500:]}"


def generated(root: Path, tool: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run one generator on the code at ``root``, whatever is installed."""
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
