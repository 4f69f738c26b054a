"""Every requirement judged, and what KMS would say."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from judging import (
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

from probe.model.evidence import Evidence
from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.targets import Role, Target
from probe.model.verdicts import (
    Basis,
    KmsError,
    Level,
    Likelihood,
    Operation,
    Outcome,
    Position,
    PredictedError,
    Prediction,
    Remedy,
    Report,
    Verdict,
)
from probe.requirements import CATALOGUE, WATCHED, Finding
from probe.requirements.declare import requirement
from probe.requirements.evidence import trust
from probe.verdicts.evaluate import filled, judge, predict

ROOT = issue("Root", ca=True)
LEAF = issue(HOST, by=ROOT, dns_names=(HOST,))
MISNAMED = issue("other.example.com", by=ROOT, dns_names=(HOST,))
LATE = issue(HOST, by=ROOT, dns_names=(HOST,), to_s=NOW_S - DAY_S)
PROXY = target()
A, B = target("nlb-a", Role.NODE), target("nlb-b", Role.NODE)
BACKEND = target("proxy-1", Role.BACKEND)
HSM = target("hsm-1", Role.KEY_MANAGER)
INVALID_TLS = "XKS_PROXY_INVALID_TLS_CONFIGURATION"
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
        *healthy(A), *healthy(B), *healthy(BACKEND), also=(HSM,), windows=(window("hsm-1", 0.01),)
    )
    report = judge(measured, "cks-1")
    assert {verdict.outcome for verdict in report.verdicts} == {Outcome.MET}
    assert {verdict.requirement for verdict in report.verdicts} == {each.id for each in WATCHED}
    assert errors(report) == {}
    assert predicted(report).decided
    assert (report.key_store, report.taken_at_s, report.authorities_as_of) == ("cks-1", NOW_S, "2022-11-10")


def test_create_meets_nothing_that_is_judged_here_and_so_is_not_decided() -> None:
    create = predicted(judge(evidence(*healthy(PROXY))), Operation.CREATE)
    assert (create.decided, create.errors) == (False, ())


def test_nothing_measured_leaves_every_operation_undecided() -> None:
    report = judge(evidence(also=(PROXY,)))
    assert not any(prediction.decided for prediction in report.predictions)
    assert not any(prediction.errors for prediction in report.predictions)


def test_a_report_has_the_four_operations() -> None:
    assert [each.operation for each in judge(evidence(also=(PROXY,))).predictions] == list(Operation)


def test_where_no_target_belongs_to_a_key_store_there_is_nothing_to_judge() -> None:
    report = judge(evidence(also=(target("eu-west-1", Role.REGION),)))
    assert (report.verdicts, report.predictions) == ((), ())


def test_a_required_requirement_that_finds_nothing_to_look_at_is_unknown() -> None:
    report = judge(evidence(also=(HSM,)), "cks-1")
    assert outcomes(report)["common-name-matches", "cks-1"] is Outcome.UNKNOWN


def test_no_open_port_is_expected_to_be_not_reachable_and_decides() -> None:
    report = judge(evidence(*shut(A), *shut(B)))
    assert errors(report) == {"XKS_PROXY_NOT_REACHABLE": Likelihood.EXPECTED}
    assert errors(report, Operation.UPDATE) == {"XksProxyUriUnreachableException": Likelihood.EXPECTED}
    assert errors(report, Operation.CREATE_KEY) == {
        "CustomKeyStoreInvalidStateException": Likelihood.EXPECTED
    }
    assert predicted(report).decided


def test_one_shut_node_of_two_is_possible_and_leaves_nothing_open() -> None:
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
    ids=["reset", "plain HTTP", "silence"],
)
def test_no_handshake_at_every_node_predicts_an_error_and_decides(reason: Reason, error: str) -> None:
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


def test_a_shut_node_cannot_make_a_fault_at_the_other_less_likely() -> None:
    report = judge(evidence(*healthy(A, MISNAMED), *shut(B)))
    assert errors(report)[INVALID_TLS] is Likelihood.EXPECTED


def test_a_node_that_was_not_measured_leaves_the_fault_of_the_other_possible_and_undecided() -> None:
    report = judge(evidence(*healthy(A, MISNAMED), tcp(B)))
    assert errors(report)[INVALID_TLS] is Likelihood.POSSIBLE
    assert not predicted(report).decided


def test_a_fault_at_a_backend_is_possible_where_the_nodes_are_fine() -> None:
    report = judge(evidence(*healthy(A), *healthy(BACKEND, MISNAMED)))
    assert errors(report)[INVALID_TLS] is Likelihood.POSSIBLE


def test_a_fault_at_every_backend_is_expected_where_nothing_else_is_known() -> None:
    report = judge(evidence(*healthy(BACKEND, MISNAMED)))
    assert errors(report)[INVALID_TLS] is Likelihood.EXPECTED


def test_a_proxy_far_away_may_time_out() -> None:
    report = judge(evidence(*healthy(PROXY), windows=(window("proxy", 0.05),)))
    assert errors(report) == {"XKS_PROXY_TIMED_OUT": Likelihood.POSSIBLE}


def test_a_long_way_does_not_hide_what_is_unknown_of_the_certificate() -> None:
    report = judge(evidence(tcp(PROXY), windows=(window("proxy", 0.05),)))
    assert not predicted(report).decided


def test_advice_gives_no_error() -> None:
    report = judge(evidence(*healthy(PROXY, issue(HOST, by=ROOT, to_s=NOW_S + DAY_S))))
    assert outcomes(report)["certificate-expires-in-10-days-or-more", "proxy"] is Outcome.VIOLATED
    assert errors(report) == {}


def test_a_violation_comes_with_its_remedy_and_errors_and_a_met_one_without() -> None:
    report = judge(evidence(*healthy(PROXY, MISNAMED)))
    by_id = {verdict.requirement: verdict for verdict in report.verdicts}
    assert by_id["common-name-matches"].remedy
    assert by_id["common-name-matches"].kms_errors
    assert by_id["certificate-is-in-date"].remedy is None
    assert by_id["certificate-is-in-date"].kms_errors == ()


def test_an_extra_authority_is_named_in_the_report() -> None:
    assert judge(evidence(also=(PROXY,), extra_authorities=(ROOT.der,))).extra_authorities == ("CN=Root",)


def test_one_server_is_judged_by_tls_alone() -> None:
    report = judge(evidence(tls(PROXY, sent(LEAF))), single_server=True)
    assert {verdict.position for verdict in report.verdicts} == {Position.TLS}
    assert "same-certificate-everywhere" not in {verdict.requirement for verdict in report.verdicts}
    assert report.predictions == ()


def test_one_server_of_two_addresses_should_show_one_certificate() -> None:
    report = judge(evidence(tls(A, sent(LEAF)), tls(B, sent(MISNAMED))), single_server=True)
    assert outcomes(report)["same-certificate-everywhere", "cks-1"] is Outcome.VIOLATED


@requirement(
    level=Level.REQUIRED, position=Position.TLS, source="https://example.com/", remedy=Remedy(text="None.")
)
def a_judge_that_raises(evidence: Evidence) -> Iterable[Finding]:
    """Nothing holds."""
    yield Finding(outcome=Outcome.MET, because="said before the fault", subject="proxy")
    message = "oops"
    raise KeyError(message)


def test_a_broken_requirement_is_our_bug_and_silences_no_other() -> None:
    report = judge(evidence(*healthy(PROXY)), "cks-1", (a_judge_that_raises, *WATCHED))
    broken, *others = report.verdicts
    assert (broken.outcome, broken.because) == (Outcome.UNKNOWN, "our bug: KeyError: 'oops'")
    assert len(others) == len(judge(evidence(*healthy(PROXY)), "cks-1").verdicts)


def fault(name: str, position: Position, error: str, likelihood: Likelihood, level: Level) -> Verdict:
    return Verdict(
        requirement=name,
        level=level,
        position=position,
        subject="x",
        outcome=Outcome.VIOLATED,
        because="",
        kms_errors=(
            KmsError(operation=Operation.CONNECT, error=error, likelihood=likelihood, basis=Basis.DOCUMENTED),
        ),
    )


def connect(*verdicts: Verdict) -> Iterator[PredictedError]:
    yield from next(each for each in predict(verdicts) if each.operation is Operation.CONNECT).errors


EXPECTED_TLS = fault("t", Position.TLS, "T", Likelihood.EXPECTED, Level.REQUIRED)
EXPECTED_NETWORK = fault("n", Position.NETWORK, "N", Likelihood.EXPECTED, Level.REQUIRED)
EXPECTED_HEALTH = fault("h", Position.HEALTH, "T", Likelihood.EXPECTED, Level.REQUIRED)
RISK = fault("r", Position.NETWORK, "R", Likelihood.POSSIBLE, Level.RISK)


def test_an_expected_error_masks_those_of_later_positions() -> None:
    assert [(each.error, each.masked_by) for each in connect(EXPECTED_TLS, EXPECTED_NETWORK)] == [
        ("N", None),
        ("T", "n"),
    ]


def test_an_error_at_the_same_position_is_not_masked() -> None:
    other = replace(EXPECTED_TLS, requirement="u")
    (error,) = connect(EXPECTED_TLS, other)
    assert (error.masked_by, error.requirements) == (None, ("t", "u"))


def test_a_possible_error_masks_nothing() -> None:
    assert [each.masked_by for each in connect(RISK, EXPECTED_TLS)] == [None, None]


def test_an_error_of_two_positions_is_masked_only_if_both_are() -> None:
    assert [each.masked_by for each in connect(EXPECTED_TLS, EXPECTED_HEALTH)] == [None]
    masked = {each.error: each.masked_by for each in connect(EXPECTED_NETWORK, EXPECTED_TLS, EXPECTED_HEALTH)}
    assert masked == {"N": None, "T": "n"}


def test_the_strongest_likelihood_of_one_name_counts() -> None:
    possible = replace(
        EXPECTED_TLS, kms_errors=(replace(EXPECTED_TLS.kms_errors[0], likelihood=Likelihood.POSSIBLE),)
    )
    (error,) = connect(possible, EXPECTED_TLS)
    assert error.likelihood is Likelihood.EXPECTED


def test_signatures_of_a_chain_are_verified_once_not_at_every_report(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    build = trust.build

    def counting(*given: Any) -> Any:
        built.append(given)
        return build(*given)

    monkeypatch.setattr(trust, "build", counting)
    trust._ways.cache_clear()
    measured = evidence(*healthy(target("node-1", Role.NODE)), *healthy(target("node-2", Role.NODE)))
    judge(measured)
    first = len(built)
    judge(measured)
    assert first > 0
    assert len(built) == first


def test_a_remedy_names_the_real_things_and_a_shell_takes_each_for_one_word() -> None:
    remedy = Remedy(
        text="Change SERVICE-ID.",
        console="VPC > SERVICE-ID",
        cli="aws x --service-id SERVICE-ID my-SERVICE-ID",
    )
    hostile = "vpce; rm -rf '$HOME'"
    said = filled(remedy, {"SERVICE-ID": hostile})
    assert said.text == f"Change {hostile}."
    assert said.console == f"VPC > {hostile}"
    assert shlex.split(said.cli) == ["aws", "x", "--service-id", hostile, "my-SERVICE-ID"]


def test_a_command_of_which_a_word_is_not_known_is_left_out() -> None:
    remedy = Remedy(text="Change it.", cli="aws kms x --region REGION --id KEY-STORE-ID")
    assert filled(remedy, {"REGION": "eu-west-1"}) == Remedy(text="Change it.")
    assert filled(Remedy(text="Look.", cli="dig TXT x; nc TCP"), {}).cli == "dig TXT x; nc TCP"


def at(position: Position, error: str, operation: Operation) -> Verdict:
    verdict = fault(error, position, error, Likelihood.EXPECTED, Level.REQUIRED)
    return replace(verdict, kms_errors=tuple(replace(e, operation=operation) for e in verdict.kms_errors))


@pytest.mark.parametrize(
    ("operation", "masked"),
    [(Operation.CONNECT, "domain"), (Operation.CREATE, None), (Operation.UPDATE, None)],
)
def test_connect_asks_for_the_domain_before_the_principals_and_create_in_no_known_order(
    operation: Operation, masked: str | None
) -> None:
    verdicts = (at(Position.CONFIGURATION, "principals", operation), at(Position.DOMAIN, "domain", operation))
    (said,) = (each for each in predict(verdicts) if each.operation is operation)
    assert {error.error: error.masked_by for error in said.errors} == {"domain": None, "principals": masked}


def unknown_at(position: Position, subject: str) -> Verdict:
    return replace(
        fault("kms-is-an-allowed-principal", position, "x", Likelihood.EXPECTED, Level.REQUIRED),
        outcome=Outcome.UNKNOWN,
        subject=subject,
        kms_errors=(),
    )


def decided(operation: Operation, *verdicts: Verdict) -> bool:
    (said,) = (each for each in predict(verdicts, CATALOGUE) if each.operation is operation)
    return said.decided


def test_what_is_not_known_of_the_configuration_may_give_another_name_than_what_is() -> None:
    known = at(Position.CONFIGURATION, "acceptance", Operation.CONNECT)
    assert not decided(Operation.CONNECT, known, unknown_at(Position.CONFIGURATION, "vpce-svc-1"))
    before = at(Position.DOMAIN, "domain", Operation.CONNECT)
    assert decided(Operation.CONNECT, before, unknown_at(Position.CONFIGURATION, "vpce-svc-1"))


def test_a_violation_that_another_operation_meets_hides_nothing_that_is_not_known() -> None:
    quota = replace(at(Position.UNIQUENESS, "LimitExceededException", Operation.CREATE), subject="store")
    assert not decided(Operation.CONNECT, quota, unknown_at(Position.DOMAIN, "store"))
