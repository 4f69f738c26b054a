"""The delay that the link applied to each frame: the reference with which tests compare measurements."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

KEPT_PER_HOST = 4096


class FrameRecord(NamedTuple):
    """One forwarded frame: the columns of an `AppliedDelay` as integers, cheap to create."""

    arrived_at_ns: int
    delay_ns: int
    is_return: bool
    kind: str
    port: int
    identifier: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedDelay:
    """The one-way delay that the link applied to one frame.

    ``delay_s`` is the time from the kernel's receive timestamp on one side to the system call that sends the
    frame on the other side. ``arrived_at_s`` is that timestamp (Unix time). ``way`` is the direction: ``out``
    (agent to simulation) or ``back``. ``kind`` is ``icmp``, ``tcp-syn`` (SYN and SYN-ACK), ``tcp`` or
    ``udp``. ``port`` is the agent's; it is 0 for a ping, which has ``identifier`` and ``sequence`` instead.
    """

    arrived_at_s: float
    delay_s: float
    way: str
    kind: str
    port: int
    identifier: int
    sequence: int


class Records:
    """The latest records per host, bounded. Keys are addresses."""

    def __init__(self, kept: int = KEPT_PER_HOST) -> None:
        self._kept = kept
        self._by_host: dict[bytes, deque[FrameRecord]] = {}

    def add(self, host: bytes, record: FrameRecord) -> None:
        """Only hosts of the scenario are added, so their number is bounded too."""
        rows = self._by_host.get(host)
        if rows is None:
            rows = self._by_host[host] = deque(maxlen=self._kept)
        rows.append(record)

    def of(self, host: bytes) -> tuple[FrameRecord, ...]:
        """Oldest first."""
        return tuple(self._by_host.get(host, ()))


def applied_delay(row: Iterable[object]) -> AppliedDelay:
    """The public value of one `FrameRecord` (or of the JSON list it became)."""
    record = FrameRecord(*row)  # type: ignore[arg-type]  # written by the link process
    return AppliedDelay(
        arrived_at_s=record.arrived_at_ns / 1e9,
        delay_s=record.delay_ns / 1e9,
        way="back" if record.is_return else "out",
        kind=record.kind,
        port=record.port,
        identifier=record.identifier,
        sequence=record.sequence,
    )


def round_trips_s(delays: Iterable[AppliedDelay], kind: str) -> tuple[float, ...]:
    """The sum of both directions per exchange of ``kind`` (``icmp`` or ``tcp-syn``), in reply order.

    Exchanges without a reply, and replies whose request is no longer kept, are left out.
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
