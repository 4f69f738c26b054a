"""The results as Markdown tables. Pure."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.readings import Errors, Stamps

OWN = "xks-probe"

# What the columns of each table are.
_ERRORS = (
    "Each row compares one tool with the capture of its run. *samples*: how many of the reported values have"
    " a match in the capture. *median*, *p99 of absolute* and *maximum*: of the error; 99 % of the errors are"
    " at most p99, regardless of sign. *kernel timestamps*: samples whose two timestamps are both the"
    " kernel's."
)
_STAMPS = (
    "xks-probe's ICMP engine prints its timestamps in nanoseconds, and each is compared with the capture's"
    " timestamp of the same packet. *transmit*: how much later xks-probe's transmit timestamp is, median"
    " (minimum to maximum)."
)
_COSTS = (
    "*CPU per ping*: median (minimum to maximum) of the runs. *receive buffer*: as the kernel counts it,"
    " twice the requested size."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    tool: str
    method: str
    load: str
    found: Errors
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StampRow:
    """``mode`` is the kind of socket: datagram or raw."""

    mode: str
    load: str
    found: Stamps


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """``version``, or why the tool has no row; ``resolution`` of the values it reports."""

    tool: str
    version: str
    command: str = ""
    resolution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU time (user and system) of one run; ``lost`` of its ``echoes`` had no reply."""

    cpu_s: float
    echoes: int
    lost: int

    @property
    def each_us(self) -> float:
        return self.cpu_s / self.echoes * 1e6 if self.echoes else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """All runs of one command; ``buffer_bytes`` is the effective receive buffer, if known."""

    tool: str
    command: str
    condition: str
    runs: Sequence[Cost]
    buffer_bytes: int | None = None

    @property
    def median_us(self) -> float:
        return statistics.median(run.each_us for run in self.runs)

    @property
    def lost(self) -> int:
        return sum(run.lost for run in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything to print. ``extra`` are complete Markdown sections of other measurements."""

    machine: str
    rows: Sequence[Row]
    peers: Sequence[Peer]
    stamps: Sequence[StampRow] = ()
    costs: Sequence[CostRow] = ()
    starts_ms: Sequence[tuple[str, Sequence[float]]] = ()
    extra: Sequence[str] = ()


def p99(values: Sequence[float]) -> float:
    """The nearest-rank 99th percentile of the absolute values."""
    ordered = sorted(abs(value) for value in values)
    return ordered[-(-99 * len(ordered) // 100) - 1]


def markdown(results: Results, plots: Sequence[tuple[str, str]] = ()) -> str:
    """``plots``: pairs (text alternative, path relative to the page)."""
    parts = [results.machine, *(f"![{alt}]({path})" for alt, path in plots)]
    parts += ["### Error against the capture", _ERRORS, _accuracy_table(results.rows)]
    parts += _notes(results.rows)
    if results.stamps:
        parts += ["### Timestamp comparison", _STAMPS, _stamp_table(results.stamps)]
    parts += ["### The other tools", _peer_table(results.peers)]
    if results.costs:
        parts += ["### CPU cost per ping", _COSTS, _cost_table(results.costs)]
        parts += _comparisons(results.costs)
    if results.starts_ms:
        parts += ["### Start", _start_table(results.starts_ms)]
    parts += results.extra
    shortcomings = list(_shortcomings(results))
    if shortcomings:
        parts += ["### Limitations", "\n".join(f"- {text}" for text in shortcomings)]
    return "\n\n".join(parts) + "\n"


def _accuracy_table(rows: Sequence[Row]) -> str:
    lines = [
        (
            "| tool | method | load | samples | median, µs | p99 of absolute, µs | maximum, µs "
            "| kernel timestamps | dropped by capture |"
        ),
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        errors = row.found.errors_us
        numbers = "- | - | -"
        if errors:
            numbers = f"{statistics.median(errors):.1f} | {p99(errors):.1f} | {max(map(abs, errors)):.1f}"
        kernel = "n/a" if row.found.kernel is None else f"{row.found.kernel} of {row.found.reported}"
        lines.append(
            f"| {row.tool} | {row.method} | {row.load} | {len(errors)} of {row.found.reported} | {numbers} "
            f"| {kernel} | {row.dropped} |"
        )
    return "\n".join(lines)


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    answered = [row.found for row in rows if row.found.one_segment is not None]
    if answered:
        one = sum(found.one_segment or 0 for found in answered)
        total = sum(len(found.errors_us) for found in answered)
        yield f"TLS and HTTP responses that were one TCP segment in the capture: {one} of {total}."
    bounds = sum(found.upper_bounds for found in answered)
    if bounds:
        said = sum(found.reported for found in answered)
        yield (
            f"{bounds} of these {said} samples are flagged as upper bounds (more than one segment had"
            " arrived before the first read); they are excluded from the errors."
        )


def _stamp_table(rows: Sequence[StampRow]) -> str:
    lines = [
        (
            "| socket | load | receive timestamps equal to the capture's | maximum difference, ns "
            "| transmit, µs |"
        ),
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for row in rows:
        received, sent = row.found.receive_ns, sorted(row.found.transmit_ns)
        largest = str(max(map(abs, received))) if received else "-"
        spread = "-"
        if sent:
            spread = f"{statistics.median(sent) / 1e3:.1f} ({sent[0] / 1e3:.1f} to {sent[-1] / 1e3:.1f})"
        lines.append(
            f"| {row.mode} | {row.load} | {row.found.equal} of {row.found.reported} | {largest} | {spread} |"
        )
    return "\n".join(lines)


def _peer_table(peers: Sequence[Peer]) -> str:
    lines = ["| tool | version | command | what it reports |", "| --- | --- | --- | --- |"]
    lines += [f"| {peer.tool} | {peer.version} | {peer.command} | {peer.resolution} |" for peer in peers]
    return "\n".join(lines)


def _cost_table(costs: Sequence[CostRow]) -> str:
    lines = [
        (
            "| tool | command | buffer limit | receive buffer, bytes | runs | pings per run | lost "
            "| CPU per ping, µs |"
        ),
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in costs:
        each_us = [run.each_us for run in row.runs]
        counts = " / ".join(sorted({str(run.echoes) for run in row.runs}))
        got = "n/a" if row.buffer_bytes is None else f"{row.buffer_bytes:,}"
        lines.append(
            f"| {row.tool} | `{row.command}` | {row.condition} | {got} | {len(row.runs)} | {counts} "
            f"| {row.lost} | {row.median_us:.1f} ({min(each_us):.1f} to {max(each_us):.1f}) |"
        )
    return "\n".join(lines)


def _comparisons(costs: Sequence[CostRow]) -> Iterator[str]:
    for own, peer in _cost_pairs(costs):
        ratio = own.median_us / peer.median_us
        yield f"CPU per ping, {own.tool} / {peer.tool}, buffer limit {own.condition}: {ratio:.2f}."


def _cost_pairs(costs: Sequence[CostRow]) -> Iterator[tuple[CostRow, CostRow]]:
    for own in costs:
        for peer in costs:
            if own.tool == OWN and peer.tool != OWN and own.condition == peer.condition:
                yield own, peer


def _start_table(starts_ms: Sequence[tuple[str, Sequence[float]]]) -> str:
    lines = [
        "| command | runs | from fork to exit, ms: median (minimum to maximum) |",
        "| --- | ---: | ---: |",
    ]
    lines += [
        f"| `{command}` | {len(ms)} | {statistics.median(ms):.0f} ({min(ms):.0f} to {max(ms):.0f}) |"
        for command, ms in starts_ms
    ]
    return "\n".join(lines)


def _shortcomings(results: Results) -> Iterator[str]:
    """Where xks-probe is worse than another tool, or a measurement is incomplete."""
    for row in results.rows:
        yield from _missing(row)
    yield from _better_peers(results.rows)
    for stamps in results.stamps:
        unequal = stamps.found.reported - stamps.found.equal
        if unequal:
            yield (
                f"{unequal} of {stamps.found.reported} receive timestamps ({stamps.mode} socket, "
                f"{stamps.load}) differ from the capture's, or are not in it."
            )
    for own, peer in _cost_pairs(results.costs):
        if own.median_us > peer.median_us:
            yield (
                f"A ping costs more with {own.tool} than with {peer.tool} (buffer limit: {own.condition}): "
                f"{own.median_us:.1f} µs, not {peer.median_us:.1f}."
            )
    for cost in results.costs:
        if cost.tool == OWN and cost.lost:
            yield f"{cost.lost} pings of {cost.tool} were lost (buffer limit: {cost.condition})."


def _missing(row: Row) -> Iterator[str]:
    found = row.found
    unmatched = found.reported - len(found.errors_us) - found.upper_bounds
    if unmatched:
        yield f"{unmatched} of {found.reported} values of {_named(row)} have no match in the capture."
    if row.tool == OWN and found.kernel is not None and found.kernel < found.reported:
        lacking = found.reported - found.kernel
        yield f"{lacking} of {found.reported} samples of {_named(row)} lack a kernel timestamp."
    if row.dropped:
        yield f"The capture of {_named(row)} dropped {row.dropped} frames."


def _better_peers(rows: Sequence[Row]) -> Iterator[str]:
    for own in rows:
        for peer in rows:
            comparable = (own.method, own.load) == (peer.method, peer.load) and own.tool == OWN
            if not comparable or peer.tool == OWN or not (own.found.errors_us and peer.found.errors_us):
                continue
            own_us, theirs_us = p99(own.found.errors_us), p99(peer.found.errors_us)
            if theirs_us < own_us:
                yield (
                    f"{peer.tool} has a smaller 99th percentile for {own.method}, {own.load}: "
                    f"{theirs_us:.1f} µs against {own_us:.1f} µs."
                )


def _named(row: Row) -> str:
    return f"{row.tool} ({row.method}, {row.load})"


def between_markers(page: str, text: str) -> str:
    """``page`` with ``text`` between its two markers. Raises ValueError if a marker is missing."""
    begin, end = "<!-- bench: begin -->", "<!-- bench: end -->"
    before, found, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"the page lacks the marker {begin} or {end}")
    return f"{before}{begin}\n\n{text}\n{end}{after}"
