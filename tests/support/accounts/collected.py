"""AWS's answers for a healthy key store, in the format of `deploy/aws/collect.sh`, and functions to change them."""

import copy
import json
from pathlib import Path
from typing import Any

from probe.aws import cloudwatch

REGION, OWN = "eu-west-1", "111122223333"
STORE_ID = "cks-1234567890abcdef0"
SERVICE_ID = "vpce-svc-0123456789abcdef0"
SERVICE_NAME = f"com.amazonaws.vpce.{REGION}.{SERVICE_ID}"
HOST = "myproxy-private.xks.example.com"
_ELB = f"arn:aws:elasticloadbalancing:{REGION}:{OWN}"
NLB = f"{_ELB}:loadbalancer/net/xks/50dc6c495c0c9188"
GROUP = f"{_ELB}:targetgroup/xks/73e2d6bc24d8a067"
ZONES = {
    "eu-west-1a": ("euw1-az1", "subnet-1", "10.0.1.10"),
    "eu-west-1b": ("euw1-az2", "subnet-2", "10.0.2.10"),
}
_OF_VPC = {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}

_ANSWERS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "sts",
        "GetCallerIdentity",
        {},
        {"Account": OWN, "Arn": f"arn:aws:iam::{OWN}:role/agent", "UserId": "A"},
    ),
    (
        "kms",
        "DescribeCustomKeyStores",
        {},
        {
            "CustomKeyStores": [
                {
                    "CustomKeyStoreId": STORE_ID,
                    "CustomKeyStoreName": "bank",
                    "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
                    "ConnectionState": "CONNECTED",
                    "XksProxyConfiguration": {
                        "Connectivity": "VPC_ENDPOINT_SERVICE",
                        "AccessKeyId": "ABCDEFGHIJKLMNOPQRST",
                        "UriEndpoint": f"https://{HOST}",
                        "UriPath": "/kms/xks/v1",
                        "VpcEndpointServiceName": SERVICE_NAME,
                    },
                }
            ]
        },
    ),
    (
        "ec2",
        "DescribeVpcEndpointServiceConfigurations",
        {},
        {
            "ServiceConfigurations": [
                {
                    "ServiceType": [{"ServiceType": "Interface"}],
                    "ServiceId": SERVICE_ID,
                    "ServiceName": SERVICE_NAME,
                    "ServiceState": "Available",
                    "AvailabilityZones": list(ZONES),
                    "AvailabilityZoneIds": [zone[0] for zone in ZONES.values()],
                    "AcceptanceRequired": False,
                    "NetworkLoadBalancerArns": [NLB],
                    "SupportedIpAddressTypes": ["ipv4"],
                    "PrivateDnsName": HOST,
                    "PrivateDnsNameConfiguration": {
                        "State": "verified",
                        "Type": "TXT",
                        "Name": "_6e86v84tqgqubxbwii1m",
                        "Value": "vpce:l6p0ERxlTt45jevFwOCp",
                    },
                }
            ]
        },
    ),
    (
        "ec2",
        "DescribeVpcEndpointServicePermissions",
        {"ServiceId": SERVICE_ID},
        {"AllowedPrincipals": [{"PrincipalType": "Service", "Principal": f"cks.kms.{REGION}.amazonaws.com"}]},
    ),
    (
        "ec2",
        "DescribeVpcEndpointConnections",
        {"Filters": [{"Name": "service-id", "Values": [SERVICE_ID]}]},
        {"VpcEndpointConnections": [{"VpcEndpointOwner": "999988887777", "VpcEndpointState": "available"}]},
    ),
    (
        "elbv2",
        "DescribeLoadBalancers",
        {"LoadBalancerArns": [NLB]},
        {
            "LoadBalancers": [
                {
                    "LoadBalancerArn": NLB,
                    "Type": "network",
                    "Scheme": "internal",
                    "IpAddressType": "ipv4",
                    "VpcId": "vpc-1",
                    "State": {"Code": "active"},
                    "AvailabilityZones": [
                        {"ZoneName": name, "SubnetId": subnet, "LoadBalancerAddresses": []}
                        for name, (_, subnet, _address) in ZONES.items()
                    ],
                }
            ]
        },
    ),
    (
        "elbv2",
        "DescribeLoadBalancerAttributes",
        {"LoadBalancerArn": NLB},
        {"Attributes": [{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}]},
    ),
    (
        "elbv2",
        "DescribeListeners",
        {"LoadBalancerArn": NLB},
        {
            "Listeners": [
                {
                    "ListenerArn": f"{_ELB}:listener/net/xks/1/2",
                    "Port": 443,
                    "Protocol": "TCP",
                    "DefaultActions": [{"Type": "forward", "TargetGroupArn": GROUP}],
                }
            ]
        },
    ),
    (
        "elbv2",
        "DescribeTargetGroups",
        {"LoadBalancerArn": NLB},
        {
            "TargetGroups": [
                {
                    "TargetGroupArn": GROUP,
                    "TargetGroupName": "xks",
                    "TargetType": "ip",
                    "Protocol": "TCP",
                    "Port": 443,
                    "IpAddressType": "ipv4",
                    "VpcId": "vpc-1",
                    "HealthCheckProtocol": "HTTPS",
                    "HealthCheckPort": "traffic-port",
                    "HealthCheckPath": "/ping",
                }
            ]
        },
    ),
    (
        "ec2",
        "DescribeNetworkInterfaces",
        {"Filters": [{"Name": "description", "Values": ["ELB net/xks/50dc6c495c0c9188"]}]},
        {
            "NetworkInterfaces": [
                {
                    "PrivateIpAddress": address,
                    "AvailabilityZone": name,
                    "SubnetId": subnet,
                    "Status": "in-use",
                }
                for name, (_, subnet, address) in ZONES.items()
            ]
        },
    ),
    (
        "elbv2",
        "DescribeTargetHealth",
        {"TargetGroupArn": GROUP},
        {
            "TargetHealthDescriptions": [
                {
                    "Target": {"Id": address, "Port": 443, "AvailabilityZone": "all"},
                    "TargetHealth": {"State": "healthy"},
                }
                for address in ("192.168.1.5", "192.168.1.6")
            ]
        },
    ),
    (
        "elbv2",
        "DescribeTargetGroupAttributes",
        {"TargetGroupArn": GROUP},
        {"Attributes": [{"Key": "proxy_protocol_v2.enabled", "Value": "false"}]},
    ),
    (
        "ec2",
        "DescribeVpcs",
        {"VpcIds": ["vpc-1"]},
        {
            "Vpcs": [
                {
                    "VpcId": "vpc-1",
                    "OwnerId": OWN,
                    "CidrBlock": "10.0.0.0/16",
                    "CidrBlockAssociationSet": [
                        {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}}
                    ],
                }
            ]
        },
    ),
    (
        "ec2",
        "DescribeVpcAttribute",
        {"VpcId": "vpc-1", "Attribute": "enableDnsSupport"},
        {"VpcId": "vpc-1", "EnableDnsSupport": {"Value": True}},
    ),
    (
        "ec2",
        "DescribeVpcAttribute",
        {"VpcId": "vpc-1", "Attribute": "enableDnsHostnames"},
        {"VpcId": "vpc-1", "EnableDnsHostnames": {"Value": True}},
    ),
    (
        "ec2",
        "DescribeSubnets",
        _OF_VPC,
        {
            "Subnets": [
                {"SubnetId": subnet, "AvailabilityZone": name, "AvailabilityZoneId": id_, "VpcId": "vpc-1"}
                for name, (id_, subnet, _) in ZONES.items()
            ]
        },
    ),
    (
        "ec2",
        "DescribeRouteTables",
        _OF_VPC,
        {
            "RouteTables": [
                {
                    "RouteTableId": "rtb-1",
                    "Associations": [{"Main": True}],
                    "Routes": [
                        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
                        {"DestinationCidrBlock": "192.168.0.0/16", "GatewayId": "vgw-1", "State": "active"},
                    ],
                }
            ]
        },
    ),
    (
        "ec2",
        "DescribeNetworkAcls",
        _OF_VPC,
        {
            "NetworkAcls": [
                {
                    "NetworkAclId": "acl-1",
                    "IsDefault": True,
                    "Associations": [{"SubnetId": subnet} for _, subnet, _ in ZONES.values()],
                    "Entries": [
                        {"RuleNumber": number, "Egress": egress, "RuleAction": action, "Protocol": "-1"}
                        | {"CidrBlock": "0.0.0.0/0"}
                        for egress in (True, False)
                        for number, action in ((100, "allow"), (32767, "deny"))
                    ],
                }
            ]
        },
    ),
    (
        "cloudwatch",
        "GetMetricData",
        {"MetricDataQueries": cloudwatch.queries(STORE_ID, SERVICE_ID)},
        {"MetricDataResults": []},
    ),
]


