"""A sink that remembers: windows of round trips, the newest measurements, the latest failures. Bounded.

For each (target, method) a ring holds the round trips of the last 600 s. Where there are more than fit,
the oldest are dropped: the window then reaches less far back, and its ``span_s`` says so. A ring has 1,024
places, fewer when there are so many targets that all rings together would pass a million (16 bytes each).

An answer whose time a step of the wall clock spoilt is neither a sample nor a loss.

Times are Unix seconds. Only targets of the last `on_targets` are kept: a result that comes in for a target
that was removed is dropped, and one that changed its address begins anew.
"""

from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan

from probe.model.measurements import (
    EchoBatch,
    EchoDetails,
    EchoOutcome,
    Failure,
    Measurement,
    Phase,
    Reason,
    Timestamps,
)
from probe.model.statistics import Window
from probe.model.survey import Survey
from probe.model.targets import Check, Method, Target
from probe.model.verdicts import Report
from probe.statistics import summarize
from probe.wire.hostport import is_ipv4

SPAN_S = 600.0
RING_PLACES = 1024
LEAST_RING_PLACES = 64
ALL_PLACES = 1_000_000
RECENT = 8
FAILURES = 16
# A duplicate or late reply belongs to a request that has ended already: it is no further sample.
_ENDED = frozenset({EchoOutcome.ANSWERED, EchoOutcome.FAILED, EchoOutcome.TIMED_OUT})


# What this machine refused never was on the network: it is a failure, and no lost round trip.
_OURS = frozenset({Reason.NOT_PERMITTED, Reason.OVER_LIMIT})


class _Ring:
    """Times and round trips, oldest first once unrolled; NaN is a lost one (arrays have no None)."""

    __slots__ = ("_next", "_places", "_rtts_s", "_times_s")

    def __init__(self, places: int) -> None:
        self._places = places
        self._next = 0
        self._times_s, self._rtts_s = array("d"), array("d")

    def append(self, time_s: float, rtt_s: float) -> None:
        if len(self._times_s) < self._places:
            self._times_s.append(time_s)
            self._rtts_s.append(rtt_s)
            return
        self._times_s[self._next] = time_s
        self._rtts_s[self._next] = rtt_s
        self._next = (self._next + 1) % self._places

    def since(self, start_s: float) -> list[tuple[float, float | None]]:
        """(time, round trip) from ``start_s`` on, in the order of sending (a time-out ends late)."""
        samples = [
            (time, None if isnan(rtt) else rtt)
            for time, rtt in zip(self._times_s, self._rtts_s, strict=True)
            if time >= start_s
        ]
        samples.sort(key=_time_of)
        return samples

    def last(self, n: int) -> list[tuple[float, float | None]]:
        """The same of the ``n`` newest: time-outs end late, so some more are put in order."""
        places = len(self._times_s)
        if places <= 2 * n:
            return self.since(0.0)[-n:]
        samples = [
            (self._times_s[place % places], self._rtts_s[place % places])
            for place in range(self._next - 2 * n, self._next)
        ]
        samples.sort(key=_time_of)
        return [(time, None if isnan(rtt) else rtt) for time, rtt in samples[-n:]]

    def resized(self, places: int) -> "_Ring":
        ring = _Ring(places)
        for time, rtt in self.since(0.0)[-places:]:
            ring.append(time, nan if rtt is None else rtt)
        return ring


def _time_of(sample: tuple[float, object]) -> float:
    return sample[0]


@dataclass(frozen=True, slots=True)
class _Echo:
    """One row of a batch, kept small: it becomes a Measurement only when somebody asks."""

    sent_ns: int
    rtt_ns: int
    answered: bool
    stamp: Timestamps | None
    reason: Reason | None
    sequence: int
    identifier: int | None


@dataclass(slots=True)
class _Memory:
    """All that is remembered of one target."""

    target: Target
    rings: dict[Method, _Ring] = field(default_factory=dict)
    recent: dict[Check, deque[Measurement]] = field(default_factory=dict)
    failures: deque[Measurement | _Echo] = field(default_factory=lambda: deque(maxlen=FAILURES))
    echo: _Echo | None = None

    def latest(self) -> list[Measurement]:
        newest = {check: kept[-1] for check, kept in self.recent.items()}
        if self.echo is not None:
            measured = newest.get(Check.ICMP)
            if measured is None or measured.started_at_s <= self.echo.sent_ns / 1e9:
                newest[Check.ICMP] = _as_measurement(self.target, self.echo)
        return list(newest.values())


