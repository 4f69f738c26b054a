"""What the agent says of itself, in metrics and in the log."""

import pytest
from structlog.testing import capture_logs
from support.reports.exporter_inputs import health, target, tcp

from exporters.prometheus import PrometheusSink
from exporters.web.self_metrics import SelfMetrics
from probe.commands.observing import AgentObserver
from probe.model.targets import Check


def observer() -> AgentObserver:
    return AgentObserver(PrometheusSink("1.0"), SelfMetrics(lambda: 0.0))


def value(sink: PrometheusSink, name: str, **labels: str) -> float | None:
    return sink.registry.get_sample_value(f"xksprobe_{name}", labels)


def test_discarded_measurements_are_counted_except_those_of_conduct_tests() -> None:
    """Conduct tests (here a GET) are not among the probes that the metrics count."""
    sink, node = PrometheusSink("1.0"), target("node-1")
    sink.on_targets((node,))
    observer = AgentObserver(sink, SelfMetrics(lambda: 0.0))
    for measurement in (
        tcp(node, None),
        tcp(target("other", host="10.0.0.9"), None),
        health(node, purpose="get"),
    ):
        observer.discarded(measurement)
    assert value(sink, "probes_discarded_total", target="node-1", check="tcp") == 1
    assert value(sink, "probes_discarded_total", target="node-1", check="tls") == 0
    assert value(sink, "probes_total", target="node-1", check="tcp") == 0
    assert value(sink, "probes_discarded_total", target="node-1", check="health_cold") is None


def test_delays_and_skipped_rounds_of_the_scheduler_become_metrics() -> None:
    sink, node = PrometheusSink("1.0"), target("node-1")
    sink.on_targets((node,))
    self_metrics = SelfMetrics(lambda: 0.0)
    observer = AgentObserver(sink, self_metrics)
    observer.delay(0.25)
    observer.skipped(node, Check.TLS)
    observer.skipped(node, Check.TLS, 2)
    observer.skipped(node, Check.ICMP, 3)
    assert self_metrics.health().send_delay_s == 0.25
    assert value(sink, "scheduling_delay_seconds_count") == 1
    assert value(sink, "scheduling_delay_seconds_sum") == 0.25
    assert value(sink, "turns_skipped_total", target="node-1", check="tls") == 3
    assert value(sink, "turns_skipped_total", target="node-1", check="icmp") == 3
    assert value(sink, "turns_skipped_total", target="node-1", check="tcp") == 0


def test_a_bug_in_a_probe_is_logged_with_its_target_and_check() -> None:
    with capture_logs() as logs:
        AgentObserver(PrometheusSink("1.0"), SelfMetrics(lambda: 0.0)).bug(
            target("node-1"), Check.TCP, KeyError("oops")
        )
    (entry,) = logs
    assert (entry["log_level"], entry["target"], entry["check"]) == ("error", "node-1", "tcp")
    assert entry["error"] == "KeyError('oops')"


def test_a_bug_outside_the_probes_names_the_activity_and_the_key_store() -> None:
    with capture_logs() as logs:
        observer().activity_bug("audit", "cks-1\x1b[2J", KeyError("oops"))
    (entry,) = logs
    assert entry["event"] == "internal error: audit"
    assert entry["key_store"] == "cks-1\\x1b[2J"


@pytest.mark.parametrize(
    ("fault", "level", "words"),
    [(None, "info", "has changed"), ("no\x1b[2J secret", "warning", "the last one stays in use")],
)
def test_a_changed_credential_is_logged_whether_or_not_it_can_be_used(
    fault: str | None, level: str, words: str
) -> None:
    with capture_logs() as logs:
        observer().credential("cks-1", fault)
    (entry,) = logs
    assert entry["log_level"] == level
    assert words in entry["event"]
    assert "\x1b" not in str(entry.get("error", ""))


def test_added_and_removed_targets_are_logged_by_name() -> None:
    with capture_logs() as logs:
        observer().targets(added=["one\x1b[2J"], removed=["two"])
    (entry,) = logs
    assert (entry["added"], entry["removed"]) == (["one\\x1b[2J"], ["two"])
