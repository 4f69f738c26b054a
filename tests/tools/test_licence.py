"""The licence text is complete, and the wheel contains it."""

import hashlib
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_licence_is_the_unchanged_text_of_apache_2_0() -> None:
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_the_wheel_has_the_licence_expression_and_the_text() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])
