"""From evidence to a report: every requirement judged, and the errors of KMS predicted."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, SPEC, STORE, looked_at
from support.evidence import (
    DAY_S,
    HOST,
    NOTHING_AGREED,
    NOW_S,
    Signer,
    authorities_of,
    evidence,
    in_handshake,
    issue,
    sent,
    target,
    tcp,
    tls,
    trust_only,
    window,
)

from probe.model.facts import CredentialFacts
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.store import KeyStoreSpec
from probe.model.targets import Role, Target
from probe.model.verdicts import (
    MEASURED,
    Basis,
    KmsStep,
    Likelihood,
    Operation,
    Outcome,
    Prediction,
    Report,
    Scope,
)
from probe.requirements import of_scopes
from probe.requirements.evidence import trust
from probe.verdicts.judge import judge

ROOT = issue("Root", ca=True)
LEAF = issue(HOST, by=ROOT, dns_names=(HOST,))
MISNAMED = issue("other.example.com", by=ROOT, dns_names=(HOST,))
LATE = issue(HOST, by=ROOT, dns_names=(HOST,), to_s=NOW_S - DAY_S)
PROXY = target()
A, B = target("nlb-a", Role.NODE), target("nlb-b", Role.NODE)
BACKEND = target("proxy-1", Role.BACKEND)
HSM = target("hsm-1", Role.KEY_MANAGER)
INVALID_TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
OF_A_SERVER = frozenset({Scope.CERTIFICATES, Scope.HANDSHAKE})
REFUSED = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authorities_of(ROOT))


def healthy(of: Target, leaf: Signer = LEAF) -> tuple[Measurement, Measurement]:
    return tcp(of), tls(of, sent(leaf))


def shut(of: Target) -> tuple[Measurement, Measurement]:
    return tcp(of, Reason.REFUSED), tls(of, failure=REFUSED, **NOTHING_AGREED)


def predicted(report: Report, operation: Operation = Operation.CONNECT) -> Prediction:
    return next(each for each in report.predictions if each.operation is operation)


def errors(report: Report, operation: Operation = Operation.CONNECT) -> dict[str, Likelihood]:
    return {error.error: error.likelihood for error in predicted(report, operation).errors}


def outcomes(report: Report) -> dict[tuple[str, str], Outcome]:
    return {(verdict.requirement, verdict.subject): verdict.outcome for verdict in report.verdicts}


def test_a_healthy_key_store_meets_every_requirement_and_predicts_no_error() -> None:
    measured = evidence(
        *healthy(A),
        *healthy(B),
        *healthy(BACKEND),
        also=(HSM,),
        windows=(window("hsm-1", 0.01),),
        spec=KeyStoreSpec(id="cks-1"),
        large_client_hellos=(
            LargeClientHello(target=A, started_at_s=NOW_S, answer=HelloAnswer.SERVER_HELLO),
        ),
    )
    report = judge(measured)
    assert {verdict.outcome for verdict in report.verdicts} == {Outcome.MET}
    assert {verdict.requirement for verdict in report.verdicts} == {each.id for each in of_scopes(MEASURED)}
    assert errors(report) == {}
    assert predicted(report).decided
    assert (report.key_store, report.taken_at_s) == ("cks-1", NOW_S)
    assert (report.authorities_as_of, report.authorities_proposed) == ("2022-11-10", "2024-06-15")


def test_create_is_undecided_if_none_of_its_requirements_was_judged() -> None:
    create = predicted(judge(evidence(*healthy(PROXY))), Operation.CREATE)
    assert (create.decided, create.errors) == (False, ())


def test_without_measurements_every_operation_is_undecided() -> None:
    report = judge(evidence(also=(PROXY,)))
    assert not any(prediction.decided for prediction in report.predictions)
    assert not any(prediction.errors for prediction in report.predictions)


def test_a_report_has_the_four_operations() -> None:
    assert [each.operation for each in judge(evidence(also=(PROXY,))).predictions] == list(Operation)


def test_without_a_target_of_a_key_store_the_report_is_empty() -> None:
    report = judge(evidence(also=(target("eu-west-1", Role.REGION),)))
    assert (report.verdicts, report.predictions) == ((), ())


def test_closed_ports_at_every_node_predict_not_reachable_and_decide() -> None:
    report = judge(evidence(*shut(A), *shut(B)))
    assert errors(report) == {"XKS_PROXY_NOT_REACHABLE": Likelihood.EXPECTED}
    assert errors(report, Operation.UPDATE) == {"XksProxyUriUnreachableException": Likelihood.EXPECTED}
    assert errors(report, Operation.CREATE_KEY) == {
        "CustomKeyStoreInvalidStateException": Likelihood.EXPECTED
    }
    assert predicted(report).decided


def test_one_closed_node_of_two_makes_the_error_possible_and_the_prediction_decided() -> None:
    report = judge(evidence(*healthy(A), *shut(B)))
    assert errors(report) == {"XKS_PROXY_NOT_REACHABLE": Likelihood.POSSIBLE}
    assert predicted(report).decided


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.RESET, INVALID_TLS),
        (Reason.PROTOCOL_ERROR, INVALID_TLS),
        (Reason.TIMED_OUT, "XKS_PROXY_TIMED_OUT"),
    ],
    ids=["reset", "plain HTTP", "timed out"],
)
def test_failed_handshakes_at_every_node_predict_an_error_and_decide(reason: Reason, error: str) -> None:
    silent = [tls(node, failure=in_handshake(reason), **NOTHING_AGREED) for node in (A, B)]
    report = judge(evidence(tcp(A), tcp(B), *silent))
    assert errors(report) == {error: Likelihood.EXPECTED}
    assert predicted(report).decided


def test_a_fault_at_every_node_is_expected() -> None:
    report = judge(evidence(*healthy(A, MISNAMED), *healthy(B, MISNAMED)))
    (error,) = predicted(report).errors
    assert (error.error, error.likelihood, error.basis) == (
        INVALID_TLS,
        Likelihood.EXPECTED,
        Basis.CONFLICTING,
    )
    assert error.requirements == ("common-name-matches",)
    assert error.alternatives == ("XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",)


def test_a_fault_at_one_node_of_two_is_possible() -> None:
    report = judge(evidence(*healthy(A, MISNAMED), *healthy(B)))
    assert errors(report)[INVALID_TLS] is Likelihood.POSSIBLE


def test_different_faults_at_both_nodes_that_give_the_same_error_are_expected() -> None:
    report = judge(evidence(*healthy(A, MISNAMED), *healthy(B, LATE)))
    assert errors(report)[INVALID_TLS] is Likelihood.EXPECTED


def test_a_closed_node_does_not_make_a_fault_at_the_other_less_likely() -> None:
    report = judge(evidence(*healthy(A, MISNAMED), *shut(B)))
    assert errors(report)[INVALID_TLS] is Likelihood.EXPECTED


def test_a_node_without_a_measurement_makes_the_fault_of_the_other_possible_and_undecided() -> None:
    report = judge(evidence(*healthy(A, MISNAMED), tcp(B)))
    assert errors(report)[INVALID_TLS] is Likelihood.POSSIBLE
    assert not predicted(report).decided


def test_a_fault_at_a_backend_is_possible_if_the_nodes_are_healthy() -> None:
    report = judge(evidence(*healthy(A), *healthy(BACKEND, MISNAMED)))
    assert errors(report)[INVALID_TLS] is Likelihood.POSSIBLE


def test_a_fault_at_every_backend_is_expected_if_nothing_else_is_known() -> None:
    report = judge(evidence(*healthy(BACKEND, MISNAMED)))
    assert errors(report)[INVALID_TLS] is Likelihood.EXPECTED


def test_a_proxy_far_away_may_time_out() -> None:
    report = judge(evidence(*healthy(PROXY), windows=(window("proxy", 0.05),)))
    assert errors(report) == {"XKS_PROXY_TIMED_OUT": Likelihood.POSSIBLE}


def test_a_long_round_trip_does_not_hide_an_unknown_certificate() -> None:
    report = judge(evidence(tcp(PROXY), windows=(window("proxy", 0.05),)))
    assert not predicted(report).decided


def test_advice_predicts_no_error() -> None:
    report = judge(evidence(*healthy(PROXY, issue(HOST, by=ROOT, to_s=NOW_S + DAY_S))))
    assert outcomes(report)["certificate-expires-in-10-days-or-more", "proxy"] is Outcome.VIOLATED
    assert errors(report) == {}


def test_only_a_violated_verdict_has_a_remedy_and_errors() -> None:
    report = judge(evidence(*healthy(PROXY, MISNAMED)))
    by_id = {verdict.requirement: verdict for verdict in report.verdicts}
    assert by_id["common-name-matches"].remedy
    assert by_id["common-name-matches"].kms_errors
    assert by_id["certificate-is-in-date"].remedy is None
    assert by_id["certificate-is-in-date"].kms_errors == ()


def test_an_extra_authority_is_named_in_the_report() -> None:
    assert judge(evidence(also=(PROXY,), extra_authorities=(ROOT.der,))).extra_authorities == ("CN=Root",)


def test_one_server_is_judged_only_by_tls() -> None:
    report = judge(evidence(tls(PROXY, sent(LEAF)), scopes=OF_A_SERVER), single_server=True)
    assert {verdict.step for verdict in report.verdicts} == {KmsStep.TLS, None}
    assert "same-certificate-everywhere" not in {verdict.requirement for verdict in report.verdicts}
    assert report.predictions == ()


def test_one_server_with_two_addresses_should_present_one_certificate() -> None:
    shown = evidence(tls(A, sent(LEAF)), tls(B, sent(MISNAMED)), scopes=OF_A_SERVER)
    report = judge(shown, single_server=True)
    assert outcomes(report)["same-certificate-everywhere", "cks-1"] is Outcome.VIOLATED


def test_the_signatures_of_a_chain_are_verified_once_and_not_for_every_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[object] = []
    build = trust.build

    def counting(*given: Any) -> Any:
        built.append(given)
        return build(*given)

    monkeypatch.setattr(trust, "build", counting)
    trust._CACHE.clear()
    measured = evidence(*healthy(target("node-1", Role.NODE)), *healthy(target("node-2", Role.NODE)))
    judge(measured)
    first = len(built)
    judge(measured)
    assert first > 0
    assert len(built) == first


@pytest.mark.parametrize("scopes", [frozenset({scope}) for scope in Scope], ids=list(Scope))
def test_only_requirements_in_the_scopes_are_judged(scopes: frozenset[Scope]) -> None:
    report = judge(replace(evidence(*healthy(PROXY)), spec=KeyStoreSpec(id="cks-1"), scopes=scopes))
    judged = {verdict.requirement for verdict in report.verdicts}
    assert judged
    assert judged <= {each.id for each in of_scopes(scopes)}


def test_missing_nodes_are_unknown_only_if_the_account_is_in_the_scopes() -> None:
    network_only = replace(evidence(tcp(PROXY)), spec=KeyStoreSpec(id="cks-1"))
    every_node = ("every-node-accepts-tcp-443", "proxy")
    assert outcomes(judge(network_only))[every_node] is Outcome.NOT_APPLICABLE
    with_account = replace(network_only, scopes=frozenset(Scope))
    assert outcomes(judge(with_account))[every_node] is Outcome.UNKNOWN


def test_a_store_without_targets_is_judged_only_if_the_account_is_in_the_scopes() -> None:
    network_only = replace(evidence(also=(target("eu-west-1", Role.REGION),)), spec=KeyStoreSpec(id="cks-1"))
    assert judge(network_only).verdicts == ()
    assert judge(replace(network_only, scopes=frozenset(Scope))).verdicts


def test_a_report_has_the_state_that_kms_reports_if_the_key_store_exists() -> None:
    known_store = looked_at(replace(ACCOUNT, key_stores=(STORE,)), replace(SPEC, id=STORE.id))
    report = judge(known_store)
    assert report.actual is not None
    assert report.actual.connection_state == "CONNECTED"
    assert judge(looked_at()).actual is None


def test_a_report_without_a_key_store_has_an_empty_id() -> None:
    assert judge(evidence(also=(PROXY,))).key_store == ""


@pytest.mark.parametrize("is_simulation", [False, True])
def test_verdicts_and_predictions_that_rest_on_an_extra_authority_say_so(*, is_simulation: bool) -> None:
    private = issue("Private root", ca=True)
    leaf = issue(HOST, by=private, dns_names=(HOST,))
    measured = evidence(*healthy(A), tls(A, sent(leaf, private)), spec=KeyStoreSpec(id="cks-1"))
    report = judge(replace(measured, extra_authorities=(private.der,), is_simulation=is_simulation))
    resting = {each.requirement for each in report.verdicts if each.rests_on_extra_authority is True}
    assert ("authority-is-trusted-by-kms" in resting) is not is_simulation
    assert predicted(report).rests_on_extra_authority is not is_simulation
    assert predicted(report, Operation.CREATE).rests_on_extra_authority is False
    assert report.is_simulation is is_simulation
    assert {each.rests_on_extra_authority for each in report.verdicts} <= {True, False}


@pytest.mark.parametrize(("of_file", "is_noted"), [("/other/kms/xks/v1", True), ("/kms/xks/v1", False)])
def test_a_credential_for_another_uri_path_is_a_note_of_the_report(of_file: str, *, is_noted: bool) -> None:
    seen = replace(
        evidence(),
        spec=KeyStoreSpec(region="eu-west-1", uri_path="/kms/xks/v1"),
        credential=CredentialFacts(uri_path_of_the_file=of_file),
    )
    assert [of_file in note for note in judge(seen).notes] == [True] * is_noted
    assert judge(replace(seen, spec=None)).notes == ()


def test_the_report_has_the_certificates_of_the_judged_paths() -> None:
    (leaf,) = sent(LEAF)
    assert judge(evidence(*healthy(A))).path_certificates == {leaf.sha256}
    assert judge(evidence(also=(PROXY,))).path_certificates == frozenset()