class History:
    """`Sink` and `HistoryReader`. See the module for what is kept how long."""

    def __init__(self, span_s: float = SPAN_S, ring_places: int = RING_PLACES) -> None:
        self._span_s = span_s
        self._most_places = ring_places
        self._places = ring_places
        self._memories: dict[str, _Memory] = {}

    def on_targets(self, targets: Sequence[Target]) -> None:
        before = self._memories
        self._places = _places_for(targets, self._most_places)
        self._memories = {target.name: _carried_over(before, target) for target in targets}
        for memory in self._memories.values():
            memory.rings = {method: ring.resized(self._places) for method, ring in memory.rings.items()}

    def on_measurement(self, measurement: Measurement) -> None:
        memory = self._memories.get(measurement.target.name)
        if memory is None:
            return
        memory.recent.setdefault(measurement.check, deque(maxlen=RECENT)).append(measurement)
        if measurement.failure is not None:
            memory.failures.append(measurement)
        rtt_s = measurement.rtt_s
        untimed = rtt_s is None and measurement.failure is None
        if (method := measurement.method) and not untimed and not _never_sent(measurement.failure):
            self._ring(memory, method).append(measurement.started_at_s, nan if rtt_s is None else rtt_s)

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        rows = zip(
            batch.indexes, batch.outcomes, batch.sent_ns, batch.rtt_ns,
            batch.stamps, batch.reasons, batch.sequences, strict=True,
        )  # fmt: skip
        for index, outcome, sent_ns, rtt_ns, stamp, reason, sequence in rows:
            memory = self._memories.get(targets[index].name)
            if memory is None or outcome not in _ENDED:
                continue
            answered = outcome is EchoOutcome.ANSWERED
            echo = _Echo(sent_ns, rtt_ns, answered, stamp, reason, sequence, batch.identifier)
            if memory.echo is None or memory.echo.sent_ns <= sent_ns:
                memory.echo = echo
            if not answered:
                memory.failures.append(echo)
            if reason in _OURS or (answered and rtt_ns < 0):
                continue
            self._ring(memory, Method.ICMP).append(sent_ns / 1e9, rtt_ns / 1e9 if answered else nan)

    def on_report(self, report: Report) -> None:
        """Reports are made from here; nothing of them is kept."""

    def on_survey(self, survey: Survey) -> None:
        """Nothing of it is kept."""

    def windows(self, now_s: float) -> tuple[Window, ...]:
        """One for each (target, method) with a sample in the last 600 s, in the order of the targets."""
        return tuple(self.each_window(now_s))

    def each_window(self, now_s: float) -> Iterator[Window]:
        """The same one after the other: each takes a fraction of a millisecond, a thousand much longer.

        Samples that come meanwhile are in the later ones.
        """
        for name, memory in tuple(self._memories.items()):
            for method, ring in tuple(memory.rings.items()):
                if samples := ring.since(now_s - self._span_s):
                    yield Window(
                        target=name,
                        method=method.value,
                        span_s=max(0.0, now_s - samples[0][0]),
                        summary=summarize([rtt for _, rtt in samples]),
                    )

    def latest(self) -> tuple[Measurement, ...]:
        """The newest measurement of each (target, check); the last echo of a batch counts as one."""
        return tuple(self.each_latest())

    def each_latest(self) -> Iterator[Measurement]:
        """The same one after the other."""
        for memory in tuple(self._memories.values()):
            yield from memory.latest()

    def recent(self) -> tuple[Measurement, ...]:
        """The last 8 measurements of each (target, check), oldest first, without batches' echoes."""
        return tuple(m for memory in self._memories.values() for kept in memory.recent.values() for m in kept)

    def series(self, target: str, method: Method, n: int = 60) -> tuple[float | None, ...]:
        """The last ``n`` round trips in seconds, oldest first, None where lost: a sparkline."""
        memory = self._memories.get(target)
        if memory is None or method not in memory.rings or n <= 0:
            return ()
        return tuple(rtt for _, rtt in memory.rings[method].last(n))

    def failures(self, target: str) -> tuple[Measurement, ...]:
        """The last 16 measurements of ``target`` that failed, oldest first."""
        memory = self._memories.get(target)
        if memory is None:
            return ()
        return tuple(
            _as_measurement(memory.target, kept) if isinstance(kept, _Echo) else kept
            for kept in memory.failures
        )

    def _ring(self, memory: _Memory, method: Method) -> _Ring:
        ring = memory.rings.get(method)
        if ring is None:
            ring = memory.rings[method] = _Ring(self._places)
        return ring


def _never_sent(failure: Failure | None) -> bool:
    return failure is not None and failure.reason in _OURS


def _places_for(targets: Sequence[Target], most: int) -> int:
    rings = sum(plan.check in (Check.ICMP, Check.TCP) for target in targets for plan in target.plans)
    return min(most, max(LEAST_RING_PLACES, ALL_PLACES // max(1, rings)))


def _carried_over(before: Mapping[str, _Memory], target: Target) -> _Memory:
    memory = before.get(target.name)
    if memory is None or _whereabouts(memory.target) != _whereabouts(target):
        return _Memory(target)
    memory.target = target
    return memory


def _whereabouts(target: Target) -> tuple[object, ...]:
    """What makes results of one target those of another thing when it changes."""
    return (target.role, target.host, target.port, target.server_name, target.question)


def _as_measurement(target: Target, echo: _Echo) -> Measurement:
    reason = echo.reason or Reason.TIMED_OUT
    return Measurement(
        target=target,
        check=Check.ICMP,
        started_at_s=echo.sent_ns / 1e9,
        address=target.host if is_ipv4(target.host) else None,
        phases_s={Phase.ECHO: echo.rtt_ns / 1e9} if echo.rtt_ns >= 0 else {},
        timestamps=echo.stamp,
        failure=None if echo.answered else Failure(phase=Phase.ECHO, reason=reason),
        details=EchoDetails(identifier=echo.identifier, sequence=echo.sequence),
    )
