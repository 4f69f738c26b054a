"""What each tool said, and how far that is from the capture. Pure."""

import json
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.packets import Echo

_FPING = re.compile(r"^(?:\[[\d.]+\] )?(\S+) +: \[(\d+)\], \d+ bytes, ([\d.]+) ms")
_PING = re.compile(r"icmp_seq=(\d+) ttl=\d+ time=([\d.]+) ms")
_BLACKBOX = re.compile(r'^probe_icmp_duration_seconds\{phase="rtt"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Said minus true for each pair that both know, in µs; ``said`` counts what the tool reported."""

    errors_us: Sequence[float]
    said: int
    kernel: int | None = None
    """How many samples the tool says the kernel stamped at both ends; None: it doesn't say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    tool: str
    method: str
    load: str
    found: Errors
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU of one run: user and system seconds; ``lost`` of its ``echoes`` had no answer."""

    cpu_s: float
    echoes: int
    lost: int

    @property
    def each_us(self) -> float:
        return self.cpu_s / self.echoes * 1e6 if self.echoes else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that is printed. ``peers``: (tool, version or why not, command)."""

    machine: str
    rows: Sequence[Row]
    peers: Sequence[tuple[str, str, str]]
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    starts_ms: dict[str, list[float]] = field(default_factory=dict)


def own_echoes(lines: Iterable[str], truth: Sequence[Echo]) -> Errors:
    """`xks-probe ping --format json`, matched by address, identifier and sequence."""
    true_ns = {(echo.address, echo.identifier, echo.sequence): echo.rtt_ns for echo in truth}
    documents = [json.loads(line) for line in lines]
    pairs = [
        (d["rtt_seconds"], true_ns.get((d["address"], d["identifier"], d["sequence"]))) for d in documents
    ]
    return _own(documents, pairs)


def own_connects(lines: Iterable[str], true_ns: dict[tuple[str, int], int]) -> Errors:
    """`xks-probe ping --method tcp --format json`, matched by address and local port."""
    documents = [json.loads(line) for line in lines]
    pairs = [(d["rtt_seconds"], true_ns.get((d["address"], d.get("local_port")))) for d in documents]
    return _own(documents, pairs)


def _own(documents: Sequence[dict[str, Any]], pairs: Sequence[tuple[float | None, int | None]]) -> Errors:
    return Errors(
        errors_us=[s * 1e6 - ns / 1e3 for s, ns in pairs if s is not None and ns is not None],
        said=sum(s is not None for s, _ in pairs),
        kernel=sum(d["timestamps"] == "kernel" for d in documents),
    )


def fping(text: str, truth: Sequence[Echo]) -> Errors:
    """`fping -C n -D`: the index is that of the echo to this address."""
    said = [(m[1], int(m[2]), float(m[3])) for line in text.splitlines() if (m := _FPING.match(line))]
    true_ns = {key: echo.rtt_ns for key, echo in _numbered(truth).items()}
    pairs = [(ms, true_ns.get((address, index))) for address, index, ms in said]
    return _peer(pairs)


def iputils(text: str, truth: Sequence[Echo]) -> Errors:
    """`ping -D` to one address, matched by sequence."""
    true_ns = {echo.sequence: echo.rtt_ns for echo in truth}
    return _peer([(float(m[2]), true_ns.get(int(m[1]))) for m in _PING.finditer(text)])


def blackbox(pages: Sequence[str], truth: Sequence[Echo]) -> Errors:
    """One page of /probe for each echo, in the order of the capture; nothing if their numbers differ."""
    said = [float(m[1]) * 1e3 if (m := _BLACKBOX.search(page)) else None for page in pages]
    if len(said) != len(truth):
        return Errors(errors_us=(), said=len(said))
    return _peer([(ms, echo.rtt_ns) for ms, echo in zip(said, truth, strict=True) if ms is not None])


def _peer(pairs: Sequence[tuple[float, int | None]]) -> Errors:
    return Errors(errors_us=[ms * 1e3 - ns / 1e3 for ms, ns in pairs if ns is not None], said=len(pairs))


def _numbered(truth: Sequence[Echo]) -> dict[tuple[str, int], Echo]:
    """(address, how many were sent there before) -> echo."""
    before: dict[str, int] = {}
    found = {}
    for echo in sorted(truth, key=lambda one: one.request_ns):
        number = before.get(echo.address, 0)
        before[echo.address] = number + 1
        found[echo.address, number] = echo
    return found


def fping_losses(text: str) -> tuple[int, int]:
    """`fping -q -C n` -> (echoes accounted for, those unanswered)."""
    values = [
        value
        for line in text.splitlines()
        if re.match(r"^\S+ +:( (-|[\d.]+))+ *$", line)
        for value in line.partition(" : ")[2].split()
    ]
    return len(values), values.count("-")


def own_losses(lines: Iterable[str]) -> tuple[int, int]:
    """`xks-probe ping --format json` -> (echoes accounted for, those without a round trip)."""
    values = [json.loads(line)["rtt_seconds"] for line in lines]
    return len(values), values.count(None)


def p99(values: Sequence[float]) -> float:
    """The nearest-rank 99th percentile of the absolute values."""
    ordered = sorted(abs(value) for value in values)
    return ordered[-(-99 * len(ordered) // 100) - 1]


def tables(results: Results) -> str:
    """Markdown."""
    parts = [results.machine, _accuracy_table(results.rows), _peer_table(results.peers)]
    if results.costs:
        parts.append(_cost_table(results.costs))
    if results.starts_ms:
        parts.append(_start_table(results.starts_ms))
    return "\n\n".join(parts) + "\n"


def _accuracy_table(rows: Sequence[Row]) -> str:
    lines = [
        "| tool | method | load | samples | error p50, µs | p99 of abs(error), µs | kernel | capture lost |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        errors = row.found.errors_us
        numbers = f"{statistics.median(errors):.1f} | {p99(errors):.1f}" if errors else "- | -"
        kernel = "not said" if row.found.kernel is None else f"{row.found.kernel} of {row.found.said}"
        lines.append(
            f"| {row.tool} | {row.method} | {row.load} | {len(errors)} of {row.found.said} | {numbers} "
            f"| {kernel} | {row.dropped} |"
        )
    return "\n".join(lines)


def _peer_table(peers: Sequence[tuple[str, str, str]]) -> str:
    lines = ["| tool | version | command |", "| --- | --- | --- |"]
    return "\n".join(lines + [f"| {tool} | {version} | {command} |" for tool, version, command in peers])


def _cost_table(costs: dict[str, list[Cost]]) -> str:
    lines = [
        "| tool | runs | echoes in each | lost in all | CPU an echo, µs: median (least to most) |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    medians = []
    for tool, runs in costs.items():
        each_us = sorted(run.each_us for run in runs)
        medians.append(statistics.median(each_us))
        counts = " / ".join(sorted({str(run.echoes) for run in runs}))
        lines.append(
            f"| {tool} | {len(runs)} | {counts} | {sum(run.lost for run in runs)} "
            f"| {medians[-1]:.1f} ({each_us[0]:.1f} to {each_us[-1]:.1f}) |"
        )
    table = "\n".join(lines)
    names = list(costs)
    if len(names) > 1:
        table += f"\n\n{names[0]} over {names[1]}: {medians[0] / medians[1]:.2f}."
    return table


def _start_table(starts_ms: dict[str, list[float]]) -> str:
    lines = ["| command | runs | from exec to exit, ms: median |", "| --- | ---: | ---: |"]
    rows = [f"| `{name}` | {len(ms)} | {statistics.median(ms):.0f} |" for name, ms in starts_ms.items()]
    return "\n".join(lines + rows)


def between_markers(page: str, text: str) -> str:
    """``page`` with ``text`` between its two markers. Raises ValueError if it hasn't both."""
    begin, end = "<!-- bench: begin -->", "<!-- bench: end -->"
    before, found, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"the page has not both {begin} and {end}")
    return f"{before}{begin}\n\n{text}\n{end}{after}"
