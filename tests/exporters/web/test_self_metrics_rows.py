"""The self-monitoring rows: values over a limit are marked."""

import pytest

from exporters.web.self_metrics import Health
from exporters.web.self_metrics_rows import rows
from probe.model.measurements import Timestamps


def shown(health: Health) -> dict[str, tuple[str, bool]]:
    return {title: (words, bad) for title, words, bad in rows(health)}


def test_without_samples_no_value_is_shown() -> None:
    found = shown(Health())
    assert found["Kernel timestamps"] == ("no samples yet", False)
    assert found["Scheduling delay"] == ("no samples yet", False)


@pytest.mark.parametrize(
    ("kernel", "user", "words", "bad"),
    [(10, 0, "all samples", False), (999, 1, "99.9 % of 1000 samples", True)],
)
def test_samples_without_kernel_timestamps_are_marked(kernel: int, user: int, words: str, bad: bool) -> None:
    health = Health(samples={Timestamps.KERNEL: kernel, Timestamps.USER: user})
    assert shown(health)["Kernel timestamps"] == (words, bad)


@pytest.mark.parametrize(("late_s", "bad"), [(0.0199, False), (0.02, False), (0.0201, True)])
def test_delays_over_20_ms_are_marked(late_s: float, bad: bool) -> None:
    assert shown(Health(send_delay_s=late_s))["Scheduling delay"][1] is bad
    assert shown(Health(loop_lag_s=late_s))["Event-loop lag"][1] is bad


@pytest.mark.parametrize(("count", "bad"), [(0, False), (1, True)])
def test_drops_in_the_own_queue_and_clock_steps_are_marked(count: int, bad: bool) -> None:
    found = shown(Health(dropped=count, stepped=count, discarded=count))
    assert found["Dropped in own receive queue"] == (str(count), bad)
    assert found["Discarded: clock step"] == (str(count), bad)
    assert found["Unmatched ICMP packets"] == (str(count), False)
