"""Parses the output of each tool and computes its error against the capture. Pure."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.packets import Echo, Exchange

_FPING = re.compile(r"^(?:\[[\d.]+\] )?(\S+) +: \[(\d+)\], \d+ bytes, ([\d.]+) ms")
_PING = re.compile(r"icmp_seq=(\d+) ttl=\d+ time=([\d.]+) ms")
_BLACKBOX_KEY = re.compile(r'msg="Creating ICMP packet" seq=(\d+)')
_SMOKEPING = re.compile(
    r'^smokeping_response_duration_seconds_(sum|count)\{host="[^"]*",ip="([^"]+)"\} (\S+)$', re.MULTILINE
)
_BLACKBOX = re.compile(r'^probe_icmp_duration_seconds\{phase="rtt"\} (\S+)$', re.MULTILINE)

Duration = Callable[[Exchange], int]
"""The measured part of an exchange, in ns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Reported minus reference per matched sample, in µs; ``reported`` counts all samples of the tool."""

    errors_us: Sequence[float]
    reported: int
    kernel: int | None = None
    """How many samples have kernel timestamps at both ends; None if the tool does not report it."""
    one_segment: int | None = None
    """How many of the compared responses were one TCP segment; None if it does not apply."""
    upper_bounds: int = 0
    """How many samples the tool flags as upper bounds; they are not in the errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """The engine's timestamps minus those of the capture, in ns.

    ``receive_ns`` are for replies, ``transmit_ns`` for requests, per matched ping. ``reported`` counts the
    pings that have kernel timestamps at both ends according to the engine.
    """

    receive_ns: Sequence[int]
    transmit_ns: Sequence[int]
    reported: int

    @property
    def equal(self) -> int:
        return sum(difference == 0 for difference in self.receive_ns)


def own_echoes(lines: Iterable[str], reference: Sequence[Echo]) -> Errors:
    """`xks-probe ping --format json`, matched by address, identifier and sequence."""
    reference_ns = {(echo.address, echo.identifier, echo.sequence): echo.rtt_ns for echo in reference}
    documents = [json.loads(line) for line in lines]
    pairs = [
        (d["rtt_seconds"], reference_ns.get((d["address"], d["identifier"], d["sequence"])))
        for d in documents
    ]
    return _own(documents, pairs)


def own_connects(lines: Iterable[str], reference_ns: dict[tuple[str, int], int]) -> Errors:
    """`xks-probe ping --method tcp --format json`, matched by address and local port."""
    documents = [json.loads(line) for line in lines]
    pairs = [(d["rtt_seconds"], reference_ns.get((d["address"], d.get("local_port")))) for d in documents]
    return _own(documents, pairs)


def _own(documents: Sequence[dict[str, Any]], pairs: Sequence[tuple[float | None, int | None]]) -> Errors:
    return Errors(
        errors_us=[s * 1e6 - ns / 1e3 for s, ns in pairs if s is not None and ns is not None],
        reported=sum(s is not None for s, _ in pairs),
        kernel=sum(d["timestamps"] == "kernel" for d in documents),
    )


def own_exchanges(
    lines: Iterable[str],
    exchanges: dict[tuple[str, int], list[Exchange]],
    number: int,
    reference_ns: Duration,
) -> Errors:
    """`bench.handshakes` or `bench.requests`, matched by local port with exchange ``number``."""
    documents = [json.loads(line) for line in lines]
    reported = [d for d in documents if d["wait_seconds"] is not None]
    exact = [d for d in reported if not d.get("wait_is_upper_bound")]
    talks = [(d["wait_seconds"], exchanges.get((d["address"], d["local_port"]), ())) for d in exact]
    pairs = [(wait_s, talk[number]) for wait_s, talk in talks if len(talk) > number]
    return Errors(
        errors_us=[wait_s * 1e6 - reference_ns(exchange) / 1e3 for wait_s, exchange in pairs],
        reported=len(reported),
        kernel=sum(d["timestamps"] == "kernel" for d in reported),
        one_segment=sum(exchange.response_segments == 1 for _, exchange in pairs),
        upper_bounds=len(reported) - len(exact),
    )


def engine_mode(line: str) -> str:
    """The first line of `bench.stamps`."""
    return str(json.loads(line)["mode"])


def engine_buffer_bytes(line: str) -> int:
    """The first line of `bench.stamps`."""
    return int(json.loads(line)["receive_buffer_bytes"])


