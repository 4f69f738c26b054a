"""Responses that moto lacks fit botocore's model and are parsed correctly."""

import pytest
from support.accounts.simulated import RESOURCES, SCENARIO, check_against_the_model, view

from simulator.aws.answers import LACKING, instance_id
from simulator.aws.protocol import AwsError

PARAMETERS = {"GetMetricData": {"MetricDataQueries": [], "StartTime": 0.0, "EndTime": 3600.0}}


@pytest.mark.parametrize("operation", LACKING)
def test_a_response_fits_the_model_and_is_parsed_correctly(operation: str) -> None:
    check_against_the_model(operation, LACKING[operation](view(), PARAMETERS.get(operation, {})))


def test_the_key_store_has_the_settings_of_the_scenario_with_the_given_differences() -> None:
    overrides = {"ConnectionState": "FAILED", "XksProxyConfiguration.UriPath": None}
    stores = LACKING["DescribeCustomKeyStores"](view({"key_stores": [{}, overrides]}), {})["CustomKeyStores"]
    assert [store["ConnectionState"] for store in stores] == ["CONNECTED", "FAILED"]
    assert [store["CustomKeyStoreId"] for store in stores] == [SCENARIO.key_store] * 2
    assert "UriPath" not in stores[1]["XksProxyConfiguration"]
    assert stores[0]["XksProxyConfiguration"]["VpcEndpointServiceName"] == RESOURCES.service_name


def test_each_proxy_runs_on_an_instance_in_the_subnet_of_its_zone() -> None:
    found = LACKING["DescribeInstances"](view(), {})["Reservations"][0]["Instances"]
    plan = RESOURCES.plan
    assert [each["InstanceId"] for each in found] == [instance_id(n) for n, _ in enumerate(plan.targets, 1)]
    assert [each["PrivateIpAddress"] for each in found] == [each.address for each in plan.targets]
    assert [each["SubnetId"] for each in found] == [RESOURCES.subnets[each.zone] for each in plan.targets]


def test_only_the_instances_in_the_filter_are_returned() -> None:
    one = {"Filters": [{"Name": "instance-id", "Values": [instance_id(2)]}]}
    none = {"Filters": [{"Name": "instance-id", "Values": ["i-0"]}]}
    ask = LACKING["DescribeInstances"]
    assert [each["InstanceId"] for each in ask(view(), one)["Reservations"][0]["Instances"]] == [
        instance_id(2)
    ]
    assert ask(view(), none) == {"Reservations": []}


def test_an_unknown_key_store_is_an_error() -> None:
    with pytest.raises(AwsError, match="CustomKeyStoreNotFoundException"):
        LACKING["DescribeCustomKeyStores"](view(), {"CustomKeyStoreId": "cks-0"})


def test_without_a_key_store_there_is_no_connection() -> None:
    of_the_service = {"Filters": [{"Name": "service-id", "Values": ["vpce-svc-1"]}]}
    of_another = {"Filters": [{"Name": "service-id", "Values": ["vpce-svc-2"]}]}
    ask = LACKING["DescribeVpcEndpointConnections"]
    found = [
        ask(view(), of_the_service),
        ask(view(), of_another),
        ask(view({"key_stores": []}), of_the_service),
    ]
    assert [len(each["VpcEndpointConnections"]) for each in found] == [1, 0, 0]


def test_a_service_of_another_account_has_the_consumers_view_and_its_owner() -> None:
    other = {"service_owner": "444455556666"}
    parameters = {"ServiceNames": [RESOURCES.service_name]}
    (detail,) = LACKING["DescribeVpcEndpointServices"](view(other), parameters)["ServiceDetails"]
    (store,) = LACKING["DescribeCustomKeyStores"](view(other), {})["CustomKeyStores"]
    assert detail["Owner"] == "444455556666"
    assert store["XksProxyConfiguration"]["VpcEndpointServiceOwner"] == "444455556666"


def test_an_unknown_service_is_an_error() -> None:
    with pytest.raises(AwsError, match="InvalidServiceName"):
        LACKING["DescribeVpcEndpointServices"](view(), {"ServiceNames": ["com.amazonaws.vpce.x.y"]})


def test_another_region_has_no_resources() -> None:
    found = [make(view(elsewhere=True), {}) for make in LACKING.values()]
    assert [list(each.values()) for each in found] == [[[]], [[]], [[], []], [[]], [[]]]
