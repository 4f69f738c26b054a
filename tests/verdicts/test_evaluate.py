"""Every requirement is run, and each finding becomes a verdict."""

from collections.abc import Iterable

import pytest
from support.evidence import evidence, target

from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.targets import Role
from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    Remedy,
    Scope,
    Trait,
)
from probe.requirements import Finding, Rule, of_scopes
from probe.requirements.declare import requirement
from probe.verdicts.evaluate import evaluate

HSM = target("hsm-1", Role.KEY_MANAGER)
STORE = KeyStoreSpec(id="cks-1")


def test_a_required_requirement_without_targets_is_unknown() -> None:
    empty = evidence(also=(HSM,), spec=STORE)
    outcomes = {(v.requirement, v.subject): v.outcome for v in evaluate(of_scopes(empty.scopes), empty)}
    assert outcomes["common-name-matches", "cks-1"] is Outcome.UNKNOWN


def finding_nothing(level: Level) -> Rule:
    @requirement(
        level=level,
        scope=Scope.NETWORK,
        step=None if level is Level.ADVICE else KmsStep.NETWORK,
        source="https://example.com/",
        remedy=Remedy(text="None."),
    )
    def nothing_is_found(evidence: Evidence) -> Iterable[Finding]:
        """Nothing is found."""
        return ()

    return nothing_is_found


@pytest.mark.parametrize(
    ("level", "outcomes"),
    [(Level.REQUIRED, [Outcome.UNKNOWN]), (Level.RISK, []), (Level.ADVICE, [])],
)
def test_only_a_required_requirement_is_unknown_without_findings(
    level: Level, outcomes: list[Outcome]
) -> None:
    verdicts = evaluate([finding_nothing(level)], evidence(spec=STORE))
    assert [(each.subject, each.outcome) for each in verdicts] == [("cks-1", each) for each in outcomes]


def test_without_the_id_of_a_store_the_subject_is_key_store() -> None:
    for of in (evidence(), evidence(spec=KeyStoreSpec())):
        assert [each.subject for each in evaluate([finding_nothing(Level.REQUIRED)], of)] == ["key store"]


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    traits={Trait.MEANS_SHUT},
    source="https://example.com/",
    remedy=Remedy(text="None."),
)
def a_judge_that_raises(evidence: Evidence) -> Iterable[Finding]:
    """The judge raises an exception."""
    yield Finding(outcome=Outcome.MET, because="found before the exception", subject="proxy")
    message = "oops"
    raise KeyError(message)


def test_a_requirement_that_raises_is_reported_as_a_bug_and_stops_no_other() -> None:
    rules = of_scopes(frozenset(Scope))
    broken, *others = evaluate((a_judge_that_raises, *rules), evidence(also=(target(),)))
    assert (broken.outcome, broken.because) == (Outcome.UNKNOWN, "bug in xks-probe: KeyError: 'oops'")
    assert tuple(others) == evaluate(rules, evidence(also=(target(),)))


def test_a_verdict_has_the_declared_data_of_its_requirement() -> None:
    (verdict,) = evaluate([a_judge_that_raises], evidence())
    assert (verdict.requirement, verdict.level, verdict.step, verdict.traits, verdict.source) == (
        "a-judge-that-raises",
        Level.REQUIRED,
        KmsStep.TLS,
        {Trait.MEANS_SHUT},
        "https://example.com/",
    )


def test_a_requirement_without_findings_explains_that_nothing_is_configured() -> None:
    (verdict,) = evaluate([finding_nothing(Level.REQUIRED)], evidence())
    assert isinstance(verdict.because, str)
    assert "configured" in verdict.because


def test_the_subject_of_a_broken_requirement_is_the_key_store() -> None:
    assert [each.subject for each in evaluate([a_judge_that_raises], evidence(spec=STORE))] == ["cks-1"]
    assert [each.subject for each in evaluate([a_judge_that_raises], evidence())] == ["key store"]


def error(likelihood: Likelihood) -> KmsError:
    return KmsError(
        operation=Operation.CONNECT,
        error="XKS_PROXY_TIMED_OUT",
        likelihood=likelihood,
        basis=Basis.DOCUMENTED,
    )


@pytest.mark.parametrize(
    ("likelihoods", "may_pass"),
    [
        ((), False),
        ((Likelihood.POSSIBLE,), True),
        ((Likelihood.POSSIBLE, Likelihood.POSSIBLE), True),
        ((Likelihood.EXPECTED,), False),
        ((Likelihood.POSSIBLE, Likelihood.EXPECTED), False),
    ],
)
def test_kms_may_pass_a_finding_all_of_whose_errors_are_only_possible(
    likelihoods: tuple[Likelihood, ...], may_pass: bool
) -> None:
    errors = tuple(map(error, likelihoods))

    @requirement(
        level=Level.REQUIRED,
        scope=Scope.NETWORK,
        step=KmsStep.NETWORK,
        source="https://example.com/",
        remedy=Remedy(text="None."),
    )
    def answers_are_in_time(evidence: Evidence) -> Iterable[Finding]:
        """Answers are in time."""
        yield Finding(outcome=Outcome.VIOLATED, because="late", subject="proxy", kms_errors=errors)

    (verdict,) = evaluate([answers_are_in_time], evidence())
    assert (verdict.kms_errors, verdict.may_pass) == (errors, may_pass)
