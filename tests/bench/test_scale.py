"""The scale rows: parsing of a scrape, and the resulting table."""

from dataclasses import replace
from math import inf, isnan
from pathlib import Path

import pytest

from bench.scale import AgentCost, EngineCost, Scale, bound_of, buckets, configuration, rows, total
from probe import config

SCRAPE = """# TYPE a_seconds histogram
a_seconds_bucket{le="0.005"} 99.0
a_seconds_bucket{le="0.02"} 100.0
a_seconds_bucket{le="+Inf"} 100.0
a_seconds_count 100.0
sent_total{target="x"} 2.0
sent_total{target="y"} 1.0
sent_total_of_others 7.0
"""
AGENT = AgentCost(
    targets=1000,
    seconds=120.0,
    core=0.15,
    core_with_start=0.16,
    peak_mib=100.0,
    sent=120_000,
    answered=119_999,
    late_p99_s=0.005,
    late_max_s=0.02,
    lag_max_s=inf,
    scrape_max_s=0.2,
)
MANY = EngineCost(targets=10_000, per_second=10_000, core=0.22, echoes=300_000, lost=0)


def test_a_counter_is_summed_over_its_labels_only() -> None:
    assert total(SCRAPE, "sent_total") == 3.0


@pytest.mark.parametrize(("share", "bound_s"), [(0.98, 0.005), (0.99, 0.005), (0.991, 0.02), (1.0, 0.02)])
def test_a_histogram_gives_the_bound_that_covers_a_share(share: float, bound_s: float) -> None:
    assert bound_of(buckets(SCRAPE, "a_seconds"), share) == bound_s


def test_a_histogram_without_observations_gives_nan() -> None:
    assert isnan(bound_of({0.005: 0.0, inf: 0.0}, 0.99))


def test_the_agent_accepts_the_configuration() -> None:
    settings = config.parse(configuration(3), "bench", Path())
    assert [(target.host, len(target.plans)) for target in settings.targets] == [
        ("10.78.0.1", 1), ("10.78.0.2", 1), ("10.78.0.3", 1),
    ]  # fmt: skip


def test_every_limit_is_next_to_the_measured_value() -> None:
    text = rows(Scale(agent=AGENT, many=MANY, few=replace(MANY, targets=1000, core=0.2)))
    assert "| agent, share of a core | ≤ 0.25 | 0.150 (with its start 0.160) |" in text
    assert "| send delay of pings, maximum | ≤ 20 ms | ≤ 20 ms |" in text
    assert "| event-loop lag, maximum |  | over 2.5 s |" in text
    assert "| pings sent, lost |  | 120000, 1 |" in text
    assert "| cost per ping, 10000 targets / 1000 targets | ≤ 1.1 | 1.10 |" in text
