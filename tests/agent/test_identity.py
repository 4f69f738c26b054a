"""`Target.identity` decides, for all parts that keep state, whether a changed target is still the same one."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest

from exporters.prometheus import PrometheusSink
from exporters.web.page import PageSink
from probe.agent.history import History, renamed
from probe.agent.schedule import EchoSchedule, offset_of, scheduled
from probe.model.evidence import evidence_of
from probe.model.measurements import EchoBatch, EchoOutcome, Measurement, Phase, Timestamps
from probe.model.statistics import Window
from probe.model.targets import Check, Method, PlannedCheck, Question, Role, Target
from probe.survey.rank import from_windows

S = 1_000_000_000
ECHO, TCP = (PlannedCheck(check=check, interval_s=1.0, timeout_s=1.0) for check in (Check.ICMP, Check.TCP))
BEFORE = Target(
    name="a", role=Role.REGION, host="10.0.0.1", server_name="a.example", region="eu-west-1", zone="z1",
    key_store="cks-1", plans=(ECHO, TCP),
)  # fmt: skip
OTHER = Target(name="other", role=Role.NODE, host="10.0.0.9", plans=(ECHO, TCP))
CHANGES: dict[str, tuple[dict[str, Any], bool]] = {
    "name": ({"name": "b"}, True),
    "zone": ({"zone": "z2"}, True),
    "plans": ({"plans": (ECHO, replace(TCP, timeout_s=0.5))}, True),
    "name, zone and Region": ({"name": "b", "zone": "z2", "region": "eu-west-2"}, True),
    "server name": ({"server_name": "b.example"}, False),
    "host": ({"host": "10.0.0.2"}, False),
    "port": ({"port": 8443}, False),
    "key store": ({"key_store": "cks-2"}, False),
    "role": ({"role": Role.NODE}, False),
    "question": ({"question": Question(name="example.com")}, False),
    "name and host": ({"name": "b", "host": "10.0.0.2"}, False),
}
every_change = pytest.mark.parametrize(("changes", "is_same"), CHANGES.values(), ids=CHANGES)


def connected(target: Target, at_s: float) -> Measurement:
    return Measurement(
        target=target, check=Check.TCP, started_at_s=at_s, address=target.host,
        phases_s={Phase.CONNECT: 0.01}, timestamps=Timestamps.KERNEL,
    )  # fmt: skip


def echoed(at_s: float) -> EchoBatch:
    return EchoBatch(
        indexes=[0], sequences=[1], sent_ns=[int(at_s * 1e9)], rtt_ns=[10_000_000], stamps=[Timestamps.KERNEL],
        outcomes=[EchoOutcome.ANSWERED], reasons=[None],
    )  # fmt: skip


def filled(sink: Any) -> Any:
    """``sink`` after a TCP and an ICMP round trip of ``BEFORE``; it also has another target."""
    at_s = time.time()
    sink.on_targets((BEFORE, OTHER))
    sink.on_measurement(connected(BEFORE, at_s))
    sink.on_echoes((BEFORE,), echoed(at_s))
    return sink


def after(changes: dict[str, Any]) -> Target:
    return replace(BEFORE, **changes)


@every_change
def test_checks_keep_their_slots_if_the_identity_is_unchanged(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    (_, before), (_, now) = scheduled([BEFORE]), scheduled([after(changes)])
    assert (before.key == now.key) is is_same
    assert (offset_of(before) == offset_of(now)) is is_same


@every_change
def test_pings_keep_their_slots_if_the_identity_is_unchanged(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    def due(schedule: EchoSchedule, index: int) -> Iterator[int]:
        return (now for now in range(S, 4 * S, S // 1000) if index in schedule.due(now))

    keys = [OTHER.identity, BEFORE.identity]
    unchanged = EchoSchedule([ECHO, ECHO], 0, keys)
    changed = EchoSchedule([ECHO, ECHO], 0, keys).following(
        [ECHO] * 3,
        [Target(name="x", role=Role.NODE, host="10.0.0.7").identity, after(changes).identity, keys[0]],
    )
    assert (list(due(unchanged, 1)) == list(due(changed, 1))) is is_same


@every_change
def test_the_history_continues_under_the_new_name_if_the_identity_is_unchanged(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    history, now = filled(History()), after(changes)
    history.on_targets((OTHER, now))
    for method in Method:
        assert len(history.series(now.name, method)) == (1 if is_same else 0)
    assert {window.target for window in history.windows(time.time())} == ({now.name} if is_same else set())
    assert {each.target for each in (*history.latest(), *history.recent())} == ({now} if is_same else set())


@every_change
def test_a_late_result_counts_only_if_the_identity_is_unchanged(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    history, page, metrics = filled(History()), filled(PageSink()), filled(PrometheusSink("1"))
    for sink in (history, page, metrics):
        sink.on_targets((after(changes),))
        sink.on_measurement(connected(BEFORE, time.time()))
    assert len(history.recent()) == (2 if is_same else 0)
    assert len(page.snapshot().targets[0].attempts) == (2 if is_same else 0)
    assert value(metrics, after(changes).name) == (2.0 if is_same else 0.0)


@every_change
def test_the_page_keeps_results_if_the_identity_is_unchanged(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    page, now = filled(PageSink()), after(changes)
    page.on_targets((OTHER, now))
    shown = page.snapshot().targets[1]
    assert shown.target == now
    assert set(shown.attempts) == ({Check.ICMP, Check.TCP} if is_same else set())


def value(metrics: PrometheusSink, name: str) -> float | None:
    return metrics.registry.get_sample_value("xksprobe_probes_total", {"target": name, "check": "tcp"})


@every_change
def test_metrics_continue_under_the_new_label_or_start_again(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    metrics, now = filled(PrometheusSink("1")), after(changes)
    metrics.on_targets((now,))
    assert value(metrics, now.name) == (1.0 if is_same else 0.0)
    lines = generate_latest(metrics.registry).decode().splitlines()
    assert {line for line in lines if 'target="a"' in line} == set() or now.name == "a"
    assert ("xksprobe_rtt_seconds_bucket" in "\n".join(lines).replace("# ", "")) is is_same
    assert not any('target="other"' in line for line in lines)


@every_change
def test_the_survey_uses_earlier_samples_only_if_the_identity_is_unchanged(
    changes: dict[str, Any], *, is_same: bool
) -> None:
    history, now = filled(History()), replace(after(changes), role=after(changes).role)
    history.on_targets((now,))
    at_s = time.time()
    evidence = evidence_of(
        at_s, (now,), history.recent(), latest=history.latest(), windows=history.windows(at_s)
    )
    samples = [r.summary.samples for r in from_windows(evidence, threshold_s=0.035, vantage="").regions]
    assert samples == ([1] if is_same else [0] if now.role is Role.REGION else [])


def test_windows_of_the_last_report_are_renamed_or_dropped_with_their_targets() -> None:
    windows = [
        Window(target=name, method="tcp", span_s=1.0, summary=filled_summary()) for name in ("a", "other")
    ]
    swapped = (replace(BEFORE, name="other"), replace(OTHER, name="a"))
    assert [w.target for w in renamed(windows, (BEFORE, OTHER), swapped)] == ["other", "a"]
    assert renamed(windows, (BEFORE, OTHER), (replace(BEFORE, host="10.0.0.2"),)) == ()


def filled_summary() -> Any:
    return filled(History()).windows(time.time())[0].summary
