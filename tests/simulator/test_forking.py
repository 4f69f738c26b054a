"""Accounts that are forked from one process: as good as those of a fresh one, and each by itself."""

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


def seen(simulation: Simulation, region: str = REGION) -> dict[str, Any]:
    """What was made in the account: key stores, services, load balancers, and the names of security groups."""
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

    groups = ask("ec2", "describe_security_groups")["SecurityGroups"]  # a Region has a default one
    balancers = ask("elbv2", "describe_load_balancers")["LoadBalancers"]
    return {
        **ask("kms", "describe_custom_key_stores"),
        **ask("ec2", "describe_vpc_endpoint_service_configurations"),
        "LoadBalancers": [{**each, "CreatedTime": None} for each in balancers],
        "groups": sorted(each["GroupName"] for each in groups),
    }


def made_ids(said: dict[str, Any]) -> tuple[list[str], list[str]]:
    services = [each["ServiceId"] for each in said["ServiceConfigurations"]]
    return services, [each["LoadBalancerArn"] for each in said["LoadBalancers"]]


@pytest.fixture
def two(accounts: AccountTemplate) -> Iterator[tuple[Simulation, Simulation]]:
    with started(accounts) as one, started(accounts) as other:
        yield one, other


def test_a_forked_account_is_the_one_that_a_fresh_process_makes(two: tuple[Simulation, Simulation]) -> None:
    with started(None) as fresh:
        assert made_ids(seen(two[0])) == made_ids(seen(fresh))


def test_what_is_changed_in_an_account_is_seen_in_no_other_and_in_none_forked_later(
    two: tuple[Simulation, Simulation], accounts: AccountTemplate
) -> None:
    one, other = two
    before, there = seen(other), seen(other, "us-east-1")
    one.set_account({"key_stores": [], "service_owner": "444455556666"})
    one.set_account({"region": "us-east-1", "key_stores": []})
    assert seen(one, "us-east-1") != there
    assert (seen(other), seen(other, "us-east-1")) == (before, there)
    with started(accounts) as later:
        assert (seen(later), seen(later, "us-east-1")) == (before, there)


def test_each_forked_account_has_an_address_of_its_own(two: tuple[Simulation, Simulation]) -> None:
    urls = {simulation.aws_environment()["AWS_ENDPOINT_URL"] for simulation in two}
    assert len(urls) == 2


def test_a_forked_account_ends_with_its_world_and_the_others_stay(two: tuple[Simulation, Simulation]) -> None:
    one, other = two
    child = one._processes.aws
    assert child is not None
    one.stop()
    assert child.process.returncode == 0
    assert seen(other)["CustomKeyStores"]


def test_a_forked_account_that_dies_surfaces_with_its_status(accounts: AccountTemplate) -> None:
    with started(accounts) as simulation:
        child = simulation._processes.aws
        assert child is not None
        child.process.kill()
        with pytest.raises(SimulationError, match=rf"the aws process ended \(status -{signal.SIGKILL:d}\)"):
            simulation.set_account({})


def test_a_mistake_of_the_section_is_told_by_a_forked_account(accounts: AccountTemplate) -> None:
    with pytest.raises(SimulationError, match="moto does not know the Region"):
        started(accounts, region="eu-nowhere-1")


def test_without_moto_each_start_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError('no moto here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        AccountTemplate(tmp_path / "template.log") as without,
        pytest.raises(SimulationError, match=r"needs moto.*install"),
    ):
        started(without)
