"""Prints a rules file with all durations divided, so that its alerts fire within seconds in tests.

    tools/fast_rules.py deploy/prometheus/rules.yml [--divide-by 30]

Windows (``[5m]``), ``offset``, ``for:`` and ``interval:`` are divided, and so is the age of the agent's own
results (``time() - …_timestamp_seconds > 900``). Numbers of probes stay the same: divide the probe intervals
by the same factor (TCP every 15 s becomes every 0.5 s) and scrape at least twice per second. Certificate ages
are plain numbers of seconds, not durations, so they stay too.
"""

import argparse
import re
import sys
from pathlib import Path

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(
    r"(?P<before>\[|\b(?:for|interval): |\boffset )(?P<number>\d+)(?P<unit>ms|s|m|h|d)(?P<after>\]|\)|$)",
    re.MULTILINE,
)
_AGE_S = re.compile(r"(?P<before>time\(\) - [^>\n]*_timestamp_seconds\)? > )(?P<number_s>\d+)$", re.MULTILINE)


def main() -> int:
    """Print the divided rules."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rules", type=Path)
    parser.add_argument("--divide-by", type=int, default=30)
    arguments = parser.parse_args()
    print(divided(arguments.rules.read_text(encoding="utf-8"), arguments.divide_by), end="")
    return 0


def divided(rules: str, divisor: int) -> str:
    """``rules`` with every duration divided by ``divisor``, in whole milliseconds and at least one.

    >>> divided("increase(x[10m]) >= 20", 30)
    'increase(x[20s]) >= 20'
    >>> divided("x[10m] offset 1h)", 60)
    'x[10s] offset 60s)'
    >>> divided("time() - max(x_timestamp_seconds) > 900", 30)
    'time() - max(x_timestamp_seconds) > 30'
    """

    def divide(found: re.Match[str]) -> str:
        milliseconds = max(1, int(found["number"]) * _UNITS_MS[found["unit"]] // divisor)
        return f"{found['before']}{_written(milliseconds)}{found['after']}"

    ages = _AGE_S.sub(lambda found: f"{found['before']}{int(found['number_s']) / divisor:g}", rules)
    return _DURATION.sub(divide, ages)


def _written(milliseconds: int) -> str:
    return f"{milliseconds}ms" if milliseconds % 1_000 else f"{milliseconds // 1_000}s"


if __name__ == "__main__":
    sys.exit(main())
