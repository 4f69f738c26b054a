"""Every output shows every check and every role. After adding one, run this to see which output lacks it.

The inputs are created only from CHECKS, ROLES and the details in tests/support/reports/check_kinds.py, so a new row
is tested without a change to this file.
"""

from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from rich.console import Console
from support.reports import output_safety
from support.reports.check_kinds import measured, without_details
from support.reports.exporter_inputs import HOSTILE, NOW_S, report
from support.reports.schema_check import faults, schema

from exporters.prometheus import PrometheusSink
from exporters.prometheus.families import empty_family
from exporters.prometheus.target_families import HISTOGRAMS, TABLE
from exporters.report import matrix, path, verdicts
from exporters.web.page import PageSink
from exporters.web.path import sections
from exporters.web.render import render
from exporters.web.status import document
from probe.model.evidence import Evidence
from probe.model.kinds import CHECKS, OF_STORE, ON_PAGE, PLANNED, ROLES
from probe.model.measurements import Measurement
from probe.model.survey import Survey
from probe.model.targets import Check, PlannedCheck, Role, Target


def target(role: Role = Role.NODE, *checks: Check, name: str = "t") -> Target:
    plans = tuple(PlannedCheck(check=check, interval_s=60.0, timeout_s=1.0) for check in checks)
    return Target(
        name=name, role=role, host="192.0.2.1", port=ROLES[role].port, key_store="cks-1", plans=plans
    )


def checked(check: Check) -> Target:
    assert check in CHECKS, f"{check} has no row in probe.model.kinds.CHECKS"
    return target(Role.NODE, CHECKS[check].comes_with or check)


def sinks(of: Target, *measurements: Measurement) -> tuple[PrometheusSink, PageSink]:
    metrics, page = PrometheusSink("1"), PageSink(now=lambda: NOW_S)
    for sink in (metrics, page):
        sink.on_targets((of,))
        for each in measurements:
            sink.on_measurement(each)
        sink.on_report(report())
    return metrics, page


def reported(of: Target, *measurements: Measurement) -> dict[str, Any]:
    """The report's document, checked against its schema."""
    evidence = Evidence(taken_at_s=NOW_S, targets=(of,), latest=measurements)
    survey = Survey(taken_at_s=NOW_S, vantage="")
    report_document = verdicts.document(
        reports=((report(), evidence),), survey=survey, vantage="", version="1"
    )
    assert faults(report_document, "report") == []
    return report_document


def drawn(of: Target, *measurements: Measurement) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as captured:
        console.print(
            path.table(path.stops(Evidence(taken_at_s=NOW_S, targets=(of,), latest=measurements)), NOW_S)
        )
    return captured.get()


def test_every_kind_of_check_details_is_tested_here() -> None:
    assert without_details() == [], "add it to DETAILS in tests/support/reports/check_kinds.py"


@pytest.mark.parametrize("check", Check)
def test_every_check_has_its_metrics(check: Check) -> None:
    of = checked(check)
    metrics, _ = sinks(of, measured(of, check), measured(of, check, failed=True))

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(
            f"xksprobe_{name}", {"target": "t", "check": check, **labels}
        )

    assert value("probe_interval_seconds") == 60.0
    assert value("probes_total") == 2.0
    assert value("probe_failures_total", reason="timed_out") == 1.0
    assert value("probe_failures_total", reason="refused") == 0.0
    assert value("last_attempt_timestamp_seconds") == value("last_success_timestamp_seconds") == NOW_S
    text, kind = generate_latest(metrics.registry).decode(), CHECKS[check]
    for phase in kind.phases:
        if phase is not kind.round_trip:
            assert value("phase_duration_seconds_count", phase=phase), phase
    if kind.method is not None:
        assert f'rtt_seconds_count{{ip="192.0.2.1",method="{kind.method}",target="t"}} 1.0' in text
    if kind.mode is not None:
        assert f'request_duration_seconds_count{{mode="{kind.mode}",target="t"}} 1.0' in text
        assert f'health_answers_total{{code="200",mode="{kind.mode}",target="t"}} 1.0' in text


def test_every_target_metric_is_written_by_the_details_of_some_check() -> None:
    metrics = PrometheusSink("1")
    of = target(Role.NODE, *PLANNED)
    metrics.on_targets((of,))
    for check in Check:
        metrics.on_measurement(measured(of, check))
    written = {family.name for family in metrics.collect() if family.samples}
    for definition, _ in (*TABLE, *HISTOGRAMS):
        assert empty_family(definition).name in written, f"{definition.name}: no entry of DETAILS writes it"


def lines_of(metrics: PrometheusSink) -> list[str]:
    """The lines about the target, without the agent's own metrics."""
    return [line for line in generate_latest(metrics.registry).decode().splitlines() if 'target="t"' in line]


