"""Self-monitoring of the agent.

Delays are the maximum of the last one to two minutes.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from probe.model.measurements import EchoBatch, Timestamps

SPAN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Counts since the start; delays in seconds, the maximum of the last minutes, None without a sample."""

    samples: Mapping[Timestamps, int] = field(default_factory=dict)
    dropped: int = 0
    discarded: int = 0
    stepped: int = 0
    loop_lag_s: float | None = None
    send_delay_s: float | None = None
    user_minus_kernel_s: float | None = None


class _Maximum:
    """The largest value of the current and the previous minute."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._minute = 0
        self._this: float | None = None
        self._before: float | None = None

    def observe(self, value: float) -> None:
        self._advance()
        self._this = value if self._this is None else max(self._this, value)

    def value(self) -> float | None:
        self._advance()
        return max((v for v in (self._this, self._before) if v is not None), default=None)

    def _advance(self) -> None:
        minute = int(self._now_s() // SPAN_S)
        if minute != self._minute:
            self._before = self._this if minute == self._minute + 1 else None
            self._minute, self._this = minute, None


class SelfMetrics:
    """Collects the agent's self-monitoring data for the page."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._samples: Counter[Timestamps] = Counter(dict.fromkeys(Timestamps, 0))
        self._dropped = self._discarded = self._stepped = 0
        self._loop_lag, self._send_delay, self._user_minus_kernel = (_Maximum(now_s) for _ in range(3))

    def sampled(self, stamps: Timestamps | None) -> None:
        if stamps is not None:
            self._samples[stamps] += 1

    def echoed(self, batch: EchoBatch) -> None:
        """Add the self-monitoring counters of a batch."""
        self._dropped += batch.dropped
        self._discarded += batch.discarded
        self._stepped += batch.stepped
        if batch.user_minus_kernel_ns is not None:
            self._user_minus_kernel.observe(batch.user_minus_kernel_ns / 1e9)

    def observe_loop_lag(self, seconds: float) -> None:
        self._loop_lag.observe(seconds)

    def observe_send_delay(self, seconds: float) -> None:
        self._send_delay.observe(seconds)

    def health(self) -> Health:
        return Health(
            samples=dict(self._samples),
            dropped=self._dropped,
            discarded=self._discarded,
            stepped=self._stepped,
            loop_lag_s=self._loop_lag.value(),
            send_delay_s=self._send_delay.value(),
            user_minus_kernel_s=self._user_minus_kernel.value(),
        )
