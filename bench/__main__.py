"""Compares xks-probe with a packet capture and with other tools, and prints Markdown.

Needs root or user namespaces.

make bench            (or: python -m bench [--write] [--keep DIRECTORY] [--stock-buffers])
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench import conversations, cost, exactness, lab, peers, plots, scale, tls_cost
from bench.tables import Results, between_markers, markdown
from probe import __version__
from simulator import capability

RUNS = 10
_PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"

Section = Callable[[lab.Lab, Path], str]
# More measurements in the same lab. Each returns a section of Markdown with its own heading (###).
SECTIONS: tuple[Section, ...] = (scale.section, tls_cost.section)


def main() -> int:
    """Returns 1 if the lab cannot be created, or the requested limits cannot be set."""
    options = _options()
    able = capability()
    if not able.namespaces:
        print(f"the lab needs namespaces: {able.why}; {able.remedy}", file=sys.stderr)
        return 1
    if options.stock_buffers and not cost.may_set_limits():
        print("--stock-buffers must run as root, because it sets net.core.rmem_max", file=sys.stderr)
        return 1
    with ExitStack() as stack:
        keep = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        keep.mkdir(parents=True, exist_ok=True)
        results = _measure(stack.enter_context(lab.lab()), keep, options)
    drawn = plots.drawn(results)
    text = markdown(results, [(plot.alt, f"images/{plot.file}") for plot in drawn])
    print(text)
    if options.write:
        for plot in drawn:
            (_PAGE.parent / "images" / plot.file).write_text(plot.svg, "utf-8")
        _PAGE.write_text(between_markers(_PAGE.read_text("utf-8"), text), "utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--write", action="store_true", help="write tables and plots to docs/performance.md and docs/images"
    )
    parser.add_argument(
        "--keep", type=Path, help="directory for captures and outputs (default: a temporary one)"
    )
    parser.add_argument(
        "--stock-buffers",
        action="store_true",
        help="also measure the cost with stock socket buffers: without CAP_NET_ADMIN, and with "
        f"net.core.rmem_max set to {cost.STOCK_BUFFER_BYTES} for the whole machine (needs root)",
    )
    parser.add_argument("--runs", type=int, default=RUNS, help="number of cost runs per tool (0: none)")
    return parser.parse_args()


def _flags(options: argparse.Namespace) -> list[str]:
    """The options that change what is measured."""
    stock = ["--stock-buffers"] if options.stock_buffers else []
    return [*stock, *([] if options.runs == RUNS else ["--runs", str(options.runs)])]


def _measure(made: lab.Lab, keep: Path, options: argparse.Namespace) -> Results:
    system = f"{platform.system()} {platform.release()}, {os.cpu_count()} cores"
    day = datetime.now(UTC).date()
    command = " ".join(["python -m bench", *_flags(options)])
    rows = [*exactness.rows(made, keep), *conversations.rows(made, keep)]
    return Results(
        machine=f"Measured on {day} with xks-probe {__version__} and `{command}`, on {system}, "
        f"Python {platform.python_version()}.",
        rows=rows,
        stamps=list(exactness.stamps(made, keep)),
        peers=peers.described(exactness.EACH, exactness.TARGETS),
        costs=cost.costs(made, keep, options.runs, stock=options.stock_buffers) if options.runs > 0 else (),
        starts_ms=cost.starts_ms(made),
        extra=[section(made, keep) for section in SECTIONS],
    )


if __name__ == "__main__":
    sys.exit(main())
