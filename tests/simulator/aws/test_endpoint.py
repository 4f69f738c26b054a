"""The account's endpoint on loopback, called by ordinary boto3 and by the agent's audit."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from probe.aws.audit import audit
from probe.aws.boto3_client import Boto3Client
from probe.model.account import Account, ApiErrorKind, Unavailable
from probe.model.store import KeyStoreSpec
from simulator import ScenarioError, Simulation, SimulationError, load_scenario, start
from simulator.scenario.reader import read_scenario

pytestmark = pytest.mark.loopback

REGION = "eu-central-1"
ONE_TRY = {"total_max_attempts": 1}
CONFIGURATIONS = "DescribeVpcEndpointServiceConfigurations"


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    document = {**load_scenario("healthy").document, "account": {}}
    with start(read_scenario("healthy", document), reduced=True) as running:
        yield running


@pytest.fixture(autouse=True)
def restored(simulation: Simulation) -> Iterator[None]:
    yield
    simulation.set_account({})


@pytest.fixture
def client(simulation: Simulation) -> Iterator[Callable[..., Any]]:
    """``client("ec2")`` is a boto3 client of the account."""
    environment = simulation.aws_environment()
    with ExitStack() as stack:

        def make(service: str, region: str = REGION, **config: Any) -> Any:
            made = boto3.client(
                service,
                region_name=region,
                endpoint_url=environment["AWS_ENDPOINT_URL"],
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                config=Config(retries=ONE_TRY, **config),
            )
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def audited(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Account]:
    """The account as the agent's audit reads it."""
    for name, value in simulation.aws_environment().items():
        monkeypatch.setenv(name, value)

    def run(timeout_s: float = 30.0, service_name: str | None = simulation.service_name) -> Account:
        api = Boto3Client(REGION, read_timeout_s=timeout_s)
        try:
            return audit(
                api,
                KeyStoreSpec(region=REGION, service_name=service_name),
                taken_at_s=0.0,
                timeout_s=timeout_s,
            )
        finally:
            for made in api._clients.values():
                made.close()

    return run


def test_the_audit_of_a_healthy_account_finds_everything(
    simulation: Simulation, audited: Callable[..., Account]
) -> None:
    account = audited()
    assert account.failed_calls == ()
    assert (account.id, account.service and account.service.name) == ("111122223333", simulation.service_name)  # type: ignore[union-attr]
    (balancer,) = account.load_balancers  # type: ignore[misc]
    assert balancer.name == "net/xks"
    assert [node.address for node in balancer.nodes] == [
        simulation.address(n.name) for n in simulation.scenario.nodes
    ]
    (group,) = balancer.forwarded_groups
    assert [t.id for t in group.targets] == [simulation.address(b.name) for b in simulation.scenario.backends]
    assert {t.state for t in group.targets} == {"healthy"}
    assert {t.zone for t in group.targets} == {zone.zone for zone in balancer.zones}
    (vpc,) = account.vpcs  # type: ignore[misc]
    assert (vpc.dns_support, vpc.dns_hostnames, len(vpc.subnets)) == (True, True, 2)
    assert [store.id for store in account.key_stores] == [simulation.scenario.key_store]  # type: ignore[union-attr]


def test_interfaces_are_found_only_by_their_description(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")

    def found(description: str) -> int:
        answer = ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [description]}])
        return len(answer["NetworkInterfaces"])

    (balancer,) = client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert found("ELB " + balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]) == 2
    assert found("ELB net/xks/0000000000000000") == 0


@pytest.mark.parametrize(
    ("service", "operation", "key", "size", "sizes"),
    [
        ("ec2", "describe_subnets", "Subnets", 5, [5, 1]),  # 5 is the minimum that the model allows
        ("ec2", "describe_vpc_endpoint_service_configurations", "ServiceConfigurations", 1, [1]),
        ("kms", "describe_custom_key_stores", "CustomKeyStores", 1, [1, 1]),
        ("elbv2", "describe_load_balancers", "LoadBalancers", 1, [1]),
    ],
)
def test_a_response_is_split_into_the_requested_pages(
    simulation: Simulation,
    client: Callable[..., Any],
    service: str,
    operation: str,
    key: str,
    size: int,
    sizes: list[int],
) -> None:
    """There are five subnets, including the default ones, and a sixth that is set by path."""
    added = {"DescribeSubnets": {"Subnets[5]": {"SubnetId": "subnet-6"}}}
    simulation.set_account({"key_stores": [{}, {"CustomKeyStoreId": "cks-2"}], "answers": added})
    complete = getattr(client(service), operation)()[key]
    pages = list(client(service).get_paginator(operation).paginate(PaginationConfig={"PageSize": size}))
    assert [len(page[key]) for page in pages] == sizes
    assert [each for page in pages for each in page[key]] == complete


