"""What is unknown about a certificate is met if KMS was seen to accept that certificate."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, HOST, SPEC, STORE, looked_at, node
from support.evidence import DAY_S, NOW_S, authorities_of, issue, sent, tls, trust_only

from probe.model.account import Account, ApiErrorKind, KeyStore, Unavailable
from probe.model.aws_metrics import AwsMetrics, CertificateDays
from probe.model.evidence import Evidence
from probe.model.measurements import Certificate, Failure, Measurement, Phase, Reason
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check
from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    Remedy,
    Report,
    Trait,
    Verdict,
)
from probe.requirements import with_trait
from probe.verdicts import seen_by_kms
from probe.verdicts.judge import judge

A, B = node("eu-west-1a"), node("eu-west-1b")
MINUTE_S = 60.0
DAYS = 30.0  # of the leaf, at NOW_S
LEAF = sent(issue(HOST, to_s=NOW_S + DAYS * DAY_S))
VERDICT = Verdict(
    requirement="authority-is-trusted-by-kms",
    level=Level.REQUIRED,
    step=KmsStep.TLS,
    subject=A.name,
    outcome=Outcome.UNKNOWN,
    because="the CA is in one list only",
    traits=frozenset({Trait.MET_IF_KMS_ACCEPTED}),
)

ERROR = KmsError(
    operation=Operation.CONNECT,
    error="XKS_PROXY_INVALID_TLS_CONFIGURATION",
    likelihood=Likelihood.POSSIBLE,
    basis=Basis.DOCUMENTED,
)


def metric(days: float = DAYS, age_s: float = 0.0, name: str = HOST) -> CertificateDays:
    """What KMS saw; ``days`` left at NOW_S, so more at an earlier period."""
    return CertificateDays(period_start_s=NOW_S - age_s, common_name=name, days=days + age_s / DAY_S)


def account(
    *metrics: CertificateDays, state: str = "CONNECTED", age_s: float = 0.0, **changes: Any
) -> Account:
    store = replace(STORE, connection_state=state, **changes)
    return replace(
        ACCOUNT,
        key_stores=(store,),
        taken_at_s=NOW_S - age_s,
        metrics=AwsMetrics(certificates=metrics),
    )


def evidence(of: Account | None, spec: KeyStoreSpec | None = None) -> Evidence:
    measured = (tls(A, LEAF), tls(B, LEAF))
    spec = spec or replace(SPEC, id=STORE.id)
    return looked_at(of, spec, targets=(A, B), latest=measured, recent=measured)


def outcome(of: Account | None, verdict: Verdict = VERDICT, spec: KeyStoreSpec | None = None) -> Outcome:
    (found,) = seen_by_kms.apply((verdict,), evidence(of, spec))
    return found.outcome


def test_an_accepted_certificate_is_met_and_marked_as_inferred() -> None:
    hints = {
        "told_by": ("chain-is-complete",),
        "kms_errors": (ERROR,),
        "remedy": Remedy(text="send the other one"),
    }
    (found,) = seen_by_kms.apply((replace(VERDICT, **hints),), evidence(account(metric(age_s=10 * MINUTE_S))))
    assert (found.outcome, found.is_inferred) == (Outcome.MET, True)
    assert found.because == (
        "the CA is in one list only; but KMS is connected, and 10 minutes ago it saw a certificate of this name with "
        "30 days left, as this one has: KMS accepts it (inferred)"
    )
    assert (found.kms_errors, found.remedy, found.told_by) == ((), None, ())


def test_the_age_of_the_metric_is_in_minutes() -> None:
    (found,) = seen_by_kms.apply((VERDICT,), evidence(account(metric(age_s=50 * MINUTE_S))))
    assert "and 50 minutes ago it saw" in found.because


def test_a_target_without_a_handshake_changes_nothing_for_the_others() -> None:
    measured = (
        tls(A, LEAF),
        Measurement(
            target=B,
            check=Check.TLS,
            started_at_s=NOW_S,
            failure=Failure(phase=Phase.CONNECT, reason=Reason.REFUSED),
        ),
    )
    seen = looked_at(
        account(metric()), replace(SPEC, id=STORE.id), targets=(A, B), latest=measured, recent=measured
    )
    found = seen_by_kms.apply((VERDICT, replace(VERDICT, subject=B.name)), seen)
    assert [each.outcome for each in found] == [Outcome.MET, Outcome.UNKNOWN]


def test_the_report_has_what_aws_measured() -> None:
    of = account(metric())
    assert judge(evidence(of)).aws_metrics == of.metrics
    assert judge(evidence(None)).aws_metrics is None


@pytest.mark.parametrize("was", [Outcome.MET, Outcome.VIOLATED, Outcome.NOT_APPLICABLE])
def test_only_an_unknown_verdict_changes(was: Outcome) -> None:
    verdict = replace(VERDICT, outcome=was)
    assert seen_by_kms.apply((verdict,), evidence(account(metric()))) == (verdict,)


def test_only_requirements_about_the_certificate_change() -> None:
    assert outcome(account(metric()), replace(VERDICT, traits=frozenset())) is Outcome.UNKNOWN
    declared = {rule.id for rule in with_trait(Trait.MET_IF_KMS_ACCEPTED)}
    assert declared == {"authority-is-trusted-by-kms", "certificate-path-validates"}


@pytest.mark.parametrize(
    ("age_minutes", "expected"),
    [(59, Outcome.MET), (60, Outcome.MET), (61, Outcome.UNKNOWN), (-1, Outcome.UNKNOWN), (0, Outcome.MET)],
)
def test_the_metric_must_be_of_the_last_hour(age_minutes: float, expected: Outcome) -> None:
    assert outcome(account(metric(age_s=age_minutes * MINUTE_S))) is expected


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (-2.0, Outcome.UNKNOWN),
        (-1.01, Outcome.UNKNOWN),
        (-1.0, Outcome.MET),
        (0.5, Outcome.MET),
        (1.0, Outcome.MET),
        (1.01, Outcome.UNKNOWN),
        (2.0, Outcome.UNKNOWN),
    ],
)
def test_the_days_must_fit_within_one(difference: float, expected: Outcome) -> None:
    assert outcome(account(metric(DAYS + difference))) is expected


def test_the_days_are_compared_at_the_time_of_the_metric() -> None:
    almost_a_day_more = CertificateDays(
        period_start_s=NOW_S - 55 * MINUTE_S, common_name=HOST, days=DAYS + 55 / 1440 + 1.0
    )
    assert outcome(account(almost_a_day_more)) is Outcome.MET


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (HOST, Outcome.MET),
        (HOST.upper(), Outcome.MET),
        ("other.example.com", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
    ],
)
def test_the_common_name_must_be_the_leafs(name: str, expected: Outcome) -> None:
    assert outcome(account(metric(name=name))) is expected


def test_one_fitting_certificate_of_several_suffices() -> None:
    assert outcome(account(metric(name="other.example.com"), metric(3.0), metric())) is Outcome.MET


@pytest.mark.parametrize("state", ["CONNECTING", "DISCONNECTED", "DISCONNECTING", "FAILED", ""])
def test_the_key_store_must_be_connected(state: str) -> None:
    assert outcome(account(metric(), state=state)) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("age_minutes", "expected"), [(59, Outcome.MET), (60, Outcome.MET), (61, Outcome.UNKNOWN)]
)
def test_a_stale_account_proves_nothing(age_minutes: float, expected: Outcome) -> None:
    assert outcome(account(metric(), age_s=age_minutes * MINUTE_S)) is expected


DENIED = Unavailable(call="cloudwatch:GetMetricData", because="denied", cause=ApiErrorKind.ACCESS_DENIED)


@pytest.mark.parametrize(
    "of",
    [
        None,
        account(),
        replace(account(metric()), metrics=None),
        replace(account(metric()), metrics=DENIED),
        replace(account(metric()), key_stores=()),
        replace(account(metric()), key_stores=DENIED),
        replace(account(metric()), key_stores=(KeyStore(id="cks-other", connection_state="CONNECTED"),)),
    ],
    ids=["no account", "no data", "not asked", "denied", "no store", "stores denied", "another store"],
)
def test_without_kmss_own_state_or_metric_nothing_changes(of: Account | None) -> None:
    assert outcome(of) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "tested",
    [
        {"uri_endpoint": "https://other.example.com"},
        {"uri_path": "/other/kms/xks/v1"},
        {"service_name": "com.amazonaws.vpce.eu-west-1.vpce-svc-ffffffffffffffff0"},
    ],
)
def test_other_settings_than_the_key_stores_are_not_what_kms_saw(tested: dict[str, str]) -> None:
    assert outcome(account(metric()), spec=replace(SPEC, id=STORE.id, **tested)) is Outcome.UNKNOWN


def test_a_target_without_a_readable_certificate_does_not_change() -> None:
    spec = replace(SPEC, id=STORE.id)
    for chain in ((), (replace(LEAF[0], not_after_s=None),), (replace(LEAF[0], subject_common_names=()),)):
        measured = (tls(A, chain),)
        seen = looked_at(account(metric()), spec, targets=(A,), latest=measured, recent=measured)
        assert seen_by_kms.apply((VERDICT,), seen)[0].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("of_b", "expected"),
    [
        (LEAF, Outcome.MET),
        ((*LEAF, *sent(issue("Intermediate", ca=True))), Outcome.UNKNOWN),
        (sent(issue(HOST, to_s=NOW_S + DAYS * DAY_S, dns_names=(HOST,))), Outcome.UNKNOWN),
        (sent(issue("other.example.com", to_s=NOW_S + DAYS * DAY_S)), Outcome.MET),
        (sent(issue(HOST, to_s=NOW_S + (DAYS + 60) * DAY_S)), Outcome.MET),
    ],
    ids=["the same", "another intermediate", "another leaf that fits", "another name", "another end"],
)
def test_of_two_fitting_chains_kms_may_have_seen_only_one(
    of_b: tuple[Certificate, ...], expected: Outcome
) -> None:
    measured = (tls(A, LEAF), tls(B, of_b))
    spec = replace(SPEC, id=STORE.id)
    seen = looked_at(account(metric()), spec, targets=(A, B), latest=measured, recent=measured)
    assert seen_by_kms.apply((VERDICT,), seen)[0].outcome is expected


def of_certificate(report: Report) -> dict[tuple[str, str], Outcome]:
    rules = {rule.id for rule in with_trait(Trait.MET_IF_KMS_ACCEPTED)}
    return {(v.requirement, v.subject): v.outcome for v in report.verdicts if v.requirement in rules}


def test_a_report_decides_by_what_kms_was_seen_to_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CA is in one of the two lists only, so only KMS itself can decide."""
    root = issue("Root of one list", ca=True)
    trust_only(monkeypatch, authorities_of(only_proposed=(root,)))
    leaf = sent(issue(HOST, by=root, to_s=NOW_S + DAYS * DAY_S, dns_names=(HOST,)))
    measured = (tls(A, leaf), tls(B, leaf))
    spec = replace(SPEC, id=STORE.id)

    def report(of: Account) -> Report:
        return judge(looked_at(of, spec, targets=(A, B), latest=measured, recent=measured))

    without, with_metric = report(account()), report(account(metric()))
    assert of_certificate(without)["authority-is-trusted-by-kms", A.name] is Outcome.UNKNOWN
    assert set(of_certificate(with_metric).values()) == {Outcome.MET}
    same = {
        (v.requirement, v.subject): v.outcome
        for v in with_metric.verdicts
        if (v.requirement, v.subject) not in of_certificate(with_metric)
    }
    assert same == {
        (v.requirement, v.subject): v.outcome
        for v in without.verdicts
        if (v.requirement, v.subject) not in of_certificate(without)
    }
