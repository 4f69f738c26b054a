"""A ring buffer for the newest round trips of one target by one method, 16 bytes each."""

from array import array
from math import isnan, nan


class Ring:
    """Send times and round trips; a lost one is stored as NaN, because arrays can't hold None."""

    __slots__ = ("_next", "_rtts_s", "_times_s", "slots")

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._next = 0
        self._times_s, self._rtts_s = array("d"), array("d")

    def append(self, time_s: float, rtt_s: float) -> None:
        if len(self._times_s) < self.slots:
            self._times_s.append(time_s)
            self._rtts_s.append(rtt_s)
            return
        self._times_s[self._next] = time_s
        self._rtts_s[self._next] = rtt_s
        self._next = (self._next + 1) % self.slots

    def since(self, start_s: float) -> list[tuple[float, float | None]]:
        """(time, round trip) from ``start_s`` on, in the order of sending; timeouts were appended late."""
        samples = [
            (time, None if isnan(rtt) else rtt)
            for time, rtt in zip(self._times_s, self._rtts_s, strict=True)
            if time >= start_s
        ]
        samples.sort(key=_time_of)
        return samples

    def last(self, n: int) -> list[tuple[float, float | None]]:
        """The ``n`` newest in the order of sending; more are sorted, because timeouts were appended late."""
        slots = len(self._times_s)
        if slots <= 2 * n:
            return self.since(0.0)[-n:]
        samples = [
            (self._times_s[slot % slots], self._rtts_s[slot % slots])
            for slot in range(self._next - 2 * n, self._next)
        ]
        samples.sort(key=_time_of)
        return [(time, None if isnan(rtt) else rtt) for time, rtt in samples[-n:]]

    def resized(self, slots: int) -> "Ring":
        ring = Ring(slots)
        for time, rtt in self.since(0.0)[-slots:]:
            ring.append(time, nan if rtt is None else rtt)
        return ring


def _time_of(sample: tuple[float, object]) -> float:
    return sample[0]
