"""Round trips: one JSON object or line per round trip, and a summary table at the end."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from exporters.report import fields
from probe.model.measurements import (
    EchoBatch,
    EchoDetails,
    EchoOutcome,
    Failure,
    Measurement,
    Phase,
    Reason,
    TcpDetails,
    Timestamps,
)
from probe.model.statistics import Summary
from probe.model.targets import Method
from probe.model.text import clean

if TYPE_CHECKING:  # rich takes longer to load than the first round trip
    from rich.console import RenderableType
    from rich.text import Text

MAX_ROWS = 200


def document(measurement: Measurement, sequence: int | None = None) -> dict[str, object]:
    """One object of ``docs/schemas/ping.json``.

    ``sequence`` counts connects per target from 0. For pings it is taken from the packet; leave it out.
    """
    made: dict[str, object] = {
        "schema_version": fields.SCHEMA_VERSION,
        "target": clean(measurement.target.name),
        "address": fields.text(measurement.address),
        "method": measurement.method and measurement.method.value,
        "sequence": _sequence(measurement, sequence),
        "rtt_seconds": fields.seconds(measurement.rtt_s),
        "timestamps": fields.timestamps(measurement) if measurement.failure is None else None,
        "sent_at": fields.time(measurement.started_at_s),
        "failure": fields.failure(measurement.failure),
    }
    details = measurement.details
    if measurement.method is Method.ICMP:
        made["identifier"] = details.identifier if isinstance(details, EchoDetails) else None
    else:
        connected = details if isinstance(details, TcpDetails) else None
        made["local_port"] = connected and connected.local_port
        made["retransmits"] = connected and connected.retransmits
    return made


class EchoLines:
    """Writes batches of pings directly as JSON lines: at 10,000 per second, objects would dominate the cost.

    A line has the content of `document` for the same ping. A batch's ``indexes`` are positions in ``names``
    and ``addresses``.
    """

    def __init__(self, names: Sequence[str], addresses: Sequence[str]) -> None:
        self._heads = [
            f'{{"schema_version":{fields.SCHEMA_VERSION},"target":{(target := _quoted(name))},"address":'
            f'{target if address == name else _quoted(address)},"method":"icmp","sequence":'
            for name, address in zip(names, addresses, strict=True)
        ]
        self._second_ns, self._second = _NEVER_NS, ""

    def of(self, batch: EchoBatch) -> list[str]:
        """One line per completed request; none for duplicate and late replies."""
        tail = f',"identifier":{"null" if batch.identifier is None else batch.identifier}}}'
        heads, lines = self._heads, []
        rows = zip(
            *(batch.indexes, batch.sequences, batch.sent_ns, batch.rtt_ns, batch.stamps),
            *(batch.outcomes, batch.reasons),
            strict=True,
        )
        for index, sequence, sent_ns, rtt_ns, stamp, outcome, reason in rows:
            if outcome in _EXTRA:
                continue
            rest_ns = sent_ns - self._second_ns
            if not 0 <= rest_ns < _NS_PER_S:
                rest_ns = self._start_second(sent_ns)
            sent_at = f'"{self._second}.{rest_ns // 1000:06d}Z"' if self._second else "null"
            rtt_s = f"{rtt_ns // _NS_PER_S}.{rtt_ns % _NS_PER_S:09d}" if rtt_ns >= 0 else "null"
            failure = "null" if outcome is _ANSWERED else _FAILURES[reason]
            lines.append(
                f'{heads[index]}{sequence},"rtt_seconds":{rtt_s},"timestamps":{_STAMPS[stamp]},'
                f'"sent_at":{sent_at},"failure":{failure}{tail}'
            )
        return lines

    def _start_second(self, unix_ns: int) -> int:
        """Format the second of ``unix_ns`` once, for all pings in it; returns the nanoseconds beyond it."""
        second, rest_ns = divmod(unix_ns, _NS_PER_S)
        self._second_ns = second * _NS_PER_S
        written = fields.time(second)
        self._second = written.partition(".")[0] if written else ""
        return rest_ns


def _quoted(text: str) -> str:
    return json.dumps(clean(text), ensure_ascii=False)


def _failure(reason: Reason | None) -> str:
    failure = Failure(phase=Phase.ECHO, reason=reason or Reason.TIMED_OUT)
    return json.dumps(fields.failure(failure), separators=(",", ":"))


_NS_PER_S = 1_000_000_000
_NEVER_NS = 1 << 80
_ANSWERED = EchoOutcome.ANSWERED
_EXTRA = frozenset({EchoOutcome.DUPLICATE, EchoOutcome.LATE})
_STAMPS: Mapping[Timestamps | None, str] = {
    None: "null",
    **{stamp: f'"{stamp.value}"' for stamp in Timestamps},
}
_FAILURES = {reason: _failure(reason) for reason in (None, *Reason)}


def line(measurement: Measurement, sequence: int | None = None) -> str:
    """One line of plain text: ``10.0.0.1 seq=3 rtt=20.394 ms (kernel)``."""
    number = _sequence(measurement, sequence)
    parts = [_who(measurement)]
    if number is not None:
        parts.append(f"seq={number}")
    if (rtt_s := measurement.rtt_s) is not None:
        parts.append(f"rtt={rtt_s * 1e3:.3f} ms")
        parts.append(f"({measurement.timestamps.value if measurement.timestamps else 'no timestamp'})")
        return " ".join([*parts, *_retransmits(measurement)])
    if measurement.failure is None:
        parts.append("answered, but the RTT is discarded because the wall clock was stepped")
    else:
        failure = measurement.failure
        parts.append(f"no reply: {failure.reason.value} in {failure.phase.value}")
        if failure.detail:
            parts.append(f"({clean(failure.detail)})")
    return " ".join(parts)


def summary(summaries: Mapping[str, Summary]) -> "RenderableType":
    """One row per target, in milliseconds; at most `MAX_ROWS`."""
    from rich.console import Group
    from rich.text import Text

    from exporters.report.fitting import FittingTable, shortened

    numbers = ("sent", "lost", "loss", "min", "median", "p95", "p99", "jitter")
    without = [("jitter",), ("p99",), ("p95",), ("sent",), ("min",), ("lost",)]
    table = FittingTable(
        variants=shortened(("target", *numbers), without),
        rows=[_cells(name, of) for name, of in list(summaries.items())[:MAX_ROWS]],
        numbers=numbers,
    )
    rest = len(summaries) - MAX_ROWS
    notes = [Text("times in ms; p95 needs at least 20 replies, p99 at least 100", style="dim")]
    if rest > 0:
        notes.append(Text(f"and {rest} more targets; use --format json for every round trip"))
    return Group(table, *notes)


def _cells(name: str, of: Summary) -> "Mapping[str, Text]":
    from rich.text import Text

    from exporters.report import formatting

    times = {"min": of.min_s, "median": of.median_s, "p95": of.p95_s, "p99": of.p99_s, "jitter": of.jitter_s}
    return {
        "target": Text(clean(name)),
        "sent": Text(str(of.samples + of.lost)),
        "lost": Text(str(of.lost)),
        "loss": Text(formatting.percent(of.loss_ratio), style="bold red" if of.lost else "green"),
        **{column: Text(formatting.milliseconds(time_s)) for column, time_s in times.items()},
    }


def _sequence(measurement: Measurement, given: int | None) -> int | None:
    if isinstance(measurement.details, EchoDetails):
        return measurement.details.sequence
    return given


def _who(measurement: Measurement) -> str:
    name, address = clean(measurement.target.name), measurement.address
    return name if address is None or address == name else f"{name} ({clean(address)})"


def _retransmits(measurement: Measurement) -> list[str]:
    details = measurement.details
    if isinstance(details, TcpDetails) and details.retransmits:
        return [f"retransmits={details.retransmits}"]
    return []
