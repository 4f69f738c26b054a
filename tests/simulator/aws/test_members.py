"""Additions to moto's responses fit the model and keep moto's own values."""

from typing import Any

import pytest
from support.accounts.simulated import ARN, RESOURCES, check_against_the_model, view

from simulator.aws.members import COMPLETED

# moto's responses, limited to the values that the audit reads.
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


def completed(operation: str, section: object = None) -> Any:
    return COMPLETED[operation](MOTOS[operation], view(section), RESOURCES)


@pytest.mark.parametrize("operation", COMPLETED)
def test_a_response_fits_the_model_and_is_parsed_correctly(operation: str) -> None:
    check_against_the_model(operation, completed(operation))


def test_only_the_owner_sees_the_configuration_of_a_service() -> None:
    other = {"service_owner": "444455556666"}
    assert len(completed("DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"]) == 1
    assert completed("DescribeVpcEndpointServiceConfigurations", other)["ServiceConfigurations"] == []


def test_only_the_load_balancers_interfaces_are_marked_as_its_own() -> None:
    found = completed("DescribeNetworkInterfaces")["NetworkInterfaces"]
    assert [each["Status"] for each in found] == ["in-use", "available"]


def test_principals_have_the_right_type() -> None:
    found = completed("DescribeVpcEndpointServicePermissions")["AllowedPrincipals"]
    assert [each["PrincipalType"] for each in found] == ["Service", "All", "Account"]


def test_a_target_has_its_zone_or_is_outside_the_vpc() -> None:
    found = completed("DescribeTargetHealth")["TargetHealthDescriptions"]
    assert [each["Target"]["AvailabilityZone"] for each in found] == ["eu-central-1a", "all"]
    assert [each["HealthCheckPort"] for each in found] == ["443", "8443"]
