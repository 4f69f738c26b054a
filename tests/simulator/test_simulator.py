"""Faults of proxies and of other scenarios, caused while a reduced simulation with an account runs."""

from collections.abc import Iterator

import pytest

from probe.aws.boto3_client import Boto3Client
from simulator import AccountTemplate, Fault, Simulation, load_scenario, start, with_account

pytestmark = pytest.mark.loopback

STORES = ("kms", "DescribeCustomKeyStores")


@pytest.fixture
def simulation(accounts: AccountTemplate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulation]:
    scenario = with_account(load_scenario("healthy"))
    with start(scenario, reduced=True, start_account=accounts.start) as running:
        for name, value in running.aws_environment().items():
            monkeypatch.setenv(name, value)
        yield running


def ask(service: str, operation: str, **parameters: str) -> dict[str, object]:
    answer = Boto3Client("eu-central-1").call(service, operation, parameters, 60.0)
    assert isinstance(answer, dict)
    return answer


def states_of_targets() -> set[str]:
    groups = ask("elbv2", "DescribeTargetGroups")["TargetGroups"]
    assert isinstance(groups, list)
    health = ask("elbv2", "DescribeTargetHealth", TargetGroupArn=groups[0]["TargetGroupArn"])
    described = health["TargetHealthDescriptions"]
    assert isinstance(described, list)
    return {each["TargetHealth"]["State"] for each in described}


def state_of_the_key_store() -> object:
    stores = ask(*STORES)["CustomKeyStores"]
    assert isinstance(stores, list)
    return stores[0]["ConnectionState"]


def test_the_account_reports_unhealthy_targets_while_no_proxy_accepts_connections(
    simulation: Simulation,
) -> None:
    simulation.break_proxies("refused")
    assert states_of_targets() == {"unhealthy"}
    simulation.break_proxies(Fault.ALIVE)
    assert states_of_targets() == {"healthy"}
    simulation.break_proxies("expired")
    assert states_of_targets() == {"healthy"}


def test_the_faults_of_another_scenario_leave_the_key_store_connected(simulation: Simulation) -> None:
    simulation.apply_faults(load_scenario("refused-port"))
    assert (states_of_targets(), state_of_the_key_store()) == ({"unhealthy"}, "CONNECTED")
    simulation.apply_faults(with_account(load_scenario("healthy")))
    assert (states_of_targets(), state_of_the_key_store()) == ({"healthy"}, "CONNECTED")


def test_an_unknown_fault_changes_nothing(simulation: Simulation) -> None:
    with pytest.raises(ValueError, match="no-such"):
        simulation.break_proxies("no-such")
    assert states_of_targets() == {"healthy"}
