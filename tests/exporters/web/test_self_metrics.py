"""Self-monitoring: counts since the start, maximum delays of the last minutes."""

import pytest

from exporters.web.self_metrics import SelfMetrics
from probe.model.measurements import EchoBatch, Timestamps


class Clock:
    now_s = 600.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def self_metrics(clock: Clock) -> SelfMetrics:
    return SelfMetrics(lambda: clock.now_s)


def test_without_samples_there_are_no_values(self_metrics: SelfMetrics) -> None:
    health = self_metrics.health()
    assert (health.loop_lag_s, health.send_delay_s, health.user_minus_kernel_s) == (None, None, None)
    assert set(health.samples) == set(Timestamps)
    assert sum(health.samples.values()) == 0


def test_the_self_monitoring_counters_of_batches_add_up(self_metrics: SelfMetrics) -> None:
    for _ in range(2):
        self_metrics.echoed(EchoBatch(dropped=1, discarded=2, stepped=3, user_minus_kernel_ns=4_000_000))
    self_metrics.sampled(Timestamps.KERNEL)
    self_metrics.sampled(None)

    health = self_metrics.health()

    assert (health.dropped, health.discarded, health.stepped) == (2, 4, 6)
    assert health.user_minus_kernel_s == 0.004
    assert sum(health.samples.values()) == 1


@pytest.mark.parametrize(("later_s", "worst_s"), [(59, 0.2), (60, 0.2), (119, 0.2), (120, 0.1)])
def test_the_maximum_covers_this_minute_and_the_previous_one(
    later_s: float, worst_s: float, self_metrics: SelfMetrics, clock: Clock
) -> None:
    self_metrics.observe_loop_lag(0.2)
    clock.now_s += later_s
    self_metrics.observe_loop_lag(0.1)
    assert self_metrics.health().loop_lag_s == worst_s
