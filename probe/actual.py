"""What KMS says of an existing key store, beside what was predicted for connect."""

from probe.model.account import KeyStore
from probe.model.verdicts import Actual, Evidence, Likelihood, Operation, Prediction


def actual(evidence: Evidence, predictions: tuple[Prediction, ...]) -> Actual | None:
    """None where there is no store, or it could not be seen."""
    if evidence.account is None or evidence.proposal is None:
        return None
    store = evidence.account.key_store(evidence.proposal.key_store_id)
    connect = next((each for each in predictions if each.operation is Operation.CONNECT), None)
    if store is None or connect is None:
        return None
    agrees, because = _compared(store, connect)
    return Actual(
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
            return _connected(expected)
        case "FAILED" if store.connection_error_code in names:
            return True, "the code is among those predicted"
        case "FAILED" if expected:
            return False, f"{expected[0]} is expected; KMS tried before, perhaps with another fault"
        case "FAILED" if connect.decided:
            return False, "nothing was found against it now: disconnect it, then connect it again"
        case "FAILED":
            return None, "the prediction is undecided: something it needs is not known"
    return None, "KMS has not tried, or is trying: there is nothing to compare"


def _connected(expected: tuple[str, ...]) -> tuple[bool, str]:
    if not expected:
        return True, "it is connected, and no error is expected"
    return False, (
        f"it is connected, and {expected[0]} is expected: it was connected before the fault, or the fault is "
        "only seen from here"
    )
