"""Two discovered key stores in one agent, one of them broken: verdicts, metrics and page are each one's own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.network import prometheus_server
from support.network.running_agent import RunningAgent, connect_errors, outcomes
from support.preflight.cases import Case
from support.preflight.playing import NAME_SERVER, environment, prepare

from simulator import Simulation

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(400)]

CASE = Case(name="healthy", expect={}, exists=True)
BROKEN = "cks-broken"
MISSING = "com.amazonaws.vpce.eu-central-1.vpce-svc-0000000000000000f"
BROKEN_STORE = {
    "CustomKeyStoreId": BROKEN,
    "CustomKeyStoreName": "broken",
    "ConnectionState": "FAILED",
    "ConnectionErrorCode": "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
    "XksProxyConfiguration.VpcEndpointServiceName": MISSING,
}
WITHIN_S = 240.0
EXISTS = "endpoint-service-exists"


@pytest.fixture(scope="module")
def agent(
    preflight_simulation: Simulation, xks_probe: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningAgent]:
    prepare(preflight_simulation, CASE)
    preflight_simulation.set_account({"key_stores": [{}, BROKEN_STORE]})
    credential = {"file": str(preflight_simulation.credential_file)}
    settings = {
        "key_store": [
            {"id": preflight_simulation.scenario.key_store, "credential": credential},
            {"id": BROKEN, "credential": credential},
        ],
        "extra_authorities": [str(preflight_simulation.root_pem)],
        "public_resolvers": [NAME_SERVER],
        "intervals": {"audit": "10s"},
        "timeouts": {"audit": "10s"},
    }
    variables = environment(preflight_simulation, CASE)
    file = tmp_path_factory.mktemp("two") / "xks-probe.yaml"
    with RunningAgent(preflight_simulation, xks_probe, file, settings, environment=variables) as running:
        prometheus_server.wait_for("both are judged", lambda: is_judged(running), WITHIN_S)
        yield running


def stores(agent: RunningAgent) -> Mapping[str, Mapping[str, Any]]:
    return {each["key_store"]: each for each in agent.status()["stores"]}


def is_judged(agent: RunningAgent) -> bool:
    found = stores(agent)
    return len(found) == 2 and all(
        outcomes(each, EXISTS) and outcomes(each, "key-store-is-connected") for each in found.values()
    )


@pytest.fixture(scope="module")
def healthy(preflight_simulation: Simulation) -> str:
    return preflight_simulation.scenario.key_store


def test_each_has_its_own_verdicts_and_prediction(agent: RunningAgent, healthy: str) -> None:
    found = stores(agent)
    assert outcomes(found[healthy], EXISTS) == outcomes(found[healthy], "key-store-is-connected") == {"met"}
    assert (
        outcomes(found[BROKEN], EXISTS) == outcomes(found[BROKEN], "key-store-is-connected") == {"violated"}
    )
    assert connect_errors(found[BROKEN])["XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"] == "expected"
    assert "expected" not in connect_errors(found[healthy]).values()


def test_each_has_its_own_state_on_the_page_and_in_the_metrics(agent: RunningAgent, healthy: str) -> None:
    found = stores(agent)
    assert found[healthy]["actual"]["connection_state"] == "CONNECTED"
    assert found[BROKEN]["actual"] == {
        "connection_state": "FAILED",
        "connection_error_code": "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND",
        "agrees": True,
        "because": "the reported error was predicted",
    }
    assert agent.values("prediction_agrees", key_store=BROKEN) == [1.0]
    for name, state in ((healthy, "CONNECTED"), (BROKEN, "FAILED")):
        assert agent.values("key_store_connection_state", key_store=name, state=state) == [1.0]
        assert agent.values("audit_last_success_timestamp_seconds", key_store=name) != []
    assert f"{BROKEN}" in agent.page()


def test_only_the_healthy_one_has_targets_and_health_is_judged_for_it(
    agent: RunningAgent, healthy: str
) -> None:
    owners = {each.labels["key_store"] for each in agent.samples() if each.name == "target_info"}
    assert owners == {healthy}
    prometheus_server.wait_for(
        "health is judged",
        lambda: outcomes(stores(agent)[healthy], "health-response-is-valid") == {"met"},
        WITHIN_S,
    )
