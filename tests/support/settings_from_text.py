"""For tests of the configuration: reads YAML text and returns the settings or the errors."""

from pathlib import Path

import pytest

from probe import config
from probe.model.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
BACKEND = "backends:\n  - {name: b, address: 10.0.0.1}\n"


def parse(text: str) -> Settings:
    return config.parse(text, "test.yaml", Path("/nonexistent"))


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(config.ConfigError) as raised:
        parse(text)
    return raised.value.errors


def backends(count: int, check: str) -> str:
    """A section with ``count`` targets, each with one check."""
    lines = (
        f"  - {{name: b{n}, address: 10.0.{n // 256}.{n % 256}, checks: [{check}]}}"
        for n in range(1, count + 1)
    )
    return "backends:\n" + "\n".join(lines)
