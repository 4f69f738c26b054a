"""Measure the product against a packet capture and other tools; prints Markdown.

Needs root or user namespaces.

make bench            (or: python -m bench [--write] [--keep DIRECTORY] [--stock-buffers])
"""

import argparse
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import cost, exactness, lab
from bench.readings import Results, between_markers, tables
from probe.world import capability

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def main() -> int:
    """1 where there can be no lab."""
    options = _options()
    able = capability()
    if not able.namespaces:
        print(f"no lab here: {able.why}; {able.remedy}", file=sys.stderr)
        return 1
    with ExitStack() as stack:
        keep = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        keep.mkdir(parents=True, exist_ok=True)
        made = stack.enter_context(lab.lab())
        if options.stock_buffers:
            stack.enter_context(cost.stock_buffers(made))
        text = tables(_measure(made, keep, options))
    print(text)
    if options.write:
        _PAGE.write_text(between_markers(_PAGE.read_text("utf-8"), text), "utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--keep", type=Path, help="directory for captures and outputs (else thrown away)")
    parser.add_argument(
        "--stock-buffers",
        action="store_true",
        help=f"net.core.rmem_max {cost.STOCK_BUFFER_BYTES} meanwhile, on the whole machine",
    )
    parser.add_argument("--alternations", type=int, default=5, help="cost runs of each tool (0: none)")
    return parser.parse_args()


def _measure(made: lab.Lab, keep: Path, options: argparse.Namespace) -> Results:
    buffers = (
        f"net.core.rmem_max {cost.STOCK_BUFFER_BYTES}" if options.stock_buffers else "its own buffer limit"
    )
    system = f"{platform.system()} {platform.release()}, {os.cpu_count()} cores"
    python = f"Python {platform.python_version()}"
    rows = list(exactness.rows(made, keep))
    return Results(
        machine=f"{system}, {python}, {buffers}.",
        rows=rows,
        peers=exactness.peers(),
        costs=cost.costs(made, keep, options.alternations) if options.alternations > 0 else {},
        starts_ms=cost.starts_ms(made),
    )


if __name__ == "__main__":
    sys.exit(main())
