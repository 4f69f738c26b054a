"""The rows of the path table."""

from dataclasses import replace

import pytest
from support.reports.exporter_inputs import NOW_S, SILENT, asked, certificate, health, target, tcp, tls

from exporters.web.page import PageSink
from exporters.web.path import SHOWN_TARGETS, SOON_S, Row, sections
from exporters.web.snapshot import Snapshot
from probe.model.measurements import Certificate, Measurement, TlsDetails
from probe.model.statistics import Summary, Window
from probe.model.targets import Check, PlannedCheck, Role, Target


def snapshot(
    *measurements: Measurement, targets: tuple[Target, ...] = (), median_s: float | None = None
) -> Snapshot:
    window = Window(target="node-1", method="tcp", span_s=600, summary=Summary(samples=20, median_s=median_s))
    page = PageSink(windows=lambda: (window,), now=lambda: NOW_S)
    page.on_targets(targets or (target(),))
    for measurement in measurements:
        page.on_measurement(measurement)
    return page.snapshot()


def row(shown: Snapshot) -> Row:
    return sections(shown)[0].rows[0]


def test_the_state_of_a_target_has_a_kind_and_a_text() -> None:
    assert row(snapshot()).state == "not measured yet"
    assert row(snapshot(tcp(target()))).kind == "good"
    assert row(snapshot(tcp(target(), None))).state == "not responding"
    assert row(snapshot(tcp(target(), None), tls(target()))).state == "partly failing"


def test_a_failure_is_shown_with_phase_and_reason() -> None:
    assert row(snapshot(tcp(target(), None))).failures == ("tcp: connect timed out (no answer in 1 s)",)


def test_a_past_failure_is_shown_with_its_age() -> None:
    shown = row(snapshot(tcp(target(), None, NOW_S - 300), tcp(target())))
    assert shown.failures == ()
    assert shown.past == "5 min ago tcp: connect timed out (no answer in 1 s)"


@pytest.mark.parametrize(
    ("median_s", "over"), [(0.0349, False), (0.035, False), (0.0351, True), (None, False)]
)
def test_a_median_over_35_ms_is_marked(median_s: float | None, over: bool) -> None:
    cell = row(snapshot(tcp(target()), median_s=median_s)).round_trips["tcp"]
    assert cell is not None
    assert cell.over is over


@pytest.mark.parametrize(
    ("left_s", "kind"), [(SOON_S, "good"), (SOON_S - 1, "risk"), (0, "risk"), (-1, "bad")],
    ids=["ten days", "just under ten days", "this second", "expired"],
)  # fmt: skip
def test_a_certificate_close_to_expiry_is_marked(left_s: float, kind: str) -> None:
    shown = row(snapshot(tls(target(), certificate(not_after_s=NOW_S + left_s)))).tls
    assert shown is not None
    assert shown.kind == kind


def test_a_result_of_only_the_diagnostic_handshake_is_shown_as_bad() -> None:
    measurement = tls(target(), certificate())
    assert isinstance(measurement.details, TlsDetails)
    shown = row(
        snapshot(replace(measurement, details=replace(measurement.details, kms_handshake_succeeded=False)))
    ).tls
    assert shown is not None
    assert (shown.kind, shown.note) == ("bad", "a handshake with KMS's parameters fails")


def test_a_certificate_without_a_common_name_is_marked() -> None:
    nameless: Certificate = certificate(subject_common_names=())
    shown = row(snapshot(tls(target(), nameless))).tls
    assert shown is not None
    assert shown.common_name == "no CN"


def test_only_columns_with_values_are_shown() -> None:
    resolver = target(role=Role.RESOLVER, plans=(PlannedCheck(check=Check.DNS, interval_s=60, timeout_s=3),))
    (section,) = sections(snapshot(targets=(resolver,)))
    assert (section.methods, section.tls, section.health) == ((), False, False)
    (section,) = sections(snapshot())
    assert (section.methods, section.tls, section.health) == (("tcp", "icmp"), True, False)
    (section,) = sections(snapshot(targets=(target(), asked("node-2", host="10.0.0.2"))))
    assert section.health
    assert [row.health is None for row in section.rows] == [True, False]


def test_health_counts_for_a_targets_state_as_every_check_does() -> None:
    of = asked()
    silent = health(of, None, failure=SILENT)
    assert row(snapshot(health(of), targets=(of,))).state == "responding"
    assert row(snapshot(silent, targets=(of,))).state == "not responding"
    assert row(snapshot(tcp(of), silent, targets=(of,))).state == "partly failing"
    assert row(snapshot(tcp(of), silent, targets=(of,))).failures == ("health cold: wait timed out",)


def test_an_older_warm_response_does_not_make_a_dead_target_partly_failing() -> None:
    of = asked()
    warm = health(of, at_s=NOW_S - 60, check=Check.HEALTH_WARM)
    assert row(snapshot(warm, health(of, None, failure=SILENT), targets=(of,))).state == "not responding"


def test_withheld_requests_and_conduct_tests_do_not_count_as_responses() -> None:
    of = asked()
    for not_counted in (health(of, None, withheld="common-name-matches"), health(of, 405, purpose="get")):
        assert row(snapshot(not_counted, targets=(of,))).state == "not measured yet"


def test_with_several_key_stores_each_row_names_its_own() -> None:
    two = (target(), target("node-2", key_store="cks-2"), target("r", role=Role.RESOLVER, key_store=""))
    nodes, resolvers = sections(snapshot(targets=two))
    assert [row.where.rpartition(" · ")[2] for row in nodes.rows] == ["cks-1", "cks-2"]
    assert "cks" not in row(snapshot()).where
    assert "cks" not in resolvers.rows[0].where


def test_roles_come_in_the_order_of_the_path_and_regions_are_not_in_it() -> None:
    roles = (Role.REGION, Role.KEY_MANAGER, Role.NODE, Role.PROXY)
    shown = sections(snapshot(targets=tuple(target(r.value, role=r) for r in roles)))
    assert [section.title for section in shown] == ["Proxy", "Load balancer nodes", "Key managers"]


def test_with_too_many_targets_failing_ones_are_shown_first() -> None:
    targets = tuple(target(f"n{n}", host=f"10.0.0.{n}") for n in range(SHOWN_TARGETS + 1))
    (section,) = sections(snapshot(tcp(targets[-1], None), targets=targets))
    assert section.more == 1
    assert section.rows[0].name == targets[-1].name
