"""Connections to the endpoint service: each fault has its own words and its own fix."""

import pytest
from support.accounts.changes import connected, one_waits_beside_an_available_one, store
from support.accounts.healthy import OTHER, the_one

from probe.model.verdicts import Likelihood, Outcome
from probe.requirements.endpoint_connections import endpoint_connection_is_accepted


@pytest.mark.parametrize(
    ("state", "words", "fix"),
    [
        ("pendingAcceptance", "waits for acceptance", "Accept the connection"),
        ("rejected", "was rejected", "Clear the setting Acceptance required"),
        ("failed", "has failed", "Disconnect the key store"),
        ("expired", "was not accepted in time", "Clear the setting Acceptance required"),
    ],
)
def test_a_fault_names_the_account_and_what_to_do(state: str, words: str, fix: str) -> None:
    found = the_one(endpoint_connection_is_accepted, connected(OTHER, state))
    assert found.because == f'a connection of account "{OTHER}" {words}'
    assert found.remedy is not None
    assert found.remedy.text.startswith(fix)


def test_a_connection_without_an_owner_is_reported_without_one() -> None:
    assert (
        the_one(endpoint_connection_is_accepted, connected("", "failed")).because == "a connection has failed"
    )


def test_beside_an_available_connection_it_is_not_known_which_one_is_that_of_kms() -> None:
    found = the_one(endpoint_connection_is_accepted, one_waits_beside_an_available_one())
    assert found.outcome is Outcome.UNKNOWN
    assert OTHER in found.because


def test_the_declared_errors_are_expected_and_connect_fails() -> None:
    errors = endpoint_connection_is_accepted.published.errors
    assert {error.likelihood for error in errors} == {Likelihood.EXPECTED}
    assert "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION" in {error.error for error in errors}


def test_a_connected_key_store_needs_no_look_at_the_connections() -> None:
    assert the_one(endpoint_connection_is_accepted, store()).because == "the key store is connected"
