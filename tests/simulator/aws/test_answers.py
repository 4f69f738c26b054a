"""What moto does not have: each answer has what the model has, of its types, and is read as it was meant."""

import pytest
from support.accounts.simulated import RESOURCES, SCENARIO, check_against_the_model, view

from simulator.aws.answers import LACKING
from simulator.aws.protocol import AwsError


@pytest.mark.parametrize("operation", LACKING)
def test_an_answer_is_of_the_model_and_read_as_it_was_meant(operation: str) -> None:
    check_against_the_model(operation, LACKING[operation](view(), {}))


def test_the_store_is_the_scenario_s_and_differs_as_it_is_told() -> None:
    told = {"ConnectionState": "FAILED", "XksProxyConfiguration.UriPath": None}
    stores = LACKING["DescribeCustomKeyStores"](view({"key_stores": [{}, told]}), {})["CustomKeyStores"]
    assert [store["ConnectionState"] for store in stores] == ["CONNECTED", "FAILED"]
    assert [store["CustomKeyStoreId"] for store in stores] == [SCENARIO.key_store] * 2
    assert "UriPath" not in stores[1]["XksProxyConfiguration"]
    assert stores[0]["XksProxyConfiguration"]["VpcEndpointServiceName"] == RESOURCES.service_name


def test_a_store_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AwsError, match="CustomKeyStoreNotFoundException"):
        LACKING["DescribeCustomKeyStores"](view(), {"CustomKeyStoreId": "cks-0"})


def test_without_a_store_nobody_is_connected() -> None:
    of_the_service = {"Filters": [{"Name": "service-id", "Values": ["vpce-svc-1"]}]}
    of_another = {"Filters": [{"Name": "service-id", "Values": ["vpce-svc-2"]}]}
    ask = LACKING["DescribeVpcEndpointConnections"]
    found = [
        ask(view(), of_the_service),
        ask(view(), of_another),
        ask(view({"key_stores": []}), of_the_service),
    ]
    assert [len(each["VpcEndpointConnections"]) for each in found] == [1, 0, 0]


def test_a_service_of_another_account_is_seen_as_a_consumer_and_kms_is_told_its_owner() -> None:
    other = {"service_owner": "444455556666"}
    asked = {"ServiceNames": [RESOURCES.service_name]}
    (detail,) = LACKING["DescribeVpcEndpointServices"](view(other), asked)["ServiceDetails"]
    (store,) = LACKING["DescribeCustomKeyStores"](view(other), {})["CustomKeyStores"]
    assert detail["Owner"] == "444455556666"
    assert store["XksProxyConfiguration"]["VpcEndpointServiceOwner"] == "444455556666"


def test_a_service_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AwsError, match="InvalidServiceName"):
        LACKING["DescribeVpcEndpointServices"](view(), {"ServiceNames": ["com.amazonaws.vpce.x.y"]})


def test_in_another_region_there_is_nothing() -> None:
    found = [make(view(elsewhere=True), {}) for make in LACKING.values()]
    assert [list(each.values()) for each in found] == [[[]], [[]], [[], []]]
