"""The agent's self-monitoring as rows of text."""

from exporters.web.self_metrics import Health
from probe.model.measurements import Timestamps

LATE_S = 0.02  # longer delays are marked: the machine has too little CPU for this agent


def rows(health: Health) -> tuple[tuple[str, str, bool], ...]:
    """(title, value, whether it is marked) per row."""
    total = sum(health.samples.values())
    kernel = health.samples.get(Timestamps.KERNEL, 0)
    return (
        ("Kernel timestamps", _share(kernel, total), 0 < kernel < total),
        ("Scheduling delay", _milliseconds(health.send_delay_s), _is_late(health.send_delay_s)),
        ("Event-loop lag", _milliseconds(health.loop_lag_s), _is_late(health.loop_lag_s)),
        ("User-space timestamp error", _milliseconds(health.user_minus_kernel_s), False),
        ("Dropped in own receive queue", str(health.dropped), health.dropped > 0),
        ("Unmatched ICMP packets", str(health.discarded), False),
        ("Discarded: clock step", str(health.stepped), health.stepped > 0),
    )


def _share(part: int, total: int) -> str:
    if not total:
        return "no samples yet"
    return "all samples" if part == total else f"{100 * part / total:.1f} % of {total} samples"


def _milliseconds(value_s: float | None) -> str:
    return "no samples yet" if value_s is None else f"{value_s * 1e3:.1f} ms"


def _is_late(value_s: float | None) -> bool:
    return value_s is not None and value_s > LATE_S