def healthy() -> dict[str, Any]:
    """A new document that the test may change."""
    calls = [
        {"service": service, "operation": operation, "parameters": parameters, "answer": answer}
        for service, operation, parameters, answer in _ANSWERS
    ]
    document = {"schema_version": 1, "taken_at": "2026-11-24T12:00:00Z", "region": REGION, "calls": calls}
    return copy.deepcopy(document)


def answer(document: dict[str, Any], operation: str) -> dict[str, Any]:
    """The answer to the first call of an operation. A test may change it in place."""
    found: dict[str, Any] = call(document, operation)["answer"]
    return found


def call(document: dict[str, Any], operation: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["calls"] if each["operation"] == operation)
    return found


def with_rules(document: dict[str, Any], *rules: dict[str, Any]) -> dict[str, Any]:
    """Make the load balancer dualstack: only then the audit asks for the rules of its listener."""
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["IpAddressType"] = "dualstack"
    arn = answer(document, "DescribeListeners")["Listeners"][0]["ListenerArn"]
    asked = {"service": "elbv2", "operation": "DescribeRules", "parameters": {"ListenerArn": arn}}
    document["calls"].append(asked | {"answer": {"Rules": list(rules)}})
    return document


def seen_by_consumers(service: dict[str, Any], owner: str) -> dict[str, Any]:
    """Convert an entry of DescribeVpcEndpointServiceConfigurations to one of DescribeVpcEndpointServices."""
    kept = (
        "ServiceId",
        "ServiceName",
        "ServiceType",
        "AvailabilityZones",
        "AcceptanceRequired",
        "PrivateDnsName",
    )
    added = {
        "Owner": owner,
        "PrivateDnsNameVerificationState": "verified",
        "SupportedIpAddressTypes": ["ipv4"],
    }
    return {key: service[key] for key in kept} | added


def deny(document: dict[str, Any], *operations: str, code: str = "AccessDenied") -> dict[str, Any]:
    """Let these operations, or all if none is given, fail in ``document``; return the same document."""
    for each in document["calls"]:
        if not operations or each["operation"] in operations:
            each.pop("answer", None)
            each["error"] = {"code": code, "message": "User is not authorized"}
    return document


def written(document: object, directory: Path) -> Path:
    path = directory / "account.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
