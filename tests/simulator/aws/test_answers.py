"""What is added to moto: each answer has what the model has, of its types, and is read as it was meant."""

import datetime as dt
from typing import Any

import botocore.parsers
import botocore.session
import pytest

from simulator.aws.account import Resources, Zone, plan_account
from simulator.aws.answers import COMPLETED, LACKING, View
from simulator.aws.protocol import AwsError, write_answer
from simulator.scenario.aws_section import OPERATIONS
from simulator.scenario.layout import lay_out
from simulator.scenario.load import load_scenario
from simulator.scenario.reader import read_account

SESSION = botocore.session.Session()
SCENARIO = load_scenario("healthy")
ZONES = (Zone(name="eu-central-1a", id="euc1-az1"), Zone(name="eu-central-1b", id="euc1-az2"))
ARN = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/xks/50dc6c495c0c9188"
RESOURCES = Resources(
    plan=plan_account(SCENARIO, lay_out(SCENARIO), ZONES),
    region="eu-central-1",
    service_id="vpce-svc-1",
    service_name="com.amazonaws.vpce.eu-central-1.vpce-svc-1",
    load_balancer_arn=ARN,
    target_group_arn="arn:group",
)
# As moto has them, as far as they are read.
MOTOS: dict[str, dict[str, Any]] = {
    "DescribeVpcEndpointServiceConfigurations": {"ServiceConfigurations": [{"ServiceId": "vpce-svc-1"}]},
    "DescribeVpcEndpointServicePermissions": {
        "AllowedPrincipals": [
            {"Principal": "cks.kms.eu-central-1.amazonaws.com"},
            {"Principal": "*"},
            {"Principal": "arn:aws:iam::111122223333:root"},
        ]
    },
    "DescribeNetworkInterfaces": {
        "NetworkInterfaces": [
            {"Description": "ELB net/xks/50dc6c495c0c9188", "Status": "available"},
            {"Description": "mine", "Status": "available"},
        ]
    },
    "DescribeLoadBalancers": {
        "LoadBalancers": [{"LoadBalancerArn": ARN, "AvailabilityZones": [{"ZoneName": "eu-central-1a"}]}]
    },
    "DescribeLoadBalancerAttributes": {"Attributes": []},
    "DescribeListeners": {
        "Listeners": [
            {"Protocol": "TCP", "SslPolicy": "x", "DefaultActions": [{"Type": "forward", "TargetGroupArn": "t"}]}
        ]
    },
    "DescribeTargetGroupAttributes": {"Attributes": []},
    "DescribeTargetHealth": {
        "TargetHealthDescriptions": [
            {"Target": {"Id": "10.78.3.11", "Port": 443}},
            {"Target": {"Id": "192.168.1.5", "Port": 8443}},
        ]
    },
}  # fmt: skip


def view(section: object = None, *, elsewhere: bool = False) -> View:
    return View(scenario=SCENARIO, section=read_account(section), resources=None if elsewhere else RESOURCES)


def completed(operation: str, section: object = None) -> Any:
    return COMPLETED[operation](MOTOS[operation], view(section), RESOURCES)


ADDED = [
    *((operation, make(view(), {})) for operation, make in LACKING.items()),
    *((operation, completed(operation)) for operation in COMPLETED),
]


@pytest.mark.parametrize(("operation", "answer"), ADDED, ids=[operation for operation, _ in ADDED])
def test_an_answer_is_of_the_model_and_read_as_it_was_meant(operation: str, answer: Any) -> None:
    model = SESSION.get_service_model(OPERATIONS[operation])
    shape = model.operation_model(operation).output_shape
    assert list(odd(shape, answer)) == []
    reply = write_answer(model, operation, answer)
    read = botocore.parsers.create_parser(model.protocol).parse(
        {"body": reply.body, "headers": {}, "status_code": 200}, shape
    )
    assert {key: value for key, value in read.items() if key != "ResponseMetadata"} == answer


def odd(shape: Any, value: Any, path: str = "") -> Any:
    """The paths of what is not in the model, not of its type, or none of its words."""
    if shape.type_name == "structure":
        yield from (f"{path}.{key}" for key in value if key not in shape.members)
        for key in value.keys() & shape.members.keys():
            yield from odd(shape.members[key], value[key], f"{path}.{key}")
    elif shape.type_name == "list":
        for each in value:
            yield from odd(shape.member, each, f"{path}[]")
    else:
        types = {"string": str, "boolean": bool, "integer": int, "timestamp": dt.datetime}
        words = {
            word.lower() for word in getattr(shape, "enum", ())
        }  # EC2 itself does not write them as there
        if type(value) is not types[shape.type_name] or (words and value.lower() not in words):
            yield f"{path}: {value!r}"


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
    assert completed("DescribeVpcEndpointServiceConfigurations", other)["ServiceConfigurations"] == []


def test_a_service_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AwsError, match="InvalidServiceName"):
        LACKING["DescribeVpcEndpointServices"](view(), {"ServiceNames": ["com.amazonaws.vpce.x.y"]})


def test_in_another_region_there_is_nothing() -> None:
    found = [make(view(elsewhere=True), {}) for make in LACKING.values()]
    assert [list(each.values()) for each in found] == [[[]], [[]], [[], []]]


def test_only_the_load_balancer_s_interfaces_are_its_own() -> None:
    found = completed("DescribeNetworkInterfaces")["NetworkInterfaces"]
    assert [each["Status"] for each in found] == ["in-use", "available"]


def test_principals_are_of_the_kind_that_they_are() -> None:
    found = completed("DescribeVpcEndpointServicePermissions")["AllowedPrincipals"]
    assert [each["PrincipalType"] for each in found] == ["Service", "All", "Account"]


def test_a_target_is_in_its_zone_or_outside_the_vpc() -> None:
    found = completed("DescribeTargetHealth")["TargetHealthDescriptions"]
    assert [each["Target"]["AvailabilityZone"] for each in found] == ["eu-central-1a", "all"]
    assert [each["HealthCheckPort"] for each in found] == ["443", "8443"]
