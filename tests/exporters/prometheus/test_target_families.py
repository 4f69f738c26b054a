"""Conversion of the series of targets to metric families."""

from support.reports.exporter_inputs import HOSTILE, NOW_S, certificate, target, tls

from exporters.prometheus.target_families import target_families
from exporters.prometheus.target_series import TargetSeries
from probe.model.targets import Check, PlannedCheck, Role


def samples(*all_series: TargetSeries, vantage: str = "") -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for family in target_families(all_series, vantage):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def test_certificate_text_is_escaped_and_cut() -> None:
    series = TargetSeries(target())
    series.measured(tls(target(), certificate(name=HOSTILE * 10)))
    (labels,) = samples(series)["xksprobe_certificate_info"]
    assert len(labels["subject_cn"]) == 128
    assert labels["subject_cn"].isprintable()


def test_a_date_that_could_not_be_read_is_absent() -> None:
    series = TargetSeries(target())
    series.measured(tls(target(), certificate(not_after_s=None)))
    shown = samples(series)
    assert "xksprobe_certificate_not_after_timestamp_seconds" not in shown
    assert "xksprobe_certificate_info" in shown


def test_a_target_without_pings_has_no_packet_counters() -> None:
    plan = PlannedCheck(check=Check.DNS, interval_s=60, timeout_s=3)
    shown = samples(TargetSeries(target(role=Role.RESOLVER, plans=(plan,))))
    assert "xksprobe_packets_sent_total" not in shown
    assert "xksprobe_tcp_retransmits_total" not in shown
    assert shown["xksprobe_probes_total"] == [{"target": "node-1", "check": "dns"}]


def test_two_names_with_the_same_label_do_not_break_the_scrape() -> None:
    twins = [TargetSeries(target("x" * 200 + end)) for end in "ab"]
    assert len(samples(*twins)["xksprobe_target_info"]) == 1


def test_target_info_describes_the_target() -> None:
    (labels,) = samples(TargetSeries(target()))["xksprobe_target_info"]
    assert labels == {
        "target": "node-1", "role": "node", "key_store": "cks-1", "target_zone": "use1-az1",
        "address": "10.0.0.1", "target_region": "", "vantage": "",
    }  # fmt: skip


def test_target_info_has_where_the_agent_probes_from() -> None:
    (labels,) = samples(TargetSeries(target()), vantage="Frankfurt\x1b[2J")["xksprobe_target_info"]
    assert labels["vantage"] == "Frankfurt\\x1b[2J"


def test_only_certificates_of_the_judged_path_have_dates() -> None:
    """The leaf always; an expired cross-certificate beside the path never."""
    series = TargetSeries(target())
    beside = certificate(2, "Old root", sha256="cc" * 32, not_after_s=NOW_S - 60)
    series.measured(tls(target(), certificate(), certificate(1, "CA", sha256="bb" * 32), beside))
    assert positions(series) == {"0"}
    series.path_certificates = frozenset({"ab" * 32, "bb" * 32})
    assert positions(series) == {"0", "1"}


def positions(series: TargetSeries) -> set[str]:
    found = [
        {
            sample.labels["position"]
            for family in target_families([series])
            if family.name.endswith(name)
            for sample in family.samples
        }
        for name in ("certificate_not_before_timestamp_seconds", "certificate_not_after_timestamp_seconds")
    ]
    assert found[0] == found[1]
    return found[0]
