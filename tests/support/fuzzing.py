"""Number of examples for the fuzz tests: few by default, XKS_PROBE_FUZZ_EXAMPLES in total with `make fuzz`."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

VARIABLE = "XKS_PROBE_FUZZ_EXAMPLES"
_DEFAULT = 500
_Test = Callable[..., object]
Path = tuple[Any, ...]

# Texts that an attacker may put into any text field. Each is harmful in a different output format.
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07",
    "[/red][bold]",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd()",
    "a\nb\r\nc",
    "\u202egnp.exe",
    "\ud800",
    "\x9b31m\x85",
    "x" * 65536,
    "`](javascript:alert(1))",
    "| a | b |",
    "]]>&amp;&#x1b;",
    "{{ 7*7 }}{% raw %}",
    "$(id); `id` 'x",
)


def share(fraction: float) -> Callable[[_Test], _Test]:
    """Settings for a test that gets this fraction of all examples."""
    total = int(os.environ.get(VARIABLE, _DEFAULT))
    return settings(
        max_examples=max(1, round(total * fraction)),
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.function_scoped_fixture,
        ],
    )


hostile = st.sampled_from(HOSTILE)


def paths(value: object, path: Path = ()) -> list[Path]:
    """The path (keys and indexes) of every value in a JSON document, starting with the document itself."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(found for key, each in inner for found in paths(each, (*path, key)))]
