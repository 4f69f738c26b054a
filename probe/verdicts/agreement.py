"""What KMS says of an existing key store, beside what was predicted for connect."""

from probe.model.account import KeyStore
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import Likelihood, Operation, PredictedError, Prediction, ReportedState, Trait
from probe.requirements import with_trait

_REPEATS_KMS = frozenset(rule.id for rule in with_trait(Trait.REPEATS_KMS))


def compare(predictions: tuple[Prediction, ...], evidence: Evidence) -> ReportedState | None:
    """None where there is no store, or it could not be seen."""
    if evidence.account is None or evidence.spec is None:
        return None
    store = evidence.account.key_store(evidence.spec.id)
    connect = next((each for each in predictions if each.operation is Operation.CONNECT), None)
    if store is None or connect is None:
        return None
    agrees, because = _compared(store, connect)
    other = _asked_otherwise(store, evidence.spec)
    if other is not None:
        agrees, because = None, f"it has another {other} than this is about: update it first"
    return ReportedState(
        connection_state=store.connection_state,
        connection_error_code=store.connection_error_code,
        agrees=agrees,
        because=because,
    )


def _compared(store: KeyStore, connect: Prediction) -> tuple[bool | None, str]:
    first = tuple(error for error in connect.errors if error.masked_by is None)
    expected = tuple(each.error for each in first if each.likelihood is Likelihood.EXPECTED)
    names = {name for error in first for name in (error.error, *error.alternatives)}
    match store.connection_state:
        case "CONNECTED":
            return _connected(expected, decided=connect.decided)
        case "FAILED" if store.connection_error_code in names:
            return _as_predicted(first, store.connection_error_code or "")
        case "FAILED":
            return _otherwise(expected, decided=connect.decided)
    return None, "KMS has not tried, or is trying: there is nothing to compare"


def _otherwise(expected: tuple[str, ...], *, decided: bool) -> tuple[bool | None, str]:
    if expected:
        return False, f"{expected[0]} is expected; KMS tried before, perhaps with another fault"
    if decided:
        return False, "nothing was found against it now: disconnect it, then connect it again"
    return None, "the prediction is undecided: something it needs is not known"


def _as_predicted(first: tuple[PredictedError, ...], code: str) -> tuple[bool | None, str]:
    """Where it was predicted because KMS said it, that they agree says nothing."""
    named = (each for each in first if code in (each.error, *each.alternatives))
    if all(each.requirements and _REPEATS_KMS.issuperset(each.requirements) for each in named):
        return None, "the code itself says so; with another credential it can't be tried"
    return True, "the code is among those predicted"


def _asked_otherwise(store: KeyStore, spec: KeyStoreSpec) -> str | None:
    """Which of the store's values the preflight is not about; None if it is about the store as it is."""
    pairs = {
        "URI endpoint": (store.uri_endpoint, spec.uri_endpoint),
        "URI path": (store.uri_path, spec.uri_path),
        "endpoint service": (store.service_name, spec.service_name),
    }
    return next((name for name, (has, asked) in pairs.items() if has and asked and has != asked), None)


def _connected(expected: tuple[str, ...], *, decided: bool) -> tuple[bool | None, str]:
    if not expected and not decided:
        return None, "it is connected; whether it would connect again is undecided"
    if not expected:
        return True, "it is connected, and no error is expected"
    return False, (
        f"it is connected, and {expected[0]} is expected: it was connected before the fault, or the fault is "
        "only seen from here"
    )
