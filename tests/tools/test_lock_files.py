"""requirements/: the dependencies in pyproject.toml are locked by hash, with one version per package."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.release_sbom import names, normal

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "requirements").glob("*.txt")}


def group(name: str) -> set[str]:
    """The distributions in a dependency group and in the groups that it includes."""
    found: set[str] = set()
    for each in PYPROJECT["dependency-groups"][name]:
        found |= group(each["include-group"]) if isinstance(each, dict) else distributions([each])
    return found


def distributions(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[^A-Za-z0-9._-]", each)[0]) for each in requirements}


def versions(lock: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+)", lock))


def test_each_lock_file_contains_its_dependencies_from_pyproject() -> None:
    run = distributions(PYPROJECT["project"]["dependencies"])
    demo = distributions(PYPROJECT["project"]["optional-dependencies"]["demo"])
    wanted = {"run": run, "demo": run | demo, "dev": run | demo | group("dev")}
    wanted |= {"build": group("build"), "mutants": group("mutants")}
    assert set(LOCKS) == set(wanted)
    assert {lock: wanted[lock] - names(text) for lock, text in LOCKS.items()} == {
        lock: set() for lock in LOCKS
    }


@pytest.mark.parametrize("lock", sorted(set(LOCKS) - {"dev"}))
def test_a_package_has_one_version_in_all_locks(lock: str) -> None:
    development = versions(LOCKS["dev"])
    differing = {
        name for name, version in versions(LOCKS[lock]).items() if development.get(name, version) != version
    }
    assert differing == set()


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_every_package_is_locked_by_hash_and_no_file_contains_a_url(lock: str) -> None:
    packages = re.split(r"(?m)^(?=[A-Za-z0-9])", LOCKS[lock])[1:]
    assert packages
    assert [each for each in packages if "--hash=sha256:" not in each] == []
    assert "://" not in LOCKS[lock]


def test_demo_is_the_only_extra() -> None:
    assert set(PYPROJECT["project"]["optional-dependencies"]) == {"demo"}
