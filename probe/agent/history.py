"""A sink that remembers: windows of round trips, the newest measurements, the latest failures. Bounded.

For each (target, method) a ring holds the round trips of the last 600 s. Where there are more than fit,
the oldest are dropped: the window then reaches less far back, and its ``span_s`` says so. A ring has 1,024
slots, fewer when there are so many targets that all rings together would pass a million (16 bytes each).

An answer whose time a step of the wall clock spoilt is neither a sample nor a loss.

Times are Unix seconds. Only targets of the last `on_targets` are kept: a result that comes in for a target
that was removed is dropped, and one whose `Target.identity` changed begins anew. One that is only called
otherwise keeps everything, under the new name.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan

from probe.agent.ring import Ring
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
from probe.model.targets import Check, Identity, Method, Target
from probe.model.verdicts import Report
from probe.statistics import summarize
from probe.wire.hostport import is_ipv4

SPAN_S = 600.0
RING_SLOTS = 1024
MIN_RING_SLOTS = 64
MAX_TOTAL_SLOTS = 1_000_000
RECENT = 8
FAILURES = 16
# A duplicate or late reply belongs to a request that has ended already: it is no further sample.
_ENDED = frozenset({EchoOutcome.ANSWERED, EchoOutcome.FAILED, EchoOutcome.TIMED_OUT})


# What this machine refused never was on the network: it is a failure, and no lost round trip.
_LOCAL_FAILURES = frozenset({Reason.NOT_PERMITTED, Reason.OVER_LIMIT})
# What is kept apart: checks, and of health the purposes of its requests.
_Kind = tuple[Check, str]
_ECHO: _Kind = (Check.ICMP, "")


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
    rings: dict[Method, Ring] = field(default_factory=dict)
    recent: dict[_Kind, deque[Measurement]] = field(default_factory=dict)
    failures: deque[Measurement | _Echo] = field(default_factory=lambda: deque(maxlen=FAILURES))
    echo: _Echo | None = None

    def latest(self) -> list[Measurement]:
        newest = {kind: kept[-1] for kind, kept in self.recent.items()}
        if self.echo is not None:
            measured = newest.get(_ECHO)
            if measured is None or measured.started_at_s <= self.echo.sent_ns / 1e9:
                newest[_ECHO] = _as_measurement(self.target, self.echo)
        return list(newest.values())

    def become(self, target: Target) -> None:
        """The same thing, called otherwise: what was measured of it is of ``target`` now."""
        if target == self.target:
            return
        self.target = target
        self.recent = {
            kind: deque((replace(each, target=target) for each in kept), maxlen=RECENT)
            for kind, kept in self.recent.items()
        }
        self.failures = deque(
            (
                replace(each, target=target) if isinstance(each, Measurement) else each
                for each in self.failures
            ),
            maxlen=FAILURES,
        )


def renamed(
    windows: Sequence[Window], before: Sequence[Target], targets: Sequence[Target]
) -> tuple[Window, ...]:
    """Windows made for the targets ``before``, under the names that those who stay have among ``targets``."""
    identities = {target.name: target.identity for target in before}
    names = {target.identity: target.name for target in targets}
    moved = (
        (window, names.get(identities[window.target])) for window in windows if window.target in identities
    )
    return tuple(replace(window, target=name) for window, name in moved if name is not None)


class History:
    """A `Sink` that can be asked. See the module for what is kept how long."""

    def __init__(self, span_s: float = SPAN_S, ring_places: int = RING_SLOTS) -> None:
        self._span_s = span_s
        self._most_places = ring_places
        self._slots = ring_places
        self._memories: dict[Identity, _Memory] = {}
        self._by_name: dict[str, _Memory] = {}

    def on_targets(self, targets: Sequence[Target]) -> None:
        before = self._memories
        self._slots = _places_for(targets, self._most_places)
        self._memories = {target.identity: _carried_over(before, target) for target in targets}
        self._by_name = {memory.target.name: memory for memory in self._memories.values()}

    def on_measurement(self, measurement: Measurement) -> None:
        memory = self._memories.get(measurement.target.identity)
        if memory is None:
            return
        if measurement.target is not memory.target:
            measurement = replace(measurement, target=memory.target)
        memory.recent.setdefault((measurement.check, measurement.purpose), deque(maxlen=RECENT)).append(
            measurement
        )
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
            memory = self._memories.get(targets[index].identity)
            if memory is None or outcome not in _ENDED:
                continue
            answered = outcome is EchoOutcome.ANSWERED
            echo = _Echo(sent_ns, rtt_ns, answered, stamp, reason, sequence, batch.identifier)
            if memory.echo is None or memory.echo.sent_ns <= sent_ns:
                memory.echo = echo
            if not answered:
                memory.failures.append(echo)
            if reason in _LOCAL_FAILURES or (answered and rtt_ns < 0):
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
        for memory in tuple(self._memories.values()):
            for method, ring in tuple(memory.rings.items()):
                if samples := ring.since(now_s - self._span_s):
                    yield Window(
                        target=memory.target.name,
                        method=method.value,
                        span_s=max(0.0, now_s - samples[0][0]),
                        summary=summarize([rtt for _, rtt in samples]),
                    )

    def latest(self) -> tuple[Measurement, ...]:
        """The newest measurement of each (target, check, purpose); the last echo of a batch counts as one."""
        return tuple(self.each_latest())

    def each_latest(self) -> Iterator[Measurement]:
        """The same one after the other."""
        for memory in tuple(self._memories.values()):
            yield from memory.latest()

    def recent(self) -> tuple[Measurement, ...]:
        """The last 8 measurements of each (target, check, purpose), oldest first, without batches' echoes."""
        return tuple(self.each_recent())

    def each_recent(self) -> Iterator[Measurement]:
        """The same one after the other."""
        for memory in tuple(self._memories.values()):
            for kept in tuple(memory.recent.values()):
                yield from tuple(kept)

    def series(self, target: str, method: Method, n: int = 60) -> tuple[float | None, ...]:
        """The last ``n`` round trips in seconds, oldest first, None where lost: a sparkline."""
        memory = self._by_name.get(target)
        if memory is None or method not in memory.rings or n <= 0:
            return ()
        return tuple(rtt for _, rtt in memory.rings[method].last(n))

    def failures(self, target: str) -> tuple[Measurement, ...]:
        """The last 16 measurements of ``target`` that failed, oldest first."""
        memory = self._by_name.get(target)
        if memory is None:
            return ()
        return tuple(
            _as_measurement(memory.target, kept) if isinstance(kept, _Echo) else kept
            for kept in memory.failures
        )

    def _ring(self, memory: _Memory, method: Method) -> Ring:
        """With as many slots as there are now. All at once would hold up the loop: each when it is used."""
        ring = memory.rings.get(method)
        if ring is None:
            ring = memory.rings[method] = Ring(self._slots)
        elif ring.slots != self._slots:
            ring = memory.rings[method] = ring.resized(self._slots)
        return ring


def _never_sent(failure: Failure | None) -> bool:
    return failure is not None and failure.reason in _LOCAL_FAILURES


def _places_for(targets: Sequence[Target], most: int) -> int:
    rings = sum(plan.check in (Check.ICMP, Check.TCP) for target in targets for plan in target.plans)
    return min(most, max(MIN_RING_SLOTS, MAX_TOTAL_SLOTS // max(1, rings)))


def _carried_over(before: Mapping[Identity, _Memory], target: Target) -> _Memory:
    memory = before.get(target.identity)
    if memory is None:
        return _Memory(target)
    memory.become(target)
    return memory


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
