"""docs/threat-model.md lists tests for its statements; each of them exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_test_in_the_threat_model_exists() -> None:
    named = re.findall(r"`(tests/[^`]*)`", (ROOT / "docs" / "threat-model.md").read_text("utf-8"))
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []
