"""Accounts forked from one process: identical to accounts made by a new process, and independent of each other."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from simulator import AccountTemplate, Simulation, SimulationError, load_scenario, start
from simulator.scenario.reader import read_scenario

pytestmark = pytest.mark.loopback

REGION = "eu-central-1"
HEALTHY = load_scenario("healthy").document


def started(accounts: AccountTemplate | None, **account: Any) -> Simulation:
    scenario = read_scenario("healthy", {**HEALTHY, "account": account})
    more = {} if accounts is None else {"start_account": accounts.start}
    return start(scenario, reduced=True, **more)


def resources(simulation: Simulation, region: str = REGION) -> dict[str, Any]:
    """The account's resources: key stores, services, load balancers, and the names of security groups."""
    environment = simulation.aws_environment()

    def ask(service: str, operation: str) -> Any:
        client = boto3.client(
            service,
            region_name=region,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="id",
            aws_secret_access_key="secret",  # noqa: S106
            config=Config(retries={"total_max_attempts": 1}),
        )
        answer = getattr(client, operation)()
        client.close()
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}

    groups = ask("ec2", "describe_security_groups")["SecurityGroups"]  # every Region has a default group
    balancers = ask("elbv2", "describe_load_balancers")["LoadBalancers"]
    return {
        **ask("kms", "describe_custom_key_stores"),
        **ask("ec2", "describe_vpc_endpoint_service_configurations"),
        "LoadBalancers": [{**each, "CreatedTime": None} for each in balancers],
        "groups": sorted(each["GroupName"] for each in groups),
    }


def resource_ids(found: dict[str, Any]) -> tuple[list[str], list[str]]:
    services = [each["ServiceId"] for each in found["ServiceConfigurations"]]
    return services, [each["LoadBalancerArn"] for each in found["LoadBalancers"]]


@pytest.fixture
def two(accounts: AccountTemplate) -> Iterator[tuple[Simulation, Simulation]]:
    with started(accounts) as one, started(accounts) as other:
        yield one, other


@pytest.mark.long
def test_a_forked_account_equals_the_account_of_a_new_process(two: tuple[Simulation, Simulation]) -> None:
    with started(None) as new:
        assert resource_ids(resources(two[0])) == resource_ids(resources(new))


def test_a_change_in_one_account_affects_neither_other_accounts_nor_later_forks(
    two: tuple[Simulation, Simulation], accounts: AccountTemplate
) -> None:
    one, other = two
    before, there = resources(other), resources(other, "us-east-1")
    one.set_account({"key_stores": [], "service_owner": "444455556666"})
    one.set_account({"region": "us-east-1", "key_stores": []})
    assert resources(one, "us-east-1") != there
    assert (resources(other), resources(other, "us-east-1")) == (before, there)
    with started(accounts) as later:
        assert (resources(later), resources(later, "us-east-1")) == (before, there)


def test_each_forked_account_has_its_own_address(two: tuple[Simulation, Simulation]) -> None:
    urls = {simulation.aws_environment()["AWS_ENDPOINT_URL"] for simulation in two}
    assert len(urls) == 2


def test_a_forked_account_ends_with_its_simulation_and_the_others_continue(
    two: tuple[Simulation, Simulation],
) -> None:
    one, other = two
    child = one._processes.aws
    assert child is not None
    one.stop()
    assert child.process.returncode == 0
    assert resources(other)["CustomKeyStores"]


def test_the_death_of_a_forked_account_is_reported_with_its_status(accounts: AccountTemplate) -> None:
    with started(accounts) as simulation:
        child = simulation._processes.aws
        assert child is not None
        child.process.kill()
        with pytest.raises(SimulationError, match=rf"the aws process ended \(status -{signal.SIGKILL:d}\)"):
            simulation.set_account({})


def test_an_error_in_the_section_is_reported_by_a_forked_account(accounts: AccountTemplate) -> None:
    with pytest.raises(SimulationError, match="moto does not know the Region"):
        started(accounts, region="eu-nowhere-1")


def test_without_moto_each_start_fails_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError('no moto here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        AccountTemplate(tmp_path / "template.log") as without,
        pytest.raises(SimulationError, match=r"needs moto.*install"),
    ):
        started(without)
