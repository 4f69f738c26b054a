"""How exact `xks-probe ping` is: round trips in the simulated network against the wire's own record.

    make bench            (or: python bench/accuracy.py [--count 500])

Each round trip is compared with the delay that the wire really applied to the two frames of that very
exchange (found by ICMP identifier and sequence, or by TCP port), idle and with every core busy. What remains
is the time of the kernels, the veth links and the wire's system calls, so the error shown is an upper bound
of the instrument's own. Prints a Markdown table. Needs root, or user namespaces; as an ordinary user the wire
itself is late on busy cores.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from probe.world import AppliedDelay, World, capability, load_scenario, start

TARGET = "hsm-1"
KINDS = {"icmp": "icmp", "tcp": "tcp-syn"}


def main() -> int:
    """Measure and print; 1 where there can be no simulated network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=500, help="round trips in each row")
    count = parser.parse_args().count
    able = capability()
    if not able.namespaces:
        print(f"no simulated network here: {able.why}; {able.remedy}", file=sys.stderr)
        return 1
    print("| method | load | samples | error p50, µs | p99 of abs(error), µs | stamped by the kernel |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    with start(load_scenario("healthy"), enter=False) as world:
        for method in KINDS:
            for load, burden in (("idle", 0), ("all cores busy", os.cpu_count() or 1)):
                with busy(burden):
                    lines = ping(world, method, count)
                print(row(method, load, lines, world.applied(world.address(TARGET))))
    return 0


def ping(world: World, method: str, count: int) -> list[dict[str, Any]]:
    """The JSON lines of one run of the product."""
    command = [
        sys.executable,
        "-m",
        "probe",
        "ping",
        world.address(TARGET),
        "--method",
        method,
        "-n",
        str(count),
    ]
    done = world.run([*command, "-i", "0.02", "--format", "json"], timeout_s=60 + count * 0.05)
    return [json.loads(line) for line in done.stdout.splitlines()]


def row(method: str, load: str, lines: Sequence[dict[str, Any]], applied: Sequence[AppliedDelay]) -> str:
    """One line of the table."""
    errors_us = sorted(errors(method, lines, applied))
    absolute = sorted(abs(error) for error in errors_us)
    kernel = sum(line["timestamps"] == "kernel" for line in lines)
    p99 = absolute[min(len(absolute) - 1, -(-99 * len(absolute) // 100) - 1)]
    middle = statistics.median(errors_us)
    return f"| {method} | {load} | {len(errors_us)} | {middle:.1f} | {p99:.1f} | {kernel} of {len(lines)} |"


def errors(method: str, lines: Sequence[dict[str, Any]], applied: Sequence[AppliedDelay]) -> Iterator[float]:
    """Measured minus applied, in µs, for each exchange that both sides know."""
    truth_s: dict[tuple[int, int, int], list[float]] = {}
    for delay in applied:
        if delay.kind == KINDS[method]:
            truth_s.setdefault((delay.port, delay.identifier, delay.sequence), []).append(delay.delay_s)
    for line in lines:
        echo = method == "icmp"
        key = (0, line["identifier"], line["sequence"]) if echo else (line["local_port"], 0, 0)
        ways = truth_s.get(key, [])
        if line["rtt_seconds"] is not None and len(ways) == 2:  # noqa: PLR2004 - one frame each way, none repeated
            yield (line["rtt_seconds"] - sum(ways)) * 1e6


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that never rest."""
    hogs = [multiprocessing.get_context("fork").Process(target=_burn, daemon=True) for _ in range(processes)]
    for hog in hogs:
        hog.start()
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.join()


def _burn() -> None:
    while True:
        pass


if __name__ == "__main__":
    sys.exit(main())