@pytest.mark.long
def test_the_audit_reads_all_pages_even_with_one_item_per_page(
    simulation: Simulation, audited: Callable[..., Account]
) -> None:
    complete = audited()
    simulation.set_account({"page_size": 1, "key_stores": [{}, {"CustomKeyStoreId": "cks-2"}]})
    paged = audited()
    assert paged.failed_calls == ()
    assert paged.load_balancers == complete.load_balancers
    assert paged.vpcs == complete.vpcs
    assert [store.id for store in paged.key_stores] == [simulation.scenario.key_store, "cks-2"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sts", "GetCallerIdentity", "InvalidClientTokenId"),
        ("kms", "DescribeCustomKeyStores", "AccessDeniedException"),
        ("ec2", "DescribeVpcs", "UnauthorizedOperation"),
        ("elbv2", "DescribeLoadBalancers", "OptInRequired"),
    ],
)
def test_a_refused_call_has_the_error_format_of_its_protocol(
    simulation: Simulation, client: Callable[..., Any], service: str, operation: str, code: str
) -> None:
    from botocore import xform_name

    simulation.set_account({"refused": {operation: code}})
    with pytest.raises(ClientError) as caught:
        getattr(client(service), xform_name(operation))()
    assert caught.value.response["Error"]["Code"] == code
    assert client("ec2").describe_subnets()["Subnets"]


def test_the_wildcard_refuses_all_calls_without_their_own_entry(
    simulation: Simulation, audited: Callable[..., Account]
) -> None:
    simulation.set_account({"refused": {"*": "AccessDenied", "DescribeCustomKeyStores": "OptInRequired"}})
    account = audited()
    causes = {failed.call: failed.cause for failed in account.failed_calls}
    assert causes["kms:DescribeCustomKeyStores"] is ApiErrorKind.NOT_OPTED_IN
    assert set(causes.values()) == {ApiErrorKind.NOT_OPTED_IN, ApiErrorKind.ACCESS_DENIED}


def test_response_values_can_be_set_by_path(simulation: Simulation, audited: Callable[..., Account]) -> None:
    answers = {
        CONFIGURATIONS: {
            "ServiceConfigurations[0].AcceptanceRequired": True,
            "ServiceConfigurations[0].PrivateDnsNameConfiguration.State": "failed",
            "ServiceConfigurations[*].PrivateDnsName": None,
            "ServiceConfigurations[1]": {"ServiceId": "vpce-svc-2", "ServiceName": "other"},
        },
        "DescribeTargetHealth": {"TargetHealthDescriptions[*].TargetHealth.State": "unhealthy"},
    }
    simulation.set_account({"answers": answers})
    account = audited()
    service = account.service
    assert not isinstance(service, Unavailable)
    assert service is not None
    assert service.acceptance_required is True
    assert service.private_dns_name is None
    assert service.verification is not None
    assert service.verification.state == "failed"
    assert len(account.services) == 2  # type: ignore[arg-type]
    (balancer,) = account.load_balancers  # type: ignore[misc]
    assert {t.state for t in balancer.forwarded_groups[0].targets} == {"unhealthy"}


def test_a_path_that_does_not_fit_the_response_is_an_error(
    simulation: Simulation, client: Callable[..., Any]
) -> None:
    simulation.set_account({"answers": {CONFIGURATIONS: {"ServiceConfigurations[7].ServiceId": "x"}}})
    with pytest.raises(ClientError, match=r"ScenarioMistake.*ServiceConfigurations\[7\]"):
        client("ec2").describe_vpc_endpoint_service_configurations()


