"""The matrix: one row per node and target, with TCP, TLS, health and the NLB health check."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from support.accounts.healthy import ACCOUNT, BALANCER, GROUP, NODES, looked_at, node
from support.evidence import NOW_S, in_handshake, tcp, tls

from exporters.report import matrix
from probe.model.account import RegisteredTarget
from probe.model.measurements import HealthDetails, Measurement, Reason
from probe.model.targets import Check, Role, Target
from probe.model.verdicts import KmsStep, Level, Outcome, Verdict

if TYPE_CHECKING:
    from probe.model.evidence import Evidence

A, B = (node(zone) for zone in NODES)
BACKEND = Target(name="192.168.1.5", role=Role.BACKEND, host="192.168.1.5")
MET, VIOLATED, UNKNOWN, NOT_EVALUATED = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE

BROKEN = Verdict(
    requirement="common-name-matches",
    level=Level.REQUIRED,
    step=KmsStep.TLS,
    subject=A.name,
    outcome=VIOLATED,
    because="",
)


def health(of: Target, **changes: object) -> Measurement:
    details = replace(HealthDetails(purpose="health", status=200), **changes)
    return Measurement(target=of, check=Check.HEALTH_COLD, started_at_s=NOW_S, details=details)


def row(*measured: Measurement, target: Target = A, verdicts: tuple[Verdict, ...] = ()) -> matrix.Row:
    (found,) = matrix.rows(looked_at(targets=(target,), latest=measured), verdicts)
    return found


def test_rows_are_in_the_order_of_the_path() -> None:
    evidence: Evidence = looked_at(targets=(BACKEND, B, A))
    assert [each.target.name for each in matrix.rows(evidence, ())] == [B.name, A.name, BACKEND.name]


def test_an_unchecked_target_is_not_a_failure() -> None:
    found = row()
    assert {cell.outcome for cell in (found.tcp, found.tls, found.health)} == {NOT_EVALUATED}


@pytest.mark.parametrize(
    ("measured", "outcome", "words"),
    [
        (health(A), MET, "200"),
        (health(A, status=503), VIOLATED, "503"),
        (health(A, fault="no JSON"), VIOLATED, "malformed response"),
        (health(A, status=None, withheld="common-name-matches"), UNKNOWN, "withheld"),
        (health(A, purpose="get", status=405), NOT_EVALUATED, ""),
    ],
)
def test_the_health_cell_shows_only_health_requests(
    measured: Measurement, outcome: Outcome, words: str
) -> None:
    cell = row(measured).health
    assert (cell.outcome, cell.words) == (outcome, words)


def test_slow_health_is_violated_although_it_was_answered() -> None:
    slow = replace(BROKEN, requirement="health-answers-within-250-ms", step=KmsStep.HEALTH)
    assert row(health(A), verdicts=(slow,)).health.outcome is VIOLATED
    assert row(health(A), verdicts=(slow,)).health.words == "health-answers-within-250-ms"
    assert row(health(A), verdicts=(replace(slow, subject=B.name),)).health.outcome is MET
    assert row(health(A), verdicts=(replace(slow, level=Level.ADVICE),)).health.outcome is MET


def test_a_connection_shows_its_duration_and_a_failure_its_reason() -> None:
    assert row(tcp(A, connect_s=0.004)).tcp == matrix.Cell(outcome=MET, duration_s=0.004)
    assert row(tcp(A, Reason.TIMED_OUT)).tcp == matrix.Cell(outcome=VIOLATED, words="timed out")


def test_the_tls_cell_names_the_violated_requirement() -> None:
    assert row(tls(A)).tls.outcome is MET
    assert row(tls(A), verdicts=(BROKEN,)).tls.words == "common-name-matches"
    assert row(tls(A), verdicts=(replace(BROKEN, subject=B.name),)).tls.outcome is MET
    assert row(tls(A), verdicts=(replace(BROKEN, outcome=UNKNOWN),)).tls.outcome is UNKNOWN
    assert row(tls(A, failure=in_handshake(Reason.RESET))).tls == matrix.Cell(outcome=VIOLATED, words="reset")


def test_the_load_balancers_health_check_is_next_to_the_measurements() -> None:
    group = replace(GROUP, targets=(RegisteredTarget(id="192.168.1.5", port=443, state="unhealthy"),))
    account = replace(ACCOUNT, load_balancers=(replace(BALANCER, target_groups=(group,)),))
    (found,) = matrix.rows(looked_at(account, targets=(BACKEND,)), ())
    assert found.load_balancer == matrix.Cell(outcome=VIOLATED, words="unhealthy")


@pytest.mark.parametrize("width", [40, 60, 160])
def test_hostile_names_are_escaped(width: int) -> None:
    hostile = replace(A, name="\x1b[31m[/red]<script>\n" * 9, zone="\x1b]0;x\x07")
    table = matrix.render(matrix.rows(looked_at(targets=(hostile,)), ()))
    console = Console(width=width, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(table)
    assert "\x1b" not in captured.get()
    assert all(len(line) <= width for line in captured.get().splitlines())


def test_without_targets_there_is_no_table() -> None:
    assert matrix.render(matrix.rows(looked_at(), ())) is None


@pytest.mark.parametrize(
    ("width", "heads", "named"),
    [
        (120, ["target", "zone", "TCP", "TLS", "health", "NLB health check"], True),
        (84, ["target", "TCP", "TLS", "health", "NLB health check"], True),
        (60, ["target", "TCP", "TLS", "health"], False),
    ],
)
def test_a_narrow_table_leaves_out_columns_before_it_breaks_names(
    width: int, heads: list[str], *, named: bool
) -> None:
    node = replace(A, zone="eu-central-1a")
    evidence = looked_at(targets=(node,), latest=(tcp(node), tls(node)))
    console = Console(width=width, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(matrix.render(matrix.rows(evidence, (BROKEN,))))
    lines = captured.get().splitlines()
    head = next(line for line in lines if "TCP" in line)
    assert re.split(r"\s{2,}", head.strip()) == heads
    assert A.name in captured.get()
    assert ("common-name-matches" in captured.get()) is named
    assert max(map(len, lines)) <= width