def stamps(lines: Iterable[str], reference: Sequence[Echo]) -> Stamps:
    """`bench.stamps`, matched by address, identifier and sequence; only with two kernel timestamps."""
    by_key = {(echo.address, echo.identifier, echo.sequence): echo for echo in reference}
    documents = [d for line in lines if (d := json.loads(line))["timestamps"] == "kernel"]
    pairs = [(d, by_key.get((d["address"], d["identifier"], d["sequence"]))) for d in documents]
    return Stamps(
        receive_ns=[
            d["sent_ns"] + d["rtt_ns"] - echo.reply_ns for d, echo in pairs if echo and echo.reply_ns
        ],
        transmit_ns=[d["sent_ns"] - echo.request_ns for d, echo in pairs if echo],
        reported=len(documents),
    )


def fping(text: str, reference: Sequence[Echo]) -> Errors:
    """`fping -C n -D`: the index counts the pings to this address."""
    reported = [(m[1], int(m[2]), float(m[3])) for line in text.splitlines() if (m := _FPING.match(line))]
    reference_ns = {key: echo.rtt_ns for key, echo in _numbered(reference).items()}
    pairs = [(ms, reference_ns.get((address, index))) for address, index, ms in reported]
    return _peer(pairs)


def iputils(text: str, reference: Sequence[Echo]) -> Errors:
    """`ping -D` to one address, matched by sequence."""
    reference_ns = {echo.sequence: echo.rtt_ns for echo in reference}
    return _peer([(float(m[2]), reference_ns.get(int(m[1]))) for m in _PING.finditer(text)])


def blackbox(pages: Sequence[tuple[str, str]], reference: Sequence[Echo]) -> Errors:
    """(address, page of /probe?debug=true) per ping, matched by address and the logged sequence.

    On a datagram socket the logged identifier is not the packet's. A sequence that was used twice for an
    address is left out.
    """
    by_sequence: dict[tuple[str, int], list[int | None]] = {}
    for echo in reference:
        by_sequence.setdefault((echo.address, echo.sequence), []).append(echo.rtt_ns)
    pairs = []
    for address, page in pages:
        sequence, reported = _BLACKBOX_KEY.search(page), _BLACKBOX.search(page)
        if reported:
            known = by_sequence.get((address, int(sequence[1])), []) if sequence else []
            pairs.append((float(reported[1]) * 1e3, known[0] if len(known) == 1 else None))
    return _peer(pairs)


def smokeping(page: str, reference: Sequence[Echo]) -> Errors:
    """/metrics of smokeping_prober: the mean per address, compared with the mean of as many captured pings.

    The capture also has pings answered after the page was read, so only the first ones are compared.
    """
    reference_ns: dict[str, list[int]] = {}
    for echo in sorted(reference, key=lambda one: one.reply_ns or 0):
        if echo.rtt_ns is not None:
            reference_ns.setdefault(echo.address, []).append(echo.rtt_ns)
    reported = {(m[2], m[1]): float(m[3]) for m in _SMOKEPING.finditer(page)}
    pairs = []
    for (address, kind), value in reported.items():
        if kind == "count" and value > 0:
            count, known = int(value), reference_ns.get(address, [])
            mean_ns = sum(known[:count]) // count if len(known) >= count else None
            pairs.append((reported[address, "sum"] / count * 1e3, mean_ns))
    return _peer(pairs)


def _peer(pairs: Sequence[tuple[float, int | None]]) -> Errors:
    return Errors(errors_us=[ms * 1e3 - ns / 1e3 for ms, ns in pairs if ns is not None], reported=len(pairs))


def _numbered(reference: Sequence[Echo]) -> dict[tuple[str, int], Echo]:
    """(address, number of earlier pings to it) -> ping."""
    before: dict[str, int] = {}
    found = {}
    for echo in sorted(reference, key=lambda one: one.request_ns):
        number = before.get(echo.address, 0)
        before[echo.address] = number + 1
        found[echo.address, number] = echo
    return found


def fping_losses(text: str) -> tuple[int, int]:
    """`fping -q -C n` -> (completed pings, those unanswered)."""
    values = [
        value
        for line in text.splitlines()
        if re.match(r"^\S+ +:( (-|[\d.]+))+ *$", line)
        for value in line.partition(" : ")[2].split()
    ]
    return len(values), values.count("-")


def own_losses(lines: Iterable[str]) -> tuple[int, int]:
    """`xks-probe ping --format json` -> (completed pings, those without a round trip)."""
    values = [json.loads(line)["rtt_seconds"] for line in lines]
    return len(values), values.count(None)
