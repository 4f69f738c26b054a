"""The running agent predicts what a preflight predicts in the same world, soon, and an alert fires."""

import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.network.observed_agent import EACH_SECOND, ObservedAgent
from support.network.prometheus_server import wait_for
from support.network.running_agent import RunningAgent
from support.network.wire_waits import late_requirements
from support.pace import slowdown
from support.preflight.cases import Case, load
from support.preflight.kms_errors import PREDICTABLE
from support.preflight.playing import OPERATIONS, environment, prepare
from support.preflight.run_settings import settings_of

from simulator import Simulation

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(400)]

# Together they predict each error of KMS that can be predicted.
CHOSEN = (
    "nothing of the endpoint service is as KMS needs it",
    "there are ten key stores, and one has all the settings of the planned one",
    "another store has the endpoint with public connectivity",
    "the Region is in China, and the endpoint service is in another Region",
    "the proxies reject the credential, and the clock of one is wrong",
    "one proxy denies access, and the key managers of the other are unavailable",
    "the proxies serve another path",
    "one proxy supports no operation, the other has too many key managers in its fleet",
    "one certificate has expired, the other has a wrong name",
    "one proxy takes 400 ms, the other never answers",
    "the external key is disabled",
    "the external key does not exist",
    "the load balancer has failed, and has neither IPv4 nor a listener on port 443",
)
# What the configuration of the agent cannot express, so only a preflight finds it: errors and requirements.
ONLY_IN_PREFLIGHT = {
    *("CustomKeyStoreNameInUseException", "key-store-name-is-free"),  # there is no key for a planned name
    "ValidationException",  # it is rejected if a setting is malformed
}
CASES = {case.name: case for case in load() if case.name in CHOSEN}
AUDIT = {"audit": "10s", "record": "10s"}
SLOWEST_S, MARGIN_S = 10.0, 15.0
PATIENCE_S = 120.0  # on a busy machine
DIVIDE_BY = 30


def expected(case: Case) -> dict[str, set[str]]:
    """As the preflight predicts it: by operation, with *maybe* before an error that is only possible."""
    return {each: set(case.predict.get(each, ())) - ONLY_IN_PREFLIGHT for each in OPERATIONS}


def served(agent: RunningAgent) -> dict[str, set[str]]:
    """The same from the metrics."""
    found: dict[str, set[str]] = {each: set() for each in OPERATIONS}
    for name, labels, value in agent.samples():
        if name == "kms_error_predicted" and value == 1.0:
            likelihood = "maybe " if labels["likelihood"] == "possible" else ""
            found[labels["operation"]].add(likelihood + labels["error"])
    return found


def tied(case: Case) -> set[tuple[str, str]]:
    """The alerts that the rules tie to the prediction, each with the error or the requirement."""
    errors = {("XksProbeKmsErrorPredicted", error) for error in case.predict.get("connect", ())}
    violated = case.violated() - ONLY_IN_PREFLIGHT
    return errors or {("XksProbeRequirementViolated", requirement) for requirement in violated}


def firing(observed: ObservedAgent) -> set[tuple[str, str]]:
    alerts = (observed.ask("alerts") or {"alerts": []})["alerts"]
    of = [each["labels"] for each in alerts if each["state"] == "firing"]
    return {(each["alertname"], each.get("error") or each.get("requirement", "")) for each in of}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_running_agent_predicts_what_a_preflight_predicts_and_an_alert_fires(
    case: Case, preflight_simulation: Simulation, xks_probe: Path, tmp_path: Path
) -> None:
    prepare(preflight_simulation, case)
    times = {key: {**values, **AUDIT} for key, values in EACH_SECOND.items() if isinstance(values, dict)}
    settings = {**settings_of(preflight_simulation, case), **EACH_SECOND, **times}
    variables = environment(preflight_simulation, case)
    began_s, since_s = time.monotonic(), time.time()
    with ObservedAgent(
        *(preflight_simulation, xks_probe, tmp_path, settings), divide_by=DIVIDE_BY, environment=variables
    ) as observed:

        def is_predicted() -> bool:
            found, wanted = served(observed.agent), expected(case)
            is_late = bool(late_requirements(preflight_simulation, since_s=since_s))
            return is_superset(found, wanted) if is_late else found == wanted

        wait_for(f"{expected(case)} is served", is_predicted, PATIENCE_S)
        took_s = time.monotonic() - began_s
        assert took_s < (SLOWEST_S + MARGIN_S) * slowdown()
        wait_for(f"{tied(case)} fire", lambda: tied(case) <= firing(observed), PATIENCE_S)


def is_superset(found: Mapping[str, set[str]], wanted: Mapping[str, set[str]]) -> bool:
    return all(wanted[each] <= found[each] for each in wanted)


def test_the_cases_predict_each_error_that_can_be_predicted() -> None:
    names = set().union(*(errors for case in CASES.values() for errors in case.predict.values()))
    alternatives = set().union(*(case.names for case in CASES.values()))
    assert CASES.keys() == set(CHOSEN)
    assert names | alternatives | (ONLY_IN_PREFLIGHT & PREDICTABLE) == PREDICTABLE