@pytest.mark.parametrize(
    ("section", "error", "message"),
    [
        ({"answers": {CONFIGURATIONS: {"ServiceConfiguration[0]": {}}}}, SimulationError, "has no ServiceConfiguration of"),
        ({"key_stores": [{"State": "x"}]}, SimulationError, "has no State of CustomKeyStoresListEntry"),
        ({"region": "xx-nowhere-1"}, SimulationError, "account.region: moto does not know the Region xx-nowhere-1"),
        ({"delay": 1}, ScenarioError, "account.delay"),
    ],
)  # fmt: skip
def test_an_invalid_section_changes_nothing(
    simulation: Simulation,
    client: Callable[..., Any],
    section: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    simulation.set_account({"key_stores": []})
    with pytest.raises(error, match=message):
        simulation.set_account(section)
    assert client("kms").describe_custom_key_stores()["CustomKeyStores"] == []


def test_the_account_exists_only_in_its_region(simulation: Simulation, client: Callable[..., Any]) -> None:
    simulation.set_account({"region": "us-east-1"})
    assert simulation.aws_environment()["AWS_REGION"] == "us-east-1"
    assert simulation.service_name.startswith("com.amazonaws.vpce.us-east-1.")
    assert client("kms").describe_custom_key_stores()["CustomKeyStores"] == []
    there = client("ec2", "us-east-1").describe_vpc_endpoint_service_configurations()
    assert [each["ServiceName"] for each in there["ServiceConfigurations"]] == [simulation.service_name]


def test_a_service_of_another_account_is_visible_to_consumers(
    simulation: Simulation, audited: Callable[..., Account]
) -> None:
    simulation.set_account({"service_owner": "444455556666"})
    account = audited()
    service = account.service
    assert not isinstance(service, Unavailable)
    assert service is not None
    assert (service.is_owner_view, service.owner, service.region) == (False, "444455556666", REGION)
    assert (account.services, account.load_balancers) == ((), ())


def test_an_unknown_service_is_not_found(audited: Callable[..., Account]) -> None:
    assert audited(service_name=f"com.amazonaws.vpce.{REGION}.vpce-svc-0").service is None


def test_responses_are_delayed(simulation: Simulation, client: Callable[..., Any]) -> None:
    simulation.set_account({"delay": "400ms"})
    sts = client("sts", read_timeout=5)
    started_s = time.monotonic()
    sts.get_caller_identity()
    assert time.monotonic() - started_s >= 0.4
    with pytest.raises(ReadTimeoutError):
        client("sts", read_timeout=0.1).get_caller_identity()


def test_the_audit_keeps_its_deadline_with_a_slow_account(
    simulation: Simulation, audited: Callable[..., Account]
) -> None:
    simulation.set_account({"delay": "20s"})
    account = audited(timeout_s=0.5)
    assert {failed.cause for failed in account.failed_calls} == {ApiErrorKind.TIMED_OUT}


@pytest.mark.long
def test_the_audit_keeps_its_deadline_with_a_throttled_account(
    simulation: Simulation, audited: Callable[..., Account]
) -> None:
    """Retries wait for seconds; calls skipped for lack of time are as unknown as throttled calls."""
    simulation.set_account({"refused": {"*": "ThrottlingException"}})
    started_s = time.monotonic()
    account = audited(timeout_s=1)
    assert time.monotonic() - started_s < 30
    assert {failed.cause for failed in account.failed_calls} <= {
        ApiErrorKind.THROTTLED,
        ApiErrorKind.TIMED_OUT,
    }
    assert isinstance(account.key_stores, Unavailable)


@pytest.mark.parametrize("body", [b"", b"Action=DescribeVpcs", b"\xff" * 50])
def test_an_unsigned_request_is_rejected(simulation: Simulation, body: bytes) -> None:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(simulation.aws_environment()["AWS_ENDPOINT_URL"], data=body)  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=250)  # noqa: S310
    with caught.value as refused:
        assert b"UnknownService" in refused.read()


def test_a_simulation_without_the_section_has_no_account() -> None:
    with start(load_scenario("healthy"), reduced=True) as plain:
        with pytest.raises(SimulationError, match="add an 'account:' section to the scenario"):
            plain.aws_environment()
        assert not (plain.directory / "aws.log").exists()
