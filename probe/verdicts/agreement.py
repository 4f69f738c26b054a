"""Compares the state that KMS reports for an existing key store with the prediction for connect."""

from probe.model.account import KeyStore
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import Likelihood, Operation, PredictedError, Prediction, ReportedState, Trait
from probe.requirements import with_trait

_REPEATS_KMS = frozenset(rule.id for rule in with_trait(Trait.REPEATS_KMS))


def compare(predictions: tuple[Prediction, ...], evidence: Evidence) -> ReportedState | None:
    """The reported state and whether the prediction agrees; None if no store exists or could be read."""
    if evidence.account is None or evidence.spec is None:
        return None
    store = evidence.account.key_store(evidence.spec.id)
    connect = next((each for each in predictions if each.operation is Operation.CONNECT), None)
    if store is None or connect is None:
        return None
    agrees, because = _compared(store, connect)
    setting = different_setting(store, evidence.spec)
    if setting is not None:
        agrees, because = (
            None,
            f"the key store has another {setting} than the one tested here; update the key store first",
        )
    return ReportedState(
        connection_state=store.connection_state,
        connection_error_code=store.connection_error_code,
        agrees=agrees,
        because=because,
    )


def _compared(store: KeyStore, connect: Prediction) -> tuple[bool | None, str]:
    first = tuple(error for error in connect.errors if error.masked_by is None)
    expected = tuple(each.error for each in first if each.likelihood is Likelihood.EXPECTED)
    possible = tuple(each.error for each in first if each.likelihood is Likelihood.POSSIBLE)
    names = {name for error in first for name in (error.error, *error.alternatives)}
    match store.connection_state:
        case "CONNECTED":
            return _connected(expected, possible, decided=connect.decided)
        case "FAILED" if store.connection_error_code in names:
            return _as_predicted(first, store.connection_error_code or "")
        case "FAILED":
            return _failed_otherwise(expected, possible, decided=connect.decided)
    return None, "the key store is neither CONNECTED nor FAILED, so there is nothing to compare"


def _failed_otherwise(
    expected: tuple[str, ...], possible: tuple[str, ...], *, decided: bool
) -> tuple[bool | None, str]:
    if expected:
        return False, f"{expected[0]} is expected now; when KMS tried, there may have been another fault"
    if decided and possible:
        return False, f"only {possible[0]} is possible now; when KMS tried, there may have been another fault"
    if decided:
        return False, "no error is expected now: disconnect the key store, then connect it again"
    return None, "the prediction is undecided, because a requirement that could change it is unknown"


def _as_predicted(first: tuple[PredictedError, ...], code: str) -> tuple[bool | None, str]:
    """Agreement proves nothing if the error was predicted only because KMS reported it."""
    named = (each for each in first if code in (each.error, *each.alternatives))
    if all(each.requirements and _REPEATS_KMS.issuperset(each.requirements) for each in named):
        return None, "the prediction repeats the reported error; it cannot be tested with another credential"
    return True, "the reported error was predicted"


def different_setting(store: KeyStore, spec: KeyStoreSpec) -> str | None:
    """The first setting in which the store differs from the prediction's; None if it differs in none."""
    pairs = {
        "URI endpoint": (store.uri_endpoint, spec.uri_endpoint),
        "URI path": (store.uri_path, spec.uri_path),
        "endpoint service": (store.service_name, spec.service_name),
    }
    return next((name for name, (has, given) in pairs.items() if has and given and has != given), None)


def _connected(
    expected: tuple[str, ...], possible: tuple[str, ...], *, decided: bool
) -> tuple[bool | None, str]:
    if not expected and not decided:
        return None, "the key store is connected; whether it could connect again is undecided"
    if not expected and possible:
        return True, f"the key store is connected; {possible[0]} is possible when it is connected again"
    if not expected:
        return True, "the key store is connected, and no error is expected"
    return False, (
        f"the key store is connected, but {expected[0]} is expected: it was connected before the fault, or "
        "only the agent is affected"
    )
