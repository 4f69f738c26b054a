"""The instrument's own health in words."""

from exporters.web.self_metrics import Health
from probe.model.measurements import Timestamps

LATE_S = 0.02  # more is worth a look: the machine has too little processor for this agent


def rows(health: Health) -> tuple[tuple[str, str, bool], ...]:
    """(title, words, whether it deserves a look) of each line."""
    total = sum(health.samples.values())
    kernel = health.samples.get(Timestamps.KERNEL, 0)
    return (
        ("Stamped by the kernel", _share(kernel, total), 0 < kernel < total),
        ("Sent late by", _milliseconds(health.send_delay_s), _is_late(health.send_delay_s)),
        ("Event loop late by", _milliseconds(health.loop_lag_s), _is_late(health.loop_lag_s)),
        ("Own stamps would add", _milliseconds(health.user_minus_kernel_s), False),
        ("Own queue dropped", str(health.dropped), health.dropped > 0),
        ("Discarded packets", str(health.discarded), False),
        ("Spoilt by clock steps", str(health.stepped), health.stepped > 0),
    )


def _share(part: int, total: int) -> str:
    if not total:
        return "no sample yet"
    return "all samples" if part == total else f"{100 * part / total:.1f} % of {total} samples"


def _milliseconds(value_s: float | None) -> str:
    return "not yet known" if value_s is None else f"{value_s * 1e3:.1f} ms"


def _is_late(value_s: float | None) -> bool:
    return value_s is not None and value_s > LATE_S
