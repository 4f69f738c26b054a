"""The series that a target accumulates, and when they are dropped."""

import pytest
from support.reports.exporter_inputs import NOW_S, certificate, target, tcp, tls

from exporters.prometheus.target_series import MAX_ADDRESSES, MAX_CERTIFICATES, STALE_AFTER_S, TargetSeries
from probe.model.measurements import Phase, Reason
from probe.model.targets import Check, Method, Role


def test_every_reason_of_every_planned_check_starts_at_zero() -> None:
    series = TargetSeries(target())
    assert set(series.failures) == {(c, r) for c in (Check.ICMP, Check.TCP, Check.TLS) for r in Reason}
    assert not any(series.failures.values())


def test_a_round_trip_is_in_one_histogram_only() -> None:
    series = TargetSeries(target())
    series.measured(tcp(target(), 0.004))
    assert set(series.rtt) == {("10.0.0.1", Method.TCP)}
    assert not series.phases


def test_the_phases_of_a_handshake_are_kept() -> None:
    series = TargetSeries(target())
    series.measured(tls(target(), certificate()))
    assert set(series.phases) == {(Check.TLS, Phase.CONNECT), (Check.TLS, Phase.HANDSHAKE)}
    assert not series.rtt


def test_a_lost_probe_counts_as_a_probe_but_not_as_a_duration() -> None:
    series = TargetSeries(target())
    series.measured(tcp(target(), None))
    assert series.probes[Check.TCP] == 1
    assert series.failures[Check.TCP, Reason.TIMED_OUT] == 1
    assert not series.rtt
    assert Check.TCP not in series.last_success_s


def test_a_region_has_no_address_in_its_labels() -> None:
    region = target(role=Role.REGION, host="kms.eu-west-3.example.com")
    series = TargetSeries(region)
    series.measured(tcp(region, address="192.0.2.7"))
    assert set(series.rtt) == {("", Method.TCP)}
    assert series.address == ""


def test_a_chain_is_dropped_if_the_latest_handshake_returned_none() -> None:
    series = TargetSeries(target())
    series.measured(tls(target(), certificate()))
    assert set(series.chains) == {"10.0.0.1"}
    series.measured(tls(target()))
    assert not series.chains


def test_all_chains_are_dropped_if_the_name_does_not_resolve() -> None:
    named = target(host="proxy.example.com")
    series = TargetSeries(named)
    series.measured(tls(named, certificate(), address="10.0.0.1"))
    series.measured(tls(named, address=None, details=None))
    assert not series.chains


def test_a_chain_is_cut_at_ten() -> None:
    series = TargetSeries(target())
    series.measured(tls(target(), *[certificate(n) for n in range(MAX_CERTIFICATES + 1)]))
    assert len(series.chains["10.0.0.1"]) == MAX_CERTIFICATES


@pytest.mark.parametrize(("age_s", "kept"), [(STALE_AFTER_S, True), (STALE_AFTER_S + 1, False)])
def test_the_series_of_an_address_not_probed_for_ten_minutes_are_dropped(age_s: float, kept: bool) -> None:
    named = target(host="proxy.example.com")
    series = TargetSeries(named)
    series.measured(tls(named, certificate(), address="10.0.0.9"))
    series.measured(tcp(named, address="10.0.0.9"))
    series.drop_stale_addresses(NOW_S + age_s)
    assert bool(series.rtt) is kept
    assert bool(series.chains) is kept
    assert series.probes[Check.TCP] == 1


def test_rotating_addresses_do_not_create_unlimited_series() -> None:
    named = target(host="proxy.example.com")
    series = TargetSeries(named)
    for n in range(MAX_ADDRESSES + 5):
        series.measured(tcp(named, address=f"10.0.1.{n}", at_s=NOW_S + n))
    assert len(series.rtt) == MAX_ADDRESSES
    assert ("10.0.1.0", Method.TCP) not in series.rtt
    assert series.address == f"10.0.1.{MAX_ADDRESSES + 4}"


def test_pings_are_counted_under_their_own_address_even_after_another_was_probed() -> None:
    named = target(host="proxy.example.com")
    series = TargetSeries(named)
    series.measured(tcp(named, address="10.0.0.9"))
    assert series.echo_ip("10.0.0.7") == "10.0.0.7"


def test_pings_to_a_region_have_no_address() -> None:
    region = target(role=Role.REGION, host="kms.eu-west-3.example.com")
    assert TargetSeries(region).echo_ip("192.0.2.7") == ""


def test_pings_without_an_address_use_the_last_one_probed_for_the_name() -> None:
    named = target(host="proxy.example.com")
    series = TargetSeries(named)
    assert series.echo_ip() == ""
    series.measured(tcp(named, address="10.0.0.9"))
    assert series.echo_ip() == "10.0.0.9"
    assert TargetSeries(target()).echo_ip() == "10.0.0.1"


def test_an_older_attempt_does_not_replace_a_newer_one() -> None:
    series = TargetSeries(target())
    series.measured(tcp(target(), at_s=NOW_S))
    series.measured(tcp(target(), at_s=NOW_S - 5))
    assert series.last_attempt_s[Check.TCP] == NOW_S
