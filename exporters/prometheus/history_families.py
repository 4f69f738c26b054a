"""The families of the history on disk."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from exporters.prometheus import definitions as d
from exporters.prometheus.families import Rows, family
from probe.model.history import HistoryStatus


def history_families(status: HistoryStatus | None) -> Iterator[Metric]:
    """``status`` is None if no history is configured."""
    is_on = status is not None and not status.reason
    yield family(d.HISTORY_BYTES, _row(status.size_bytes if status and is_on else None))
    yield family(d.HISTORY_LIMIT_BYTES, _row(status.limit_bytes if status else None))
    yield family(d.HISTORY_OLDEST, _row(status.oldest_s if status and is_on else None))
    yield family(d.HISTORY_DROPPED_ROWS, _row(status.dropped_rows if status else None))


def _row(value: float | None) -> Rows:
    return {} if value is None else {(): float(value)}
