"""The proxy's credential: its form, and whether it is the one that KMS holds."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, SPEC, STORE, looked_at, the_one
from support.health_evidence import BY_ID, cold, names, with_health

from probe.model.facts import CredentialFacts
from probe.model.verdicts import Likelihood, Operation, Outcome
from probe.verdicts.judge import judge

MET, VIOLATED, UNKNOWN, NOT_APPLICABLE = (
    Outcome.MET,
    Outcome.VIOLATED,
    Outcome.UNKNOWN,
    Outcome.NOT_APPLICABLE,
)
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
