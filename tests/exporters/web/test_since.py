"""Since when a requirement has been violated."""

from support.reports.exporter_inputs import NOW_S, report, verdict

from exporters.web.since import ViolatedSince
from probe.model.history import Standing
from probe.model.verdicts import Outcome, Report

KEY = ("cks-1", "authority-is-trusted-by-kms", "node-1")


def reported(outcome: Outcome, after_s: float = 0.0, key_store: str = "cks-1") -> Report:
    return report(verdict(outcome=outcome), taken_at_s=NOW_S + after_s, key_store=key_store)


def since(*outcomes: Outcome) -> float | None:
    """One report per second, without a history."""
    kept = ViolatedSince()
    for second, outcome in enumerate(outcomes):
        kept.on_report(reported(outcome, second))
    at_s = kept.all(Standing()).get(KEY)
    return None if at_s is None else at_s - NOW_S


def test_a_violation_lasts_until_the_requirement_is_met() -> None:
    assert since(Outcome.VIOLATED, Outcome.VIOLATED) == 0
    assert since(Outcome.VIOLATED, Outcome.MET) is None
    assert since(Outcome.VIOLATED, Outcome.MET, Outcome.VIOLATED) == 2


def test_an_unknown_outcome_does_not_end_a_violation_and_does_not_begin_one() -> None:
    assert since(Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.VIOLATED) == 0
    assert since(Outcome.UNKNOWN, Outcome.VIOLATED) == 1


def test_the_history_knows_violations_from_before_the_start() -> None:
    kept = ViolatedSince()
    kept.on_report(reported(Outcome.VIOLATED))
    assert kept.all(Standing(verdicts={KEY: (Outcome.VIOLATED, NOW_S - 86400)})) == {KEY: NOW_S - 86400}
    assert kept.all(Standing(verdicts={KEY: (Outcome.MET, NOW_S - 86400)})) == {KEY: NOW_S}


def test_each_key_store_has_its_own_violations_and_a_removed_one_has_none() -> None:
    kept = ViolatedSince()
    kept.on_report(reported(Outcome.VIOLATED))
    kept.on_report(reported(Outcome.VIOLATED, 5, "cks-2"))
    assert [at_s - NOW_S for at_s in kept.all(Standing()).values()] == [0, 5]
    kept.on_key_stores(frozenset({"cks-2"}))
    assert [key[0] for key in kept.all(Standing())] == ["cks-2"]
