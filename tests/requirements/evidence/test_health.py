"""Which health requests a requirement judges: of which target, and how old."""

from dataclasses import replace

import pytest
from support.accounts.healthy import looked_at, the_one
from support.evidence import NOW_S
from support.health_evidence import BY_ID, GOOD, A, B, cold, with_health

from probe.model.evidence import evidence_of
from probe.model.measurements import Measurement
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import Outcome, Scope
from probe.requirements.declare import Finding, met
from probe.requirements.evidence.health import Exchange, each_health
from probe.verdicts.judge import judge

MET, UNKNOWN = Outcome.MET, Outcome.UNKNOWN
HOUR_S = 3600.0
PLANNED = replace(A, plans=(PlannedCheck(check=Check.HEALTH_COLD, interval_s=60.0, timeout_s=10.0),))


@pytest.mark.parametrize(
    ("purpose", "age_s", "is_known"),
    [
        ("health", 180.0, True),
        ("health", 181.0, False),
        ("unsigned", 12 * HOUR_S, True),
        ("unsigned", 12 * HOUR_S + 1, False),
    ],
)
def test_a_stale_request_is_ignored(purpose: str, age_s: float, *, is_known: bool) -> None:
    rule = "credential-is-accepted" if purpose == "health" else "unsigned-request-is-refused"
    status = 200 if purpose == "health" else 401
    measured = Measurement(
        target=PLANNED,
        check=Check.HEALTH_COLD,
        started_at_s=NOW_S - age_s,
        details=replace(GOOD, purpose=purpose, status=status),
    )
    evidence = evidence_of(NOW_S, (PLANNED,), (measured,), scopes=frozenset({Scope.HEALTH}))
    (verdict,) = [each for each in judge(evidence).verdicts if each.requirement == rule]
    assert (verdict.outcome is MET) is is_known


@pytest.mark.parametrize(
    ("age_s", "age"), [(599.0, ""), (600.0, ", 10 minutes ago"), (5 * HOUR_S, ", 5 hours ago")]
)
def test_the_age_of_a_request_is_shown_from_ten_minutes_on(age_s: float, age: str) -> None:
    measured = Measurement(
        target=PLANNED,
        check=Check.HEALTH_COLD,
        started_at_s=NOW_S - age_s,
        details=replace(GOOD, purpose="unsigned", status=401),
    )
    evidence = evidence_of(NOW_S, (PLANNED,), (measured,), scopes=frozenset({Scope.HEALTH}))
    verdicts = {each.requirement: each.because for each in judge(evidence).verdicts}
    assert verdicts["unsigned-request-is-refused"] == f"status 401{age}"


def test_without_a_target_on_the_path_the_subject_is_the_only_other_target() -> None:
    manager = Target(name="hsm", role=Role.KEY_MANAGER, host="192.168.1.9")
    for id_ in ("credential-is-accepted", "get-is-refused"):
        found = the_one(BY_ID[id_], looked_at(targets=(manager,)))
        assert (found.outcome, found.subject) == (UNKNOWN, "hsm")


def test_a_judge_gets_each_target_with_its_own_exchanges() -> None:
    def judged(target: Target, exchanges: tuple[Exchange, ...]) -> Finding:
        return met(f"{target.name}: {[each.measurement.target.name for each in exchanges]}")

    found = each_health(with_health(cold(of=A), cold(of=B)), judged)
    assert [each.because for each in found] == [f"{of.name}: {[of.name]}" for of in (A, B)]
