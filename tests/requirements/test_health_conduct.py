"""How the proxy answers requests that KMS does not send for health, and the external key's metadata."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, SPEC, STORE, the_one
from support.health_evidence import BY_ID, SILENT, A, cold, names, with_health
from support.reports import findings_text

from probe.model.evidence import Evidence
from probe.model.verdicts import Likelihood, Operation, Outcome
from probe.verdicts.judge import judge

MET, VIOLATED, UNKNOWN, NOT_APPLICABLE = (
    Outcome.MET,
    Outcome.VIOLATED,
    Outcome.UNKNOWN,
    Outcome.NOT_APPLICABLE,
)
CASES: list[tuple[str, Outcome, Evidence]] = [
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


@pytest.mark.parametrize(("status", "outcome"), [(399, VIOLATED), (400, UNKNOWN), (404, UNKNOWN), (405, MET)])
def test_an_error_status_other_than_405_to_a_get_request_is_unknown(status: int, outcome: Outcome) -> None:
    assert (
        the_one(BY_ID["get-is-refused"], with_health(cold(purpose="get", status=status))).outcome is outcome
    )


@pytest.mark.parametrize(("status", "outcome"), [(401, MET), (402, UNKNOWN), (403, MET), (404, UNKNOWN)])
def test_an_unsigned_request_is_refused_with_status_401_or_403(status: int, outcome: Outcome) -> None:
    answered = with_health(cold(purpose="unsigned", status=status))
    assert the_one(BY_ID["unsigned-request-is-refused"], answered).outcome is outcome


def test_the_text_of_each_example_is_the_reviewed_one() -> None:
    keys = (with_health(cold(purpose="key_metadata", **response)) for response, _ in (*KEYS, *KEY_ERRORS))
    with_key = [(each, replace(each, spec=replace(SPEC, key_id="foo"))) for each in keys]
    of_keys = [("key-metadata-is-usable", MET, each) for pair in with_key for each in pair]
    findings_text.check("health_conduct", [*CASES, *of_keys])
