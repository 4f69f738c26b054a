"""Each requirement about health: the proxy's response, the outcome, and the errors of KMS."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, SPEC, STORE, looked_at, node, the_one
from support.evidence import NOW_S
from support.reports import findings_text

from probe.model.evidence import Evidence, evidence_of
from probe.model.facts import CredentialFacts
from probe.model.measurements import (
    CHECK_TIMED_OUT,
    NO_CREDENTIAL,
    BodyForm,
    Failure,
    HealthDetails,
    KeyManagerStatus,
    Measurement,
    Phase,
    Reason,
)
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import Likelihood, Operation, Outcome, Report, Scope
from probe.requirements import CATALOGUE
from probe.requirements.declare import Finding, met
from probe.requirements.evidence.health import Exchange, each_health
from probe.requirements.kms_errors import health as health_errors
from probe.verdicts.judge import judge

MET, VIOLATED, UNKNOWN, NOT_APPLICABLE = (
    Outcome.MET,
    Outcome.VIOLATED,
    Outcome.UNKNOWN,
    Outcome.NOT_APPLICABLE,
)
BY_ID = {declared.id: declared for declared in CATALOGUE}
A, B = node("eu-west-1a"), node("eu-west-1b")
MANAGERS = (("a", KeyManagerStatus.ACTIVE), ("b", KeyManagerStatus.DEGRADED))
GOOD = HealthDetails(purpose="health", status=200, managers=MANAGERS, clock_offset_s=0.0)
SILENT = Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT)
CLOSED = Failure(phase=Phase.WAIT, reason=Reason.CLOSED)
REFUSED = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)


def cold(total_s: float = 0.05, failure: Failure | None = None, of: Any = A, **response: Any) -> Measurement:
    details = (
        replace(GOOD, **response)
        if failure is None
        else HealthDetails(purpose=response.get("purpose", "health"))
    )
    phases = {} if failure else {Phase.CONNECT: total_s / 2, Phase.WAIT: total_s / 2}
    return Measurement(
        target=of,
        check=Check.HEALTH_COLD,
        started_at_s=NOW_S,
        phases_s=phases,
        failure=failure,
        details=details,
    )


def with_health(*measured: Measurement, **fields: Any) -> Evidence:
    targets = tuple(dict.fromkeys(each.target for each in measured)) or (A,)
    return looked_at(targets=targets, recent=measured, latest=measured, **fields)


def error(name: str, status: int = 400) -> Evidence:
    return with_health(*[cold(status=status, error_name=name)] * 5)


def times(*totals_s: float) -> Evidence:
    return with_health(*(cold(total_s) for total_s in totals_s))


CASES: list[tuple[str, Outcome, Evidence]] = [
    ("credential-is-accepted", MET, with_health(cold())),
    ("credential-is-accepted", VIOLATED, error("AuthenticationFailedException", 401)),
    # KMS reads only the errorName: it cannot interpret a web server's 401.
    ("credential-is-accepted", UNKNOWN, with_health(cold(status=401, fault="without an errorName"))),
    ("credential-is-accepted", UNKNOWN, with_health(cold(fault="the body is no JSON"))),
    ("credential-is-accepted", UNKNOWN, error("AccessDeniedException", 403)),
    ("credential-is-accepted", UNKNOWN, error("ThrottlingException", 429)),
    ("credential-is-accepted", UNKNOWN, error("InternalException", 500)),
    ("credential-is-accepted", UNKNOWN, error("InvalidUriPathException", 404)),
    ("credential-is-accepted", UNKNOWN, with_health(cold(failure=SILENT))),
    ("credential-is-accepted", UNKNOWN, with_health(cold(withheld="common-name-matches", status=None))),
    ("credential-is-accepted", UNKNOWN, with_health(cold(withheld="no credential", status=None))),
    ("credential-is-accepted", UNKNOWN, with_health()),
    ("proxy-clock-is-right", MET, with_health(cold(clock_offset_s=300.0, status=401))),
    ("proxy-clock-is-right", VIOLATED, with_health(cold(clock_offset_s=301.0, status=401))),
    ("proxy-clock-is-right", VIOLATED, with_health(cold(clock_offset_s=-301.0, status=401))),
    ("proxy-clock-is-right", UNKNOWN, with_health(cold(clock_offset_s=None, status=401))),
    ("proxy-clock-is-right", MET, with_health(cold(clock_offset_s=None))),
    ("proxy-clock-is-right", MET, with_health(cold(clock_offset_s=9999.0))),
    ("uri-path-is-served", MET, with_health(cold())),
    ("uri-path-is-served", VIOLATED, error("InvalidUriPathException", 404)),
    ("uri-path-is-served", VIOLATED, with_health(cold(status=404, fault="the body is HTML or XML, no JSON"))),
    ("uri-path-is-served", UNKNOWN, error("AuthenticationFailedException", 401)),
    ("uri-path-is-served", UNKNOWN, error("NotFoundException", 404)),
    ("uri-path-is-served", UNKNOWN, error("DependencyTimeoutException", 503)),
    ("uri-path-is-served", UNKNOWN, with_health(cold(failure=CLOSED))),
    ("proxy-admits-kms", MET, with_health(cold())),
    ("proxy-admits-kms", VIOLATED, error("AccessDeniedException", 403)),
    ("proxy-admits-kms", UNKNOWN, error("AuthenticationFailedException", 401)),
    ("proxy-admits-kms", UNKNOWN, with_health(cold(status=403, fault="without an errorName"))),
    ("health-response-is-valid", MET, with_health(cold())),
    ("health-response-is-valid", VIOLATED, with_health(cold(fault="the body is no JSON"))),
    ("health-response-is-valid", VIOLATED, with_health(cold(status=401, fault="without an errorName"))),
    ("health-response-is-valid", VIOLATED, with_health(cold(failure=CLOSED))),
    ("health-response-is-valid", VIOLATED, error("InternalException", 500)),
    ("health-response-is-valid", VIOLATED, error("ThrottlingException", 429)),
    ("health-response-is-valid", VIOLATED, error("OddException", 418)),
    ("health-response-is-valid", UNKNOWN, error("AccessDeniedException", 403)),
    ("health-response-is-valid", UNKNOWN, with_health(cold(failure=SILENT))),
    ("health-response-is-valid", UNKNOWN, with_health(cold(failure=REFUSED))),
    ("health-answers-within-250-ms", MET, times(0.25, 0.25, 0.25, 0.25, 0.25)),
    ("health-answers-within-250-ms", VIOLATED, times(0.251, 0.251, 0.251, 0.251, 0.251)),
    ("health-answers-within-250-ms", MET, times(0.1, 0.1, 0.1, 0.9, 0.9)),
    ("health-answers-within-250-ms", VIOLATED, times(0.1, 0.1, 0.3, 0.9, 0.9)),
    ("health-answers-within-250-ms", UNKNOWN, times(0.1, 0.1, 0.1, 0.1)),
    ("health-answers-within-250-ms", VIOLATED, with_health(cold(failure=SILENT), cold(failure=SILENT))),
    (
        "health-answers-within-250-ms",
        UNKNOWN,
        with_health(cold(failure=SILENT), cold(), cold(failure=SILENT)),
    ),
    (
        "health-answers-within-250-ms",
        VIOLATED,
        with_health(cold(0.3), cold(failure=SILENT), *[cold(0.3)] * 3),
    ),
    (
        "health-answers-within-250-ms",
        VIOLATED,
        with_health(*[cold(failure=SILENT), cold(0.1)] * 2, cold(failure=SILENT)),
    ),
    ("health-answers-within-250-ms", MET, with_health(cold(failure=SILENT), *[cold(0.1)] * 4)),
    ("health-answers-within-250-ms", UNKNOWN, with_health(cold(failure=CLOSED), *[cold(0.1)] * 4)),
    ("key-manager-is-available", MET, with_health(cold(managers=(("a", KeyManagerStatus.DEGRADED),)))),
    (
        "key-manager-is-available",
        VIOLATED,
        with_health(cold(managers=(("a", KeyManagerStatus.UNAVAILABLE),) * 2)),
    ),
    (
        "key-manager-is-available",
        UNKNOWN,
        with_health(cold(status=503, error_name="DependencyTimeoutException")),
    ),
    ("two-key-managers", MET, with_health(cold())),
    ("two-key-managers", VIOLATED, with_health(cold(managers=MANAGERS[:1]))),
    (
        "two-key-managers",
        VIOLATED,
        with_health(cold(managers=(MANAGERS[0], ("b", KeyManagerStatus.UNAVAILABLE)))),
    ),
    ("two-key-managers", UNKNOWN, with_health(cold(status=500))),
    ("large-body-is-answered", MET, with_health(cold(), cold(purpose="large_body", status=400))),
    ("large-body-is-answered", VIOLATED, with_health(cold(), cold(failure=SILENT, purpose="large_body"))),
    (
        "large-body-is-answered",
        UNKNOWN,
        with_health(cold(failure=SILENT), cold(failure=SILENT, purpose="large_body")),
    ),
    ("large-body-is-answered", VIOLATED, with_health(cold(), cold(purpose="large_body", status=413))),
    ("large-body-is-answered", UNKNOWN, with_health(cold())),
    ("get-is-refused", MET, with_health(cold(purpose="get", status=405))),
    ("get-is-refused", VIOLATED, with_health(cold(purpose="get", status=200))),
    ("get-is-refused", VIOLATED, with_health(cold(purpose="get", status=302))),
    ("get-is-refused", UNKNOWN, with_health(cold(purpose="get", status=401))),
    ("get-is-refused", UNKNOWN, with_health(cold(purpose="get", status=503))),
    ("get-is-refused", UNKNOWN, with_health(cold(purpose="get", failure=SILENT))),
    # Perhaps the proxy does not serve the path at all.
    ("get-is-refused", UNKNOWN, with_health(cold(purpose="get", status=404))),
    ("unsigned-request-is-refused", MET, with_health(cold(purpose="unsigned", status=401))),
    ("unsigned-request-is-refused", UNKNOWN, with_health(cold(purpose="unsigned", status=404))),
    ("unsigned-request-is-refused", UNKNOWN, with_health(cold(purpose="unsigned", status=200, fault="HTML"))),
    ("unsigned-request-is-refused", VIOLATED, with_health(cold(purpose="unsigned", status=200))),
    ("unsigned-request-is-refused", UNKNOWN, with_health(cold(purpose="unsigned", status=503))),
]


@pytest.mark.parametrize(("id_", "outcome", "evidence"), CASES)
def test_each_response_of_the_proxy_leads_to_the_expected_outcome(
    id_: str, outcome: Outcome, evidence: Evidence
) -> None:
    found = the_one(BY_ID[id_], evidence)
    assert found.outcome is outcome, found.because
    assert found.subject == A.name


def test_every_declared_outcome_has_an_example() -> None:
    reached: dict[str, set[Outcome]] = {}
    for id_, outcome, _ in CASES:
        reached.setdefault(id_, set()).add(outcome)
    for id_, outcomes in reached.items():
        others = set(BY_ID[id_].published.outcomes) - outcomes
        # Not applicable are targets that only the nodes can reach: see tests/verdicts/test_observed.py.
        assert others <= {Outcome.NOT_APPLICABLE}, id_
        assert outcomes <= set(BY_ID[id_].published.outcomes), id_


def names(report: Report, operation: Operation) -> dict[str, Likelihood]:
    (prediction,) = (each for each in report.predictions if each.operation is operation)
    return {each.error: each.likelihood for each in prediction.errors if each.masked_by is None}


TABLE = [
    (cold(status=401, error_name="AuthenticationFailedException"), "INVALID_CREDENTIALS", "XksProxyIncorrectAuthenticationCredentialException"),
    (cold(status=403, error_name="AccessDeniedException"), "XKS_PROXY_ACCESS_DENIED", "XksProxyInvalidResponseException"),
    (cold(status=404, error_name="InvalidUriPathException"), "XKS_PROXY_INVALID_CONFIGURATION", "XksProxyInvalidConfigurationException"),
    (cold(status=401, fault="no JSON"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=403, fault="no JSON"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=404, fault="no JSON"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=405, fault="no JSON"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=429, error_name="ThrottlingException"), "XKS_PROXY_TIMED_OUT", "XksProxyUriUnreachableException"),
    (cold(status=500, error_name="InternalException"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=501, error_name="UnsupportedOperationException"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=503, error_name="DependencyTimeoutException"), "XKS_PROXY_TIMED_OUT", "XksProxyUriUnreachableException"),
    (cold(status=200, fault="ekmFleetDetails: 11"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(managers=(("a", KeyManagerStatus.UNAVAILABLE),)), "XKS_PROXY_NOT_REACHABLE", "XksProxyUriUnreachableException"),
    (cold(failure=CLOSED), "XKS_PROXY_INVALID_RESPONSE", "XksProxyUriUnreachableException"),
    (cold(failure=SILENT), "XKS_PROXY_TIMED_OUT", "XksProxyUriUnreachableException"),
    (cold(0.3), "XKS_PROXY_TIMED_OUT", "XksProxyUriUnreachableException"),
]  # fmt: skip


def only_health(*measured: Measurement) -> Evidence:
    """Evidence in which only health is judged; the account is healthy."""
    return with_health(*measured, scopes=frozenset({Scope.HEALTH}))


@pytest.mark.parametrize(
    ("measured", "connect", "update"), TABLE, ids=[f"{t[1]}-{n}" for n, t in enumerate(TABLE)]
)
def test_each_fault_predicts_the_documented_errors_of_kms(
    measured: Measurement, connect: str, update: str
) -> None:
    report = judge(only_health(*[measured] * 5))
    assert connect in names(report, Operation.CONNECT)
    assert update in names(report, Operation.UPDATE)
    assert names(report, Operation.CREATE) == {}
    assert set(names(report, Operation.CREATE_KEY)) == {"CustomKeyStoreInvalidStateException"}


def test_a_p99_over_200_ms_makes_a_timeout_possible() -> None:
    for slowest_s, errors in ((0.2, 0), (0.201, 3)):
        found = the_one(BY_ID["health-answers-within-250-ms"], times(0.1, 0.1, 0.1, 0.1, slowest_s))
        assert found.outcome is MET
        assert len(found.kms_errors or ()) == errors
        assert {each.likelihood for each in found.kms_errors or ()} <= {Likelihood.POSSIBLE}


KEYS: list[tuple[dict[str, Any], Outcome]] = [
    ({"key_spec": "AES_256", "key_usage": ("ENCRYPT", "DECRYPT"), "key_status": "ENABLED"}, MET),
    ({"key_spec": "AES_128", "key_usage": ("ENCRYPT", "DECRYPT"), "key_status": "ENABLED"}, VIOLATED),
    ({"key_spec": "AES_256", "key_usage": ("ENCRYPT",), "key_status": "ENABLED"}, VIOLATED),
    ({"key_spec": "AES_256", "key_usage": ("ENCRYPT", "DECRYPT"), "key_status": "DISABLED"}, VIOLATED),
    ({"status": 404, "error_name": "KeyNotFoundException"}, VIOLATED),
    ({"status": 500, "error_name": "InternalException"}, VIOLATED),
    ({"fault": "keySpec, keyUsage or keyStatus is missing"}, VIOLATED),
    ({"failure": SILENT}, UNKNOWN),
]


@pytest.mark.parametrize(("response", "outcome"), KEYS)
def test_a_key_must_be_aes_256_and_enabled_and_allow_encrypt_and_decrypt(
    response: dict[str, Any], outcome: Outcome
) -> None:
    evidence = with_health(cold(purpose="key_metadata", **response))
    declared = BY_ID["key-metadata-is-usable"]
    assert the_one(declared, evidence).outcome is NOT_APPLICABLE
    with_key = replace(evidence, spec=replace(SPEC, key_id="foo"))
    assert the_one(declared, with_key).outcome is outcome


KEY_ERRORS: list[tuple[dict[str, Any], str]] = [
    ({"status": 404, "error_name": "KeyNotFoundException"}, "XksKeyNotFoundException"),
    ({"status": 400, "error_name": "InvalidStateException"}, "XksKeyInvalidConfigurationException"),
    ({"status": 400, "error_name": "InvalidKeyUsageException"}, "XksKeyInvalidConfigurationException"),
    ({"status": 403, "error_name": "AccessDeniedException"}, "KMSInvalidStateException"),
    ({"status": 501, "error_name": "UnsupportedOperationException"}, "XksKeyInvalidResponseException"),
    ({"status": 500, "error_name": "InternalException"}, "CustomKeyStoreInvalidStateException"),
    (
        {"status": 401, "error_name": "AuthenticationFailedException"},
        "CustomKeyStoreInvalidStateException",
    ),
    ({"status": 502, "fault": "the body is HTML or XML, no JSON"}, "CustomKeyStoreInvalidStateException"),
    ({"key_spec": "RSA_0", "key_status": "ENABLED"}, "XksKeyInvalidConfigurationException"),
]


@pytest.mark.parametrize(("response", "error"), KEY_ERRORS)
def test_create_key_predicts_the_errors_of_the_specification(response: dict[str, Any], error: str) -> None:
    evidence = with_health(*[cold()] * 5, cold(purpose="key_metadata", **response))
    with_key = replace(evidence, spec=replace(SPEC, key_id="foo"))
    assert names(judge(with_key), Operation.CREATE_KEY) == {error: Likelihood.EXPECTED}
    assert error not in names(judge(with_key), Operation.CONNECT)


GOOD_FORM = CredentialFacts()
TOO_SHORT = CredentialFacts(secret_fault="has 3 characters")  # noqa: S106 -- a fault, not a secret


@pytest.mark.parametrize(
    ("id_", "facts", "store", "outcome"),
    [
        ("credential-is-well-formed", GOOD_FORM, None, MET),
        ("credential-is-well-formed", TOO_SHORT, None, VIOLATED),
        ("credential-is-well-formed", None, None, UNKNOWN),
        ("credential-is-well-formed", None, STORE, NOT_APPLICABLE),
        ("credential-is-the-one-kms-holds", GOOD_FORM, None, NOT_APPLICABLE),
        ("credential-is-the-one-kms-holds", None, STORE, UNKNOWN),
        ("credential-is-the-one-kms-holds", GOOD_FORM, STORE, UNKNOWN),
        ("credential-is-the-one-kms-holds", CredentialFacts(is_that_of_the_store=True), STORE, MET),
        (
            "credential-is-the-one-kms-holds",
            CredentialFacts(is_that_of_the_store=False),
            STORE,
            NOT_APPLICABLE,
        ),
        (
            "credential-is-the-one-kms-holds",
            CredentialFacts(is_that_of_the_store=False),
            replace(STORE, connection_state="DISCONNECTED"),
            UNKNOWN,
        ),
        (
            "credential-is-the-one-kms-holds",
            CredentialFacts(is_that_of_the_store=False),
            replace(STORE, connection_state="FAILED", connection_error_code="INVALID_CREDENTIALS"),
            VIOLATED,
        ),
    ],
)
def test_a_credential_is_judged_by_facts_about_it(id_: str, facts: Any, store: Any, outcome: Outcome) -> None:
    account = replace(ACCOUNT, key_stores=(store,)) if store else ACCOUNT
    spec = replace(SPEC, id=store.id) if store else SPEC
    assert the_one(BY_ID[id_], looked_at(account, spec, credential=facts)).outcome is outcome


def test_a_fault_of_only_one_target_is_possible() -> None:
    bad = [cold(of=B, status=500, error_name="InternalException")] * 5
    good = [cold(of=A)] * 5
    assert names(judge(only_health(*good, *bad)), Operation.CONNECT) == {
        "XKS_PROXY_INVALID_RESPONSE": Likelihood.POSSIBLE
    }


def test_a_wrong_credential_in_kms_is_expected_at_connect_and_fixed_by_update() -> None:
    failed = replace(STORE, connection_state="FAILED", connection_error_code="INVALID_CREDENTIALS")
    evidence = replace(
        with_health(*[cold()] * 5, credential=CredentialFacts(is_that_of_the_store=False)),
        account=replace(ACCOUNT, key_stores=(failed,)),
        spec=replace(SPEC, id=failed.id),
    )
    report = judge(evidence)
    assert names(report, Operation.CONNECT) == {"INVALID_CREDENTIALS": Likelihood.EXPECTED}
    assert names(report, Operation.UPDATE) == {}
    assert report.actual is not None
    assert report.actual.agrees is None  # the prediction was made from the reported code itself


def test_a_store_that_is_not_connected_masks_errors_of_the_key() -> None:
    away = replace(STORE, connection_state="DISCONNECTED")
    evidence = replace(
        with_health(
            *[cold()] * 5, cold(purpose="key_metadata", status=404, error_name="KeyNotFoundException")
        ),
        account=replace(ACCOUNT, key_stores=(away,)),
        spec=replace(SPEC, id=away.id, key_id="foo"),
    )
    assert names(judge(evidence), Operation.CREATE_KEY) == {
        "CustomKeyStoreInvalidStateException": Likelihood.EXPECTED
    }


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


def test_the_text_of_each_example_is_the_reviewed_one() -> None:
    keys = (with_health(cold(purpose="key_metadata", **response)) for response, _ in (*KEYS, *KEY_ERRORS))
    with_key = [(each, replace(each, spec=replace(SPEC, key_id="foo"))) for each in keys]
    of_keys = [("key-metadata-is-usable", MET, each) for pair in with_key for each in pair]
    findings_text.check("health", [*CASES, *of_keys])


def test_a_proxy_error_with_its_own_requirement_is_left_to_that_requirement() -> None:
    for name in ("AuthenticationFailedException", "AccessDeniedException", "InvalidUriPathException"):
        assert the_one(BY_ID["health-response-is-valid"], error(name)).outcome is UNKNOWN


@pytest.mark.parametrize(
    ("number", "slow", "p99"),
    [
        (100, 1, "100.0 ms"),
        (100, 2, "240.0 ms"),
        (101, 1, "100.0 ms"),
        (200, 2, "100.0 ms"),
        (200, 3, "240.0 ms"),
        (5, 1, "240.0 ms"),
    ],
)
def test_the_p99_is_the_shortest_time_within_which_99_percent_of_requests_are_answered(
    number: int, slow: int, p99: str
) -> None:
    found = the_one(BY_ID["health-answers-within-250-ms"], times(*[0.1] * (number - slow), *[0.24] * slow))
    assert "median 100.0 ms" in found.because
    assert f"p99 {p99}" in found.because


@pytest.mark.parametrize(
    "id_",
    [
        "credential-is-accepted",
        "uri-path-is-served",
        "proxy-admits-kms",
        "health-response-is-valid",
        "key-manager-is-available",
        "two-key-managers",
    ],
)
def test_the_latest_of_several_exchanges_decides(id_: str) -> None:
    failed = cold(status=500, error_name="InternalException", managers=())
    assert the_one(BY_ID[id_], with_health(failed, cold())).outcome is MET
    assert the_one(BY_ID[id_], with_health(cold(), failed)).outcome is not MET


def test_the_clock_is_read_from_the_latest_exchange() -> None:
    wrong, right = (cold(clock_offset_s=offset_s, status=401) for offset_s in (301.0, 0.0))
    assert the_one(BY_ID["proxy-clock-is-right"], with_health(wrong, right)).outcome is MET
    assert the_one(BY_ID["proxy-clock-is-right"], with_health(right, wrong)).outcome is VIOLATED


@pytest.mark.parametrize(("status", "outcome"), [(399, VIOLATED), (400, UNKNOWN), (404, UNKNOWN), (405, MET)])
def test_an_error_status_other_than_405_to_a_get_request_is_unknown(status: int, outcome: Outcome) -> None:
    assert (
        the_one(BY_ID["get-is-refused"], with_health(cold(purpose="get", status=status))).outcome is outcome
    )


@pytest.mark.parametrize(("status", "outcome"), [(401, MET), (402, UNKNOWN), (403, MET), (404, UNKNOWN)])
def test_an_unsigned_request_is_refused_with_status_401_or_403(status: int, outcome: Outcome) -> None:
    answered = with_health(cold(purpose="unsigned", status=status))
    assert the_one(BY_ID["unsigned-request-is-refused"], answered).outcome is outcome


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


def test_the_number_of_key_managers_is_in_the_text() -> None:
    for managers, text in ((MANAGERS, "2 key managers"), (MANAGERS[:1], "1 key manager")):
        found = the_one(BY_ID["health-response-is-valid"], with_health(cold(managers=managers)))
        assert found.because.endswith(text)


def test_what_is_unknown_for_one_faulty_response_is_told_once() -> None:
    seen = with_health(*[cold(status=503, fault="the body is HTML or XML, not JSON")] * 5)
    unknown = [
        v for v in judge(seen).verdicts if v.step is not None and v.outcome is UNKNOWN and v.step == "health"
    ]
    of_response = [v for v in unknown if "status 503" in v.because]
    assert [v.requirement for v in of_response if not v.told_by] == ["credential-is-accepted"]
    assert {v.told_by for v in of_response} == {(), ("credential-is-accepted",)}


def test_too_few_requests_are_not_told_by_the_faulty_response() -> None:
    seen = with_health(*[cold(status=503, fault="the body is HTML or XML, not JSON")] * 4)
    (verdict,) = (v for v in judge(seen).verdicts if v.requirement == "health-answers-within-250-ms")
    assert (verdict.outcome, verdict.told_by) == (UNKNOWN, ())


@pytest.mark.parametrize(("status", "told_by"), [(404, ("uri-path-is-served",)), (403, ()), (503, ())])
def test_only_a_404_of_a_front_end_is_told_by_the_requirement_about_the_path(
    status: int, told_by: tuple[str, ...]
) -> None:
    page = cold(status=status, fault="the body is HTML or XML, not JSON", form=BodyForm.MARKUP)
    found = the_one(BY_ID["health-response-is-valid"], with_health(page))
    assert (found.outcome, found.told_by) == (VIOLATED, told_by)
    assert found.because.startswith("what is in front of the proxy ")
    assert found.remedy is not None
    assert found.kms_errors == health_errors.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("measured", "because"),
    [
        ([], "no health request was sent"),
        (
            [cold(withheld=NO_CREDENTIAL)],
            "no signed request was sent, because no credential of the proxy was",
        ),
        ([cold(withheld=CHECK_TIMED_OUT)], f"no signed request was sent, because {CHECK_TIMED_OUT}"),
        ([cold(withheld="chain-ends")], "no signed request was sent, because chain-ends is not met"),
        ([cold(failure=REFUSED)], "no request could be sent (the TCP connection: refused)"),
    ],
    ids=["none", "no credential", "certificates not checked", "certificates not met", "refused"],
)
def test_why_no_request_was_sent_is_told_by_the_first_requirement_about_health(
    measured: list[Measurement], because: str
) -> None:
    found = the_one(BY_ID["key-manager-is-available"], with_health(*measured))
    assert (found.outcome, found.told_by) == (UNKNOWN, ("credential-is-accepted",))
    assert found.because.startswith(because)


def test_a_response_that_breaks_off_is_no_answer_whatever_its_status() -> None:
    cut = replace(cold(failure=CLOSED), details=HealthDetails(purpose="health", status=502, server="nginx"))
    found = the_one(BY_ID["health-response-is-valid"], with_health(cut))
    assert (found.outcome, found.kms_errors) == (VIOLATED, health_errors.NO_ANSWER)
    assert found.remedy is not None
    assert "A firewall cuts the connection" in found.remedy.text
