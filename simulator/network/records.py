"""What the wire really did to each frame: the truth that measurements are judged against."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

KEPT_PER_HOST = 4096


class FrameRecord(NamedTuple):
    """One frame that went through: the columns of an `AppliedDelay`, as integers, cheap to make."""

    arrived_at_ns: int
    delay_ns: int
    is_back: bool
    kind: str
    port: int
    identifier: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedDelay:
    """The delay that one frame had on the wire, one way.

    ``delay_s`` is from the kernel's receive stamp at one side to the system call that sends it on at
    the other. ``arrived_at_s`` is that stamp (Unix time). ``way`` is ``out`` (agent to simulation) or
    ``back``. ``kind`` is ``icmp``, ``tcp-syn`` (SYN and SYN-ACK), ``tcp`` or ``udp``. ``port`` is the
    agent's, 0 for an echo, which has ``identifier`` and ``sequence`` instead.
    """

    arrived_at_s: float
    delay_s: float
    way: str
    kind: str
    port: int
    identifier: int
    sequence: int


class Records:
    """The newest records of each host, bounded. Keys are addresses."""

    def __init__(self, kept: int = KEPT_PER_HOST) -> None:
        self._kept = kept
        self._by_host: dict[bytes, deque[FrameRecord]] = {}

    def add(self, host: bytes, record: FrameRecord) -> None:
        """The wire adds only hosts of its plan, so that their number is bounded too."""
        rows = self._by_host.get(host)
        if rows is None:
            rows = self._by_host[host] = deque(maxlen=self._kept)
        rows.append(record)

    def of(self, host: bytes) -> tuple[FrameRecord, ...]:
        """Oldest first."""
        return tuple(self._by_host.get(host, ()))


def applied_delay(row: Iterable[object]) -> AppliedDelay:
    """The public value of one `FrameRecord` (or of the JSON list it became)."""
    record = FrameRecord(*row)  # type: ignore[arg-type]  # our own wire process wrote it
    return AppliedDelay(
        arrived_at_s=record.arrived_at_ns / 1e9,
        delay_s=record.delay_ns / 1e9,
        way="back" if record.is_back else "out",
        kind=record.kind,
        port=record.port,
        identifier=record.identifier,
        sequence=record.sequence,
    )


def round_trips_s(delays: Iterable[AppliedDelay], kind: str) -> tuple[float, ...]:
    """Sums of both ways of the exchanges of ``kind`` (``icmp`` or ``tcp-syn``), in the order of the answers.

    An exchange without an answer, and an answer whose request is no longer kept, is left out.
    """
    requests: dict[tuple[int, int, int], float] = {}
    sums: list[float] = []
    for delay in delays:
        key = (delay.port, delay.identifier, delay.sequence)
        if delay.kind != kind:
            continue
        if delay.way == "out":
            requests[key] = delay.delay_s
        elif key in requests:
            sums.append(requests.pop(key) + delay.delay_s)
    return tuple(sums)
