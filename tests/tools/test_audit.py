"""tools/audit.py reports "none" only for packages that were looked up."""

import json

from tools.audit import COULD_NOT_LOOK, FOUND, lines, read

SAFE = {"name": "h11", "version": "0.16.0", "vulns": []}
VULNERABLE = {
    "name": "h11",
    "version": "0.14.0",
    "vulns": [{"id": "CVE-2025-43859", "fix_versions": ["0.16.0"], "aliases": [], "description": "long"}],
}
SKIPPED = {"name": "six", "skip_reason": "Dependency not found and could not be audited: six (1.17.0)"}


def output(*dependencies: dict[str, object]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_the_status_is_0_if_no_package_has_a_known_vulnerability() -> None:
    audit = read(output(SAFE, SAFE), "No known vulnerabilities found")
    assert audit.exit_status == 0
    assert lines(audit) == ["packages looked up: 2; known vulnerabilities: none"]


def test_a_known_vulnerability_is_reported_with_the_version_that_fixes_it() -> None:
    audit = read(output(SAFE, VULNERABLE), "Found 1 known vulnerability")
    assert audit.exit_status == FOUND
    assert lines(audit)[0] == "vulnerable: h11 0.14.0: CVE-2025-43859, fixed in 0.16.0"


def test_skipped_packages_are_reported_even_if_pip_audit_reports_success() -> None:
    audit = read(output(SKIPPED, SKIPPED), "No known vulnerabilities found")
    assert audit.exit_status == COULD_NOT_LOOK
    assert lines(audit) == [f"could not look: {SKIPPED['skip_reason']} (and 1 more)"]


def test_one_skipped_package_among_others_is_reported() -> None:
    audit = read(output(SAFE, SKIPPED), "")
    assert audit.exit_status == COULD_NOT_LOOK
    assert lines(audit) == [
        f"could not look: {SKIPPED['skip_reason']}",
        "packages looked up: 1; known vulnerabilities: none",
    ]


def test_a_vulnerability_outweighs_skipped_packages() -> None:
    assert read(output(SKIPPED, VULNERABLE), "").exit_status == FOUND


def test_an_unreachable_source_is_reported_with_the_last_line_of_the_error() -> None:
    audit = read("", "Traceback\n  File x\nConnectionError: no route to the advisories\n")
    assert audit.exit_status == COULD_NOT_LOOK
    assert lines(audit) == ["could not look: every package: ConnectionError: no route to the advisories"]


def test_an_empty_answer_is_not_reported_as_success() -> None:
    for text in ("", "{}", "[]", output()):
        assert read(text, "").exit_status == COULD_NOT_LOOK
        assert lines(read(text, ""))
