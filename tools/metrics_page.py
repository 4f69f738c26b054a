"""Generates docs/metrics.md from the definitions; ``--check`` reports whether it is up to date."""

import sys
from pathlib import Path

from exporters.prometheus.definitions import BOUNDS_S, DEFINITIONS, Definition

PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
HEAD = """\
# Metrics

This page lists all Prometheus metrics that `xks-probe run` serves on `/metrics`. Alerts and a dashboard for
them are described in [monitoring](monitoring.md#prometheus-and-alerts). `tools/metrics_page.py` generates
this page from `exporters/prometheus/definitions.py`.

The format is OpenMetrics 1.0 if the `Accept` header lists it and does not prefer `text/plain`. Otherwise it
is the classic text format (version 0.0.4). Both have the same samples. `/metrics?name[]=NAME` returns only
the samples with that name; `name[]` may be repeated.

- All metrics use base units, such as seconds.
- An unknown value has no series. No metric uses a special value such as -1 for it.
- Counters with a fixed set of label values (such as reasons) start at 0, so that `rate()` detects the first
  failure.
- When a target, an address or a key store is removed, its series are removed.
- A target that gets a new name, zone or interval keeps its counters. A target with another role, host,
  port, server name, question or key store starts from 0.
- A *target* is anything that is probed. A *node* is an address of the Network Load Balancer, a *backend* is
  a target registered behind it.

| name | type | labels | meaning |
| --- | --- | --- | --- |
"""


def page() -> str:
    bounds = " ".join(f"{bound:g}" for bound in BOUNDS_S)
    exact = "`le` has exactly the values `0.035` and `0.25`."
    tail = f"\nBucket bounds of every histogram, in seconds: {bounds}. {exact}\n"
    return HEAD + "".join(map(_row, DEFINITIONS)) + tail


def _row(definition: Definition) -> str:
    labels = ", ".join(f"`{label}`" for label in definition.labels) or "none"
    return f"| `{definition.full_name}` | {definition.kind} | {labels} | {definition.help} |\n"


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/metrics.md is out of date; run tools/metrics_page.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
