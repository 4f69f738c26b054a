"""Look up known vulnerabilities of the locked packages with pip-audit. Run by `make audit`.

Exit status 0: every package was looked up, and nothing is known; 1: a vulnerability is known; 3: the source
of advisories could not be reached, or does not know a package. On its own, pip-audit prints "No known
vulnerabilities found" and exits with 0 even if it skipped every package.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    "requirements/dev.txt",
    "requirements/mutants.txt",
)  # run.txt, demo.txt and build.txt are parts of dev.txt
FOUND, COULD_NOT_LOOK = 1, 3
_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Audit:
    """``looked_up``: how many packages the source knows; ``not_looked_up``: why the others could not be."""

    looked_up: int
    vulnerabilities: tuple[str, ...]
    not_looked_up: tuple[str, ...]

    @property
    def exit_status(self) -> int:
        if self.vulnerabilities:
            return FOUND
        return COULD_NOT_LOOK if self.not_looked_up or not self.looked_up else 0


def read(output: str, errors: str) -> Audit:
    """What pip-audit found out: its JSON on stdout, or what it printed on stderr when it failed."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = errors.strip().splitlines() or ["pip-audit printed nothing"]
        return Audit(0, (), (f"every package: {lines[-1][:300]}",))
    skipped = tuple(each["skip_reason"] for each in dependencies if "skip_reason" in each)
    known = [each for each in dependencies if "skip_reason" not in each]
    return Audit(
        looked_up=len(known),
        vulnerabilities=tuple(_advisory(each, one) for each in known for one in each["vulns"]),
        not_looked_up=skipped,
    )


def _advisory(package: dict[str, Any], advisory: dict[str, Any]) -> str:
    mended = ", ".join(advisory["fix_versions"]) or "no version"
    return f"{package['name']} {package['version']}: {advisory['id']}, fixed in {mended}"


def lines(audit: Audit) -> list[str]:
    """For the terminal: what is known, what could not be looked up, and the sum."""
    found = [f"vulnerable: {each}" for each in audit.vulnerabilities]
    if audit.not_looked_up:
        more = f" (and {len(audit.not_looked_up) - 1} more)" if len(audit.not_looked_up) > 1 else ""
        found.append(f"could not look: {audit.not_looked_up[0]}{more}")
    if audit.looked_up:
        known = len(audit.vulnerabilities) or "none"
        found.append(f"packages looked up: {audit.looked_up}; known vulnerabilities: {known}")
    return found or ["could not look: pip-audit looked up no package"]


def main() -> int:
    words = [
        sys.executable,
        "-m",
        "pip_audit",
        "--format",
        "json",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ]
    for lock in LOCKS:
        words += ["--requirement", lock]
    try:
        done = subprocess.run(  # noqa: S603 -- our own words
            words, cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        audit = read(done.stdout, done.stderr)
    except subprocess.TimeoutExpired:
        audit = read("", f"no answer within {_TIMEOUT_S:.0f} s")
    print("\n".join(lines(audit)))
    return audit.exit_status


if __name__ == "__main__":
    sys.exit(main())
