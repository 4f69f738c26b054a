"""Prints a rules file with every duration divided, so that its alerts can be seen to fire within seconds.

    tools/fast_rules.py deploy/prometheus/rules.yml [--divide-by 30]

Divided are windows (``[5m]``), ``for:`` and ``interval:``. Counts of probes stay as they are: divide the
intervals of the probes by as much (TCP every 15 s becomes every 0.5 s) and scrape at least twice a second.
The ages of certificates are numbers of seconds, not durations, and stay.
"""

import argparse
import re
import sys
from pathlib import Path

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(
    r"(?P<before>\[|\b(?:for|interval): )(?P<number>\d+)(?P<unit>ms|s|m|h|d)(?P<after>\]|$)", re.MULTILINE
)


def main() -> int:
    """Read, divide, print."""
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
    """

    def divide(found: re.Match[str]) -> str:
        milliseconds = max(1, int(found["number"]) * _UNITS_MS[found["unit"]] // divisor)
        return f"{found['before']}{_written(milliseconds)}{found['after']}"

    return _DURATION.sub(divide, rules)


def _written(milliseconds: int) -> str:
    return f"{milliseconds}ms" if milliseconds % 1_000 else f"{milliseconds // 1_000}s"


if __name__ == "__main__":
    sys.exit(main())