@pytest.mark.parametrize("check", PLANNED)
def test_results_of_a_removed_check_are_removed(check: Check) -> None:
    other = next(each for each in PLANNED if each is not check)
    had, has = target(Role.NODE, check), target(Role.NODE, other)
    before = [measured(had, each) for each in Check if check in (each, CHECKS[each].comes_with)]
    metrics, page = sinks(had, *before)
    fresh_metrics, fresh_page = sinks(has, measured(has, other))
    for sink in (metrics, page):
        sink.on_targets((has,))
        sink.on_measurement(measured(has, other))
    assert lines_of(metrics) == lines_of(fresh_metrics)
    assert (
        document(page.snapshot(), "1", ready=True)["targets"]
        == (document(fresh_page.snapshot(), "1", ready=True)["targets"])
    )


@pytest.mark.parametrize("check", Check)
def test_the_page_shows_for_every_check_whether_the_target_responds(check: Check) -> None:
    of = checked(check)
    states = {}
    for failed in (False, True):
        _, page = sinks(of, measured(of, check, failed=failed))
        (section,) = sections(page.snapshot())
        states[failed] = section.rows[0].kind
        html = render(page.snapshot(), "1")
        assert (f"{check.replace('_', ' ')}: {CHECKS[check].phases[-1]} timed out" in html) is failed
    assert states == {False: "good", True: "bad"}
    _, page = sinks(of)
    assert sections(page.snapshot())[0].rows[0].kind == "undecided"


@pytest.mark.parametrize("check", Check)
def test_every_check_is_in_the_status(check: Check) -> None:
    of = checked(check)
    _, page = sinks(of, measured(of, check, failed=True))
    (shown,) = document(page.snapshot(), "1", ready=True)["targets"]
    assert shown["checks"][check]["failure"]["reason"] == "timed_out"
    if CHECKS[check].method is not None:
        assert CHECKS[check].method in shown["round_trips"]
    if CHECKS[check].mode is not None:
        assert shown["health"][CHECKS[check].mode]["failure"]["reason"] == "timed_out"


@pytest.mark.parametrize("check", Check)
def test_the_report_shows_for_every_check_whether_the_target_responds(check: Check) -> None:
    of = checked(check)
    failure = f"{check.replace('_', ' ')}: timed out in {CHECKS[check].phases[-1]}"
    assert "responding" in drawn(of, measured(of, check))
    assert failure in drawn(of, measured(of, check, failed=True))
    assert "responding" not in drawn(of, measured(of, check, failed=True))
    (shown,) = reported(of, measured(of, check, failed=True))["targets"]
    assert shown["failure"] is not None
    assert shown["checks"][check]["failure"] == shown["failure"]
    assert reported(of, measured(of, check))["targets"][0]["failure"] is None


@pytest.mark.parametrize("check", Check)
def test_hostile_text_in_the_details_of_a_check_is_harmless(check: Check) -> None:
    of = checked(check)
    hostile = measured(of, check, failed=True, detail=HOSTILE)
    metrics, page = sinks(of, measured(of, check, started_at_s=NOW_S - 1.0), hostile)
    html = render(page.snapshot(), "1")
    assert "<script" not in html
    status = document(page.snapshot(), "1", ready=True)
    for text in (
        html,
        generate_latest(metrics.registry).decode(),
        drawn(of, hostile),
        str(status),
        str(reported(of, hostile)),
    ):
        output_safety.printable(text)


@pytest.mark.parametrize("role", Role)
def test_every_role_is_shown_in_all_outputs_under_its_name(role: Role) -> None:
    assert role in ROLES, f"{role} has no row in probe.model.kinds.ROLES"
    kind = ROLES[role]
    of = target(role, *kind.possible)
    measurements = [measured(of, check) for check in kind.possible]
    metrics, page = sinks(of, *measurements)
    assert f'role="{role}"' in generate_latest(metrics.registry).decode()
    assert [each["role"] for each in document(page.snapshot(), "1", ready=True)["targets"]] == [role]
    assert [section.title for section in sections(page.snapshot())] == (
        [kind.title] if role in ON_PAGE else []
    )
    assert (kind.title in render(page.snapshot(), "1")) is (role in ON_PAGE)
    assert [each["role"] for each in reported(of, *measurements)["targets"]] == (
        [role] if role in ON_PAGE else []
    )
    assert ("responding" in drawn(of, *measurements)) is (role in ON_PAGE)
    rows = matrix.rows(Evidence(taken_at_s=NOW_S, targets=(of,), latest=tuple(measurements)), ())
    assert len(rows) == (role in OF_STORE)


@pytest.mark.parametrize("role", Role)
def test_an_unmeasured_target_of_any_role_is_not_called_responding(role: Role) -> None:
    of = target(role, *ROLES[role].possible)
    _, page = sinks(of)
    assert "responding" not in render(page.snapshot(), "1")
    assert "responding" not in drawn(of)


def test_the_schemas_know_every_check_and_role() -> None:
    of_target = schema("report")["$defs"]["target"]["properties"]
    assert list(of_target["checks"]["properties"]) == list(Check)
    assert of_target["role"]["enum"] == list(Role)
