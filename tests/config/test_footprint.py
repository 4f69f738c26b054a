"""What a configuration costs."""

import pytest
from configuring import BACKEND, backends, parse

from probe import config
from probe.config.footprint import rates
from probe.model.targets import Check, PlannedCheck, Role, Target


def series_of(text: str) -> int:
    return config.describe(parse(text)).series


def test_a_footprint_sums_up_targets_checks_and_rates() -> None:
    footprint = config.describe(parse(BACKEND))
    assert (footprint.targets, footprint.checks) == (1, 3)
    assert footprint.echoes_per_s == 1.0
    assert footprint.connections_per_s == pytest.approx(1 / 15 + 1 / 60)
    assert 100 < footprint.series < 1000


def test_over_1000_targets_a_footprint_is_refused() -> None:
    assert config.describe(parse(backends(1000, "icmp"))).targets == 1000
    with pytest.raises(config.ConfigError, match="1001 targets have histograms"):
        config.describe(parse(backends(1001, "icmp")))


def test_echoes_are_counted_apart_from_connections_and_queries() -> None:
    plans = tuple(PlannedCheck(check=check, interval_s=4.0, timeout_s=1.0) for check in Check)
    target = Target(name="t", role=Role.BACKEND, host="10.0.0.1", plans=plans)
    assert rates([target]) == (0.25, 0.25 * (len(Check) - 1))
    assert rates([]) == (0.0, 0.0)


def test_ten_thousand_equal_rates_sum_up_without_a_rounding_error() -> None:
    # 0.1 added up naively gives 1000.0000000001588: a configuration at the cap would be refused.
    plan = PlannedCheck(check=Check.ICMP, interval_s=10.0, timeout_s=1.0)
    target = Target(name="t", role=Role.BACKEND, host="10.0.0.1", plans=(plan,))
    assert rates([target] * 10_000) == (1000.0, 0.0)


def test_each_target_and_each_check_costs_series() -> None:
    one, two = series_of(backends(1, "tcp")), series_of(backends(2, "tcp"))
    nothing = one - (two - one)  # the agent's own
    assert 0 < nothing < one < two < series_of(backends(2, "tcp, tls"))


def test_a_name_costs_one_histogram_more_a_check_than_an_address() -> None:
    by_address, by_name = (
        series_of(f"key_managers: [{{name: k, host: {host}, checks: [icmp, tcp]}}]")
        for host in ("10.0.0.1", "k.example.com")
    )
    assert by_name - by_address == 2 * 27  # 24 bounds, +Inf, sum and count of the phase "resolve"
