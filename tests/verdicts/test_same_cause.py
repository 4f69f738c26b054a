"""A cause that several requirements see is told by one of them."""

import pytest
from support.evidence import (
    DAY_S,
    HOST,
    NOW_S,
    Signer,
    authorities_of,
    evidence,
    issue,
    sent,
    target,
    tls,
    trust_only,
)

from probe.model.verdicts import KmsStep, Level, Outcome, Verdict
from probe.verdicts import same_cause
from probe.verdicts.judge import judge

ROOT = issue("Listed Root", ca=True)
MIDDLE = issue("Middle", by=ROOT, ca=True)
OLD_MIDDLE = issue("Old Middle", by=ROOT, ca=True, to_s=NOW_S - DAY_S)
PRIVATE = issue("Private Root", ca=True)
LACKED = issue("Lacked Root", ca=True)
NO_CA = issue("Not a CA", by=ROOT)
PATH = "certificate-path-validates"


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authorities_of(ROOT, lacked=(LACKED,)))


def verdicts(*signers: Signer) -> dict[str, Verdict]:
    report = judge(evidence(tls(target(), sent(*signers))), single_server=True)
    return {each.requirement: each for each in report.verdicts}


@pytest.mark.parametrize(
    ("signers", "outcome", "told_by"),
    [
        ((issue(HOST, by=MIDDLE, to_s=NOW_S - DAY_S), MIDDLE), Outcome.VIOLATED, "certificate-is-in-date"),
        ((issue(HOST, by=OLD_MIDDLE), OLD_MIDDLE), Outcome.VIOLATED, "chain-is-complete"),
        ((issue(HOST, by=MIDDLE),), Outcome.VIOLATED, "chain-is-complete"),
        ((issue(HOST, by=PRIVATE), PRIVATE), Outcome.VIOLATED, "authority-is-trusted-by-kms"),
        ((issue(HOST, by=LACKED),), Outcome.UNKNOWN, "chain-is-complete"),
        ((issue(HOST, by=NO_CA), NO_CA), Outcome.VIOLATED, None),
        ((issue(HOST, by=MIDDLE), MIDDLE), Outcome.MET, None),
    ],
    ids=[
        "expired",
        "an intermediate has expired",
        "an intermediate is missing",
        "a private CA",
        "a listed root without a certificate here",
        "an issuer is no CA",
        "all is well",
    ],
)
def test_the_path_refers_to_the_requirement_that_names_its_cause(
    signers: tuple[Signer, ...], outcome: Outcome, told_by: str | None
) -> None:
    found = verdicts(*signers)
    assert found[PATH].outcome is outcome
    assert found[PATH].told_by[:1] == (() if told_by is None else (told_by,))
    for id_ in found[PATH].told_by:
        assert (found[id_].outcome, found[id_].told_by) == (outcome, ())


def test_names_of_other_hosts_are_a_risk_and_no_names_are_advice() -> None:
    name = "subject-alternative-name-matches"
    other = verdicts(issue(HOST, by=MIDDLE, dns_names=("other.example.com",)), MIDDLE)[name]
    none = verdicts(issue(HOST, by=MIDDLE), MIDDLE)[name]
    assert (other.outcome, other.level) == (Outcome.VIOLATED, Level.RISK)
    assert {error.error for error in other.kms_errors} >= {"XKS_PROXY_INVALID_TLS_CONFIGURATION"}
    assert {error.likelihood.value for error in other.kms_errors} == {"possible"}
    assert (none.outcome, none.level, none.kms_errors) == (Outcome.VIOLATED, Level.ADVICE, ())


def verdict(requirement: str, outcome: Outcome, *told_by: str) -> Verdict:
    return Verdict(
        requirement=requirement,
        level=Level.REQUIRED,
        step=KmsStep.TLS,
        subject="proxy",
        outcome=outcome,
        because="",
        told_by=told_by,
    )


@pytest.mark.parametrize(
    ("outcome", "told_by"),
    [
        (Outcome.VIOLATED, ("violated",)),
        (Outcome.UNKNOWN, ("unknown",)),
        (Outcome.MET, ()),
        (Outcome.NOT_APPLICABLE, ()),
    ],
)
def test_only_a_violated_or_unknown_verdict_refers_to_others_and_only_to_those_with_its_outcome(
    outcome: Outcome, told_by: tuple[str, ...]
) -> None:
    others = tuple(verdict(each.name.lower(), each) for each in Outcome)
    names = (*(each.requirement for each in others), "not judged")
    referring, *rest = same_cause.apply((verdict("path", outcome, *names), *others), evidence())
    assert referring.told_by == told_by
    assert tuple(rest) == others
