"""The metrics of the history: its size, its limit, its oldest result, and what is missing in it."""

import pytest

from exporters.prometheus import PrometheusSink
from exporters.prometheus.history_families import history_families
from probe.model.history import HistoryStatus, Standing, TargetHistory
from probe.model.targets import Identity

ON = HistoryStatus(size_bytes=4096, limit_bytes=1 << 24, oldest_s=1.8e9, dropped_rows=3)


class Disk:
    status = ON
    standing = Standing()

    def read(self, identity: Identity, from_s: int, to_s: int, step_s: int) -> TargetHistory:
        raise NotImplementedError


def samples(status: HistoryStatus | None) -> dict[str, float]:
    return {each.name: each.value for family in history_families(status) for each in family.samples}


def test_all_are_there_while_the_file_is_written() -> None:
    assert samples(ON) == {
        "xksprobe_history_bytes": 4096.0,
        "xksprobe_history_limit_bytes": float(1 << 24),
        "xksprobe_history_oldest_timestamp_seconds": 1.8e9,
        "xksprobe_history_dropped_rows_total": 3.0,
    }


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (None, set()),
        (HistoryStatus(reason="the disk is full", limit_bytes=5), {"limit_bytes", "dropped_rows_total"}),
        (HistoryStatus(limit_bytes=5), {"bytes", "limit_bytes", "dropped_rows_total"}),
    ],
    ids=["not configured", "off", "empty"],
)
def test_what_is_not_known_is_absent(status: HistoryStatus | None, names: set[str]) -> None:
    assert set(samples(status)) == {f"xksprobe_history_{name}" for name in names}


def test_the_sink_reads_the_status_at_each_scrape() -> None:
    sink = PrometheusSink("1")
    assert sink.registry.get_sample_value("xksprobe_history_bytes") is None
    sink.set_history(Disk())
    assert sink.registry.get_sample_value("xksprobe_history_bytes") == 4096.0
