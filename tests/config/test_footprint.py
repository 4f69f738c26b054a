"""The load of a configuration: targets, rates and series."""

import pytest
from support.settings_from_text import BACKEND, backends, parse

from probe import config
from probe.config.footprint import rates
from probe.model.targets import Check, PlannedCheck, Role, Target


def series_of(text: str) -> int:
    return config.describe(parse(text)).series


def test_a_footprint_counts_targets_checks_rates_and_series() -> None:
    footprint = config.describe(parse(BACKEND))
    assert (footprint.targets, footprint.checks) == (1, 3)
    assert footprint.echoes_per_s == 1.0
    assert footprint.connections_per_s == pytest.approx(1 / 15 + 1 / 60)
    assert 100 < footprint.series < 1000


def test_more_than_1000_targets_are_rejected() -> None:
    assert config.describe(parse(backends(1000, "icmp"))).targets == 1000
    with pytest.raises(config.ConfigError, match="1,001 targets, but the maximum is 1,000"):
        config.describe(parse(backends(1001, "icmp")))


def test_pings_are_counted_separately_from_connections_and_queries() -> None:
    plans = tuple(PlannedCheck(check=check, interval_s=4.0, timeout_s=1.0) for check in Check)
    target = Target(name="t", role=Role.BACKEND, host="10.0.0.1", plans=plans)
    assert rates([target]) == (0.25, 0.25 * (len(Check) - 1))
    assert rates([]) == (0.0, 0.0)


def test_ten_thousand_equal_rates_are_added_without_a_rounding_error() -> None:
    # Adding 0.1 naively gives 1000.0000000001588: a configuration exactly at the limit would be rejected.
    plan = PlannedCheck(check=Check.ICMP, interval_s=10.0, timeout_s=1.0)
    target = Target(name="t", role=Role.BACKEND, host="10.0.0.1", plans=(plan,))
    assert rates([target] * 10_000) == (1000.0, 0.0)


def test_each_target_and_each_check_adds_series() -> None:
    one, two = series_of(backends(1, "tcp")), series_of(backends(2, "tcp"))
    agent_series = one - (two - one)  # series about the agent itself
    assert 0 < agent_series < one < two < series_of(backends(2, "tcp, tls"))


def test_a_host_name_adds_one_histogram_per_check_compared_with_an_address() -> None:
    by_address, by_name = (
        series_of(f"key_managers: [{{name: k, host: {host}, checks: [icmp, tcp]}}]")
        for host in ("10.0.0.1", "k.example.com")
    )
    assert by_name - by_address == 2 * 27  # 24 buckets, +Inf, sum and count of the phase "resolve"
