"""What each tool said, and how far that is from the capture. Pure."""

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
"""The part of a turn that is measured, in ns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Said minus true for each pair that both know, in µs; ``said`` counts what the tool reported."""

    errors_us: Sequence[float]
    said: int
    kernel: int | None = None
    """How many samples the tool says the kernel stamped at both ends; None: it doesn't say."""
    one_segment: int | None = None
    """Of those compared, how many answers were one TCP segment; None where there is no such answer."""
    upper_bounds: int = 0
    """How many samples the tool calls upper bounds; they are not among the errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """Our engine's stamps beside the capture's, in ns: ours less the capture's.

    ``receive_ns`` are of replies, ``transmit_ns`` of requests, for each echo that both know; ``said`` counts
    the echoes that the engine says the kernel stamped at both ends.
    """

    receive_ns: Sequence[int]
    transmit_ns: Sequence[int]
    said: int

    @property
    def equal(self) -> int:
        return sum(difference == 0 for difference in self.receive_ns)


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


def own_turns(
    lines: Iterable[str],
    turns: dict[tuple[str, int], list[Exchange]],
    number: int,
    true_ns: Duration,
) -> Errors:
    """`bench.handshakes` or `bench.requests`, matched by local port with turn ``number``."""
    documents = [json.loads(line) for line in lines]
    said = [d for d in documents if d["wait_seconds"] is not None]
    exact = [d for d in said if not d.get("wait_is_upper_bound")]
    talks = [(d["wait_seconds"], turns.get((d["address"], d["local_port"]), ())) for d in exact]
    pairs = [(wait_s, talk[number]) for wait_s, talk in talks if len(talk) > number]
    return Errors(
        errors_us=[wait_s * 1e6 - true_ns(turn) / 1e3 for wait_s, turn in pairs],
        said=len(said),
        kernel=sum(d["timestamps"] == "kernel" for d in said),
        one_segment=sum(turn.answer_segments == 1 for _, turn in pairs),
        upper_bounds=len(said) - len(exact),
    )


def engine_mode(line: str) -> str:
    """The first line of `bench.stamps`."""
    return str(json.loads(line)["mode"])


def engine_buffer_bytes(line: str) -> int:
    """The first line of `bench.stamps`."""
    return int(json.loads(line)["receive_buffer_bytes"])


def stamps(lines: Iterable[str], truth: Sequence[Echo]) -> Stamps:
    """`bench.stamps`, matched by address, identifier and sequence; only what the kernel stamped twice."""
    true = {(echo.address, echo.identifier, echo.sequence): echo for echo in truth}
    documents = [d for line in lines if (d := json.loads(line))["timestamps"] == "kernel"]
    pairs = [(d, true.get((d["address"], d["identifier"], d["sequence"]))) for d in documents]
    return Stamps(
        receive_ns=[
            d["sent_ns"] + d["rtt_ns"] - echo.reply_ns for d, echo in pairs if echo and echo.reply_ns
        ],
        transmit_ns=[d["sent_ns"] - echo.request_ns for d, echo in pairs if echo],
        said=len(documents),
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


def blackbox(pages: Sequence[tuple[str, str]], truth: Sequence[Echo]) -> Errors:
    """(address, page of /probe?debug=true) of each echo, matched by address and the sequence it logged.

    Its identifier is not the packet's where its socket is of datagram kind. A sequence that was used twice
    for an address is left out.
    """
    true: dict[tuple[str, int], list[int | None]] = {}
    for echo in truth:
        true.setdefault((echo.address, echo.sequence), []).append(echo.rtt_ns)
    pairs = []
    for address, page in pages:
        sequence, said = _BLACKBOX_KEY.search(page), _BLACKBOX.search(page)
        if said:
            known = true.get((address, int(sequence[1])), []) if sequence else []
            pairs.append((float(said[1]) * 1e3, known[0] if len(known) == 1 else None))
    return _peer(pairs)


def smokeping(page: str, truth: Sequence[Echo]) -> Errors:
    """/metrics of smokeping_prober: the mean of each address with that of as many echoes of the capture.

    What was answered after the page was read is in the capture alone, so the first are compared.
    """
    true_ns: dict[str, list[int]] = {}
    for echo in sorted(truth, key=lambda one: one.reply_ns or 0):
        if echo.rtt_ns is not None:
            true_ns.setdefault(echo.address, []).append(echo.rtt_ns)
    said = {(m[2], m[1]): float(m[3]) for m in _SMOKEPING.finditer(page)}
    pairs = []
    for (address, kind), value in said.items():
        if kind == "count" and value > 0:
            count, known = int(value), true_ns.get(address, [])
            mean_ns = sum(known[:count]) // count if len(known) >= count else None
            pairs.append((said[address, "sum"] / count * 1e3, mean_ns))
    return _peer(pairs)


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
