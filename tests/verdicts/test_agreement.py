"""The state that KMS reports for an existing store, compared with the prediction for connect."""

from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT, SPEC, STORE, looked_at

from probe.model.evidence import Evidence
from probe.model.verdicts import Basis, Likelihood, Operation, PredictedError, Prediction
from probe.verdicts.agreement import compare

TIMED_OUT = PredictedError(
    error="XKS_PROXY_TIMED_OUT",
    likelihood=Likelihood.EXPECTED,
    basis=Basis.DOCUMENTED,
    alternatives=("XKS_PROXY_NOT_REACHABLE",),
)
AT_TIMES = replace(TIMED_OUT, likelihood=Likelihood.POSSIBLE)
MASKED = replace(TIMED_OUT, masked_by="endpoint-service-exists")


def store(state: str, code: str | None = None) -> Evidence:
    known = replace(STORE, connection_state=state, connection_error_code=code)
    return looked_at(replace(ACCOUNT, key_stores=(known,)), replace(SPEC, id=STORE.id))


def connect(*errors: PredictedError, decided: bool = True) -> tuple[Prediction, ...]:
    return (Prediction(operation=Operation.CONNECT, decided=decided, errors=errors),)


@pytest.mark.parametrize(
    ("evidence", "predictions", "agrees"),
    [
        (store("CONNECTED"), connect(), True),
        (store("CONNECTED"), connect(decided=False), None),
        (store("CONNECTED"), connect(AT_TIMES), True),
        (store("CONNECTED"), connect(AT_TIMES, decided=False), None),
        (store("CONNECTED"), connect(TIMED_OUT), False),
        (store("CONNECTED"), connect(MASKED), True),
        (store("FAILED", "XKS_PROXY_TIMED_OUT"), connect(TIMED_OUT), True),
        (store("FAILED", "XKS_PROXY_NOT_REACHABLE"), connect(TIMED_OUT), True),
        (store("FAILED", "XKS_PROXY_TIMED_OUT"), connect(AT_TIMES), True),
        (store("FAILED", "INTERNAL_ERROR"), connect(TIMED_OUT), False),
        (store("FAILED", "INTERNAL_ERROR"), connect(AT_TIMES), False),
        (store("FAILED", "INTERNAL_ERROR"), connect(AT_TIMES, decided=False), None),
        (store("FAILED", "XKS_PROXY_TIMED_OUT"), connect(), False),
        (store("FAILED", "XKS_PROXY_TIMED_OUT"), connect(decided=False), None),
        (store("DISCONNECTED"), connect(TIMED_OUT), None),
        (store("CONNECTING"), connect(), None),
    ],
)
def test_the_reported_state_is_compared_with_the_prediction(
    evidence: Evidence, predictions: tuple[Prediction, ...], agrees: bool | None
) -> None:
    found = compare(predictions, evidence)
    assert found is not None
    assert found.agrees is agrees
    assert found.because


def test_a_store_with_other_settings_is_not_compared() -> None:
    evidence = store("FAILED", "XKS_PROXY_INVALID_CONFIGURATION")
    assert evidence.spec is not None
    changed = replace(evidence, spec=replace(evidence.spec, uri_path="/new/kms/xks/v1"))
    found = compare(connect(), changed)
    assert found is not None
    assert found.agrees is None
    assert (
        found.because
        == "the key store has another URI path than the one tested here; update the key store first"
    )


def test_a_prediction_made_from_the_reported_code_does_not_count_as_agreement() -> None:
    repeated = replace(
        TIMED_OUT, error="INVALID_CREDENTIALS", requirements=("credential-is-the-one-kms-holds",)
    )
    found = compare(connect(repeated), store("FAILED", "INVALID_CREDENTIALS"))
    assert found is not None
    assert found.agrees is None


def test_without_a_store_there_is_nothing_to_compare() -> None:
    assert compare(connect(), looked_at()) is None
    assert compare(connect(), looked_at(None)) is None
    assert compare((), store("CONNECTED")) is None


@pytest.mark.parametrize("state", ["CONNECTED", "FAILED"])
def test_no_text_denies_an_error_that_the_prediction_calls_possible(state: str) -> None:
    found = compare(connect(AT_TIMES), store(state, "INTERNAL_ERROR" if state == "FAILED" else None))
    assert found is not None
    assert "no error" not in found.because
    assert "XKS_PROXY_TIMED_OUT" in found.because
    assert "possible" in found.because


@pytest.mark.parametrize("state", ["CONNECTED", "FAILED"])
def test_a_disagreement_is_explained_with_the_expected_error(state: str) -> None:
    found = compare(connect(TIMED_OUT), store(state, "INTERNAL_ERROR" if state == "FAILED" else None))
    assert found is not None
    assert found.agrees is False
    assert "XKS_PROXY_TIMED_OUT" in found.because


def test_the_state_and_code_that_kms_reports_are_kept() -> None:
    found = compare(connect(TIMED_OUT), store("FAILED", "XKS_PROXY_TIMED_OUT"))
    assert found is not None
    assert (found.connection_state, found.connection_error_code) == ("FAILED", "XKS_PROXY_TIMED_OUT")
