"""The metrics that Prometheus scrapes from the sink."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from support.reports import golden_files
from support.reports.exporter_inputs import (
    ANSWERED,
    DUPLICATE,
    LATE,
    LOST,
    NOW_S,
    asked,
    certificate,
    echoes,
    health,
    report,
    target,
    tcp,
    tls,
    verdict,
)
from support.reports.filled_sink import filled_sink

from exporters.prometheus import PrometheusSink
from probe.model.measurements import EchoBatch, Measurement
from probe.model.targets import Check, PlannedCheck, Question, Role
from probe.model.verdicts import Outcome

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "metrics.txt"


def text(sink: PrometheusSink) -> str:
    return generate_latest(sink.registry).decode()


def value(sink: PrometheusSink, name: str, **labels: str) -> float | None:
    return sink.registry.get_sample_value(f"xksprobe_{name}", labels)


def test_the_metrics_equal_the_golden_file() -> None:
    golden_files.check(GOLDEN, text(filled_sink()))


def test_promtool_reports_no_problem() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("XKS_PROBE_FORBID_SKIPS"):
            pytest.fail("promtool is missing and skips are forbidden")
        pytest.skip("needs promtool (Debian package: prometheus)")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text(filled_sink()), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_ping_counts_once_and_its_extra_replies_separately() -> None:
    sink = PrometheusSink("1")
    sink.on_targets((target(),))
    sink.on_echoes((target(),), echoes(ANSWERED, ANSWERED, LOST, DUPLICATE, LATE))
    assert value(sink, "probes_total", target="node-1", check="icmp") == 3
    assert value(sink, "probe_failures_total", target="node-1", check="icmp", reason="timed_out") == 1
    packets = {
        n: value(sink, f"packets_{n}_total", target="node-1")
        for n in ("sent", "received", "duplicates", "late")
    }
    assert packets == {"sent": 3, "received": 2, "duplicates": 1, "late": 1}
    assert value(sink, "rtt_seconds_count", target="node-1", ip="10.0.0.1", method="icmp") == 2
    assert value(sink, "samples_total", timestamps="kernel") == 2


def test_fixed_label_sets_start_at_zero_and_times_start_absent() -> None:
    sink = PrometheusSink("1")
    sink.on_targets((target(),))
    assert value(sink, "probe_failures_total", target="node-1", check="tls", reason="packet_too_big") == 0
    assert value(sink, "turns_skipped_total", target="node-1", check="tls") == 0
    assert value(sink, "last_success_timestamp_seconds", target="node-1", check="tls") is None
    labels = {"key_store": "cks-1", "operation": "connect", "likelihood": "expected"}
    assert value(sink, "kms_error_predicted", error="XKS_PROXY_TIMED_OUT", **labels) == 0
    assert value(sink, "extra_authorities") is None
    assert value(sink, "config_last_reload_successful") is None


def test_a_removed_target_leaves_no_series_behind() -> None:
    sink = filled_sink()
    sink.on_targets((target("other"),))
    sink.on_report(report())
    assert 'target="node-1"' not in text(sink)
    assert 'target="region-1"' not in text(sink)


def test_a_result_in_flight_at_a_reload_does_not_bring_the_target_back() -> None:
    sink = PrometheusSink("1")
    sink.on_targets((target(),))
    sink.on_targets(())
    sink.on_measurement(tcp(target()))
    sink.on_echoes((target(),), echoes(ANSWERED))
    sink.skipped(target(), Check.TCP)
    assert "node-1" not in text(sink)
    assert value(sink, "samples_total", timestamps="kernel") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"zone": "use1-az2"},
        {"name": "renamed"},
        {"region": "eu-west-3"},
        {"plans": (PlannedCheck(check=Check.TCP, interval_s=30.0, timeout_s=2.0),)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_counters_of_a_target_continue_under_a_new_label_zone_or_plan(changes: dict[str, Any]) -> None:
    sink, before, after = PrometheusSink("1"), target(), replace(target(), **changes)
    sink.on_targets((before,))
    sink.on_measurement(tcp(before))
    sink.on_targets((after,))
    sink.on_measurement(tcp(after))
    assert value(sink, "probes_total", target=after.name, check="tcp") == 2
    plan = after.plan(Check.TCP)
    assert plan is not None
    assert value(sink, "probe_interval_seconds", target=after.name, check="tcp") == plan.interval_s
    assert f'target_zone="{after.zone}"' in text(sink)
    assert after.name == "node-1" or "node-1" not in text(sink)


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "10.0.0.2"},
        {"port": 8443},
        {"server_name": "other.example.com"},
        {"role": Role.BACKEND},
        {"question": Question(name="example.com")},
        {"key_store": "cks-2"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_target_with_the_same_name_starts_again(changes: dict[str, Any]) -> None:
    sink, before = PrometheusSink("1"), asked()
    after = replace(before, **changes)
    sink.on_targets((before,))
    for measurement in (tcp(before), tls(before, certificate()), health(before)):
        sink.on_measurement(measurement)
    sink.on_echoes((before,), echoes(ANSWERED))
    sink.on_targets((after,))
    sink.on_measurement(tcp(before))
    sink.on_echoes((before,), echoes(ANSWERED))
    sink.skipped(before, Check.TCP)
    for check in ("icmp", "tcp", "tls", "health_cold"):
        assert value(sink, "probes_total", target="node-1", check=check) == 0
    for gone in ("rtt_seconds_count", "certificate_info{", "key_managers{", "request_duration_seconds_count"):
        assert gone not in text(sink)
    assert value(sink, "turns_skipped_total", target="node-1", check="tcp") == 0


def test_a_removed_check_leaves_no_series() -> None:
    sink, before = PrometheusSink("1"), asked()
    sink.on_targets((before,))
    for measurement in (tcp(before), tls(before, certificate()), health(before)):
        sink.on_measurement(measurement)
    sink.on_targets((replace(before, plans=before.plans[:1]),))
    for gone in ('check="tcp"', 'check="health_warm"', "certificate_", 'method="tcp"', 'mode="cold"'):
        assert gone not in "".join(line for line in text(sink).splitlines() if not line.startswith("#"))


def test_each_key_store_has_its_own_latest_report() -> None:
    sink = PrometheusSink("1")
    one, two = target(), target("node-2", key_store="cks-2")
    sink.on_targets((one, two))
    assert value(sink, "kms_prediction_decided", key_store="cks-2", operation="connect") == 0
    sink.on_report(report(verdict(outcome=Outcome.VIOLATED)))
    sink.on_report(report(verdict(), key_store="cks-2"))
    labels = {"requirement": "authority-is-trusted-by-kms", "subject": "node-1", "outcome": "violated"}
    assert value(sink, "requirement_outcome", key_store="cks-1", **labels) == 1
    assert value(sink, "requirement_outcome", key_store="cks-2", **labels) == 0
    sink.on_targets((two,))
    assert "cks-1" not in text(sink)
    assert value(sink, "kms_prediction_decided", key_store="cks-2", operation="connect") == 1


@pytest.mark.parametrize(
    "measured",
    [
        health(asked(), purpose="unsigned"),
        health(asked(), 405, purpose="get"),
        health(asked(), purpose="large_body"),
        health(asked(), purpose="key_metadata"),
        health(asked(), None, withheld="common-name-matches"),
        health(asked(), None, withheld="no credential"),
    ],
    ids=["unsigned", "get", "large body", "key metadata", "withheld", "without a credential"],
)
def test_conduct_tests_and_withheld_requests_are_not_counted(measured: Measurement) -> None:
    sink, untouched = PrometheusSink("1"), PrometheusSink("1")
    for each in (sink, untouched):
        each.on_targets((asked(),))
    sink.on_measurement(measured)
    assert text(sink) == text(untouched)


def test_health_requests_are_counted_like_every_check() -> None:
    sink = filled_sink()
    assert value(sink, "probe_interval_seconds", target="node-1", check="health_warm") == 60
    assert value(sink, "probes_total", target="node-1", check="health_cold") == 2
    assert value(sink, "probes_total", target="node-1", check="health_warm") == 1
    assert value(sink, "health_answers_total", target="node-1", mode="cold", code="401") == 1
    assert value(sink, "key_managers", target="node-1", state="UNAVAILABLE") == 0
    assert value(sink, "proxy_clock_offset_seconds", target="node-1") == -2
    assert value(sink, "request_duration_seconds_count", target="node-1", mode="cold") == 2


def test_a_failed_reload_keeps_the_time_of_the_last_good_one() -> None:
    sink = PrometheusSink("1")
    sink.set_reload(ok=True, at_s=NOW_S)
    sink.set_reload(ok=False, at_s=NOW_S + 60)
    assert value(sink, "config_last_reload_successful") == 0
    assert value(sink, "config_last_reload_success_timestamp_seconds") == NOW_S


def test_the_key_store_in_the_report_replaces_the_default() -> None:
    sink = PrometheusSink("1")
    sink.on_targets((target(key_store=""),))
    assert value(sink, "kms_prediction_decided", key_store="", operation="connect") == 0
    sink.on_report(report())
    assert value(sink, "kms_prediction_decided", key_store="cks-1", operation="connect") == 1
    assert value(sink, "kms_prediction_decided", key_store="", operation="connect") is None


def test_no_creation_times_are_written() -> None:
    assert "_created" not in text(filled_sink())


def test_a_reply_with_a_discarded_time_counts_as_received_but_not_as_a_sample() -> None:
    sink = PrometheusSink("1")
    sink.on_targets((target(),))

    sink.on_echoes((target(),), replace(echoes(ANSWERED), rtt_ns=(-1,), stamps=(None,)))

    assert value(sink, "packets_received_total", target="node-1") == 1
    assert "rtt_seconds_count" not in text(sink)
    assert value(sink, "samples_total", timestamps="kernel") == 0


def test_a_ping_is_counted_under_its_own_address() -> None:
    sink = PrometheusSink("1")
    named, far = target(host="proxy.example.com"), target("far", role=Role.REGION, host="kms.example.com")
    sink.on_targets((named, far))
    sink.on_measurement(tcp(named, address="10.0.0.9"))
    addresses = ("10.0.0.7", "192.0.2.1")
    for index in (0, 1):
        sink.on_echoes((named, far), replace(echoes(ANSWERED, index=index), addresses=addresses))
    assert value(sink, "rtt_seconds_count", target="node-1", ip="10.0.0.7", method="icmp") == 1
    assert value(sink, "rtt_seconds_count", target="node-1", ip="10.0.0.9", method="icmp") is None
    assert value(sink, "rtt_seconds_count", target="far", ip="", method="icmp") == 1


def test_the_self_monitoring_counters_of_a_batch_are_added() -> None:
    sink = PrometheusSink("1")
    for _ in range(2):
        sink.on_echoes((), EchoBatch(discarded=1, dropped=2, stepped=3, user_minus_kernel_ns=4_000_000))
    assert value(sink, "packets_discarded_total") == 2
    assert value(sink, "receive_queue_drops_total") == 4
    assert value(sink, "clock_step_discards_total") == 6
    assert value(sink, "user_minus_kernel_seconds_count") == 2
    assert value(sink, "user_minus_kernel_seconds_sum") == 0.008
