"""What AWS answers and moto does not: whole answers that it lacks, members that it keeps constant. Pure.

Members are those that AWS gives for a network load balancer behind an endpoint service, with its values.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.aws.account import (
    ACCOUNT_ID,
    EVERY_ZONE,
    KMS_ACCOUNT_ID,
    VERIFICATION_NAME,
    VERIFICATION_VALUE,
    Resources,
)
from simulator.aws.protocol import AwsError
from simulator.aws_paths import changed
from simulator.scenario.aws_section import AccountSection
from simulator.scenario.scenario import Scenario

_CREATED = dt.datetime(2026, 1, 15, 9, 30, tzinfo=dt.UTC)
_INTERFACE = "ELB net/"
_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What there is to answer with. ``resources`` None: in a Region where the account has nothing."""

    scenario: Scenario
    section: AccountSection
    resources: Resources | None


def interface_description(load_balancer_arn: str) -> str:
    """The description of the load balancer's own network interfaces.

    >>> interface_description("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/xks/50dc6c")
    'ELB net/xks/50dc6c'
    """
    return f"ELB {load_balancer_arn.partition(':loadbalancer/')[2]}"


def _key_stores(view: View, asked: _Json) -> _Json:
    resources = view.resources
    stores = (
        [changed(_key_store(view, resources), each) for each in view.section.key_stores] if resources else []
    )
    wanted = {
        "CustomKeyStoreId": asked.get("CustomKeyStoreId"),
        "CustomKeyStoreName": asked.get("CustomKeyStoreName"),
    }
    for key, value in wanted.items():
        if value is not None:
            stores = [store for store in stores if store.get(key) == value]
            if not stores:
                raise AwsError("CustomKeyStoreNotFoundException", f"there is no custom key store {value}")
    return {"CustomKeyStores": stores}


def _key_store(view: View, resources: Resources) -> _Json:
    scenario, owner = view.scenario, view.section.service_owner
    proxy = {
        "Connectivity": "VPC_ENDPOINT_SERVICE",
        "AccessKeyId": scenario.proxy.credentials[0].access_key_id,
        "UriEndpoint": f"https://{scenario.private_dns_name}",
        "UriPath": scenario.uri_path,
        "VpcEndpointServiceName": resources.service_name,
        **({"VpcEndpointServiceOwner": owner} if owner else {}),
    }
    return {
        "CustomKeyStoreId": scenario.key_store,
        "CustomKeyStoreName": "xks",
        "ConnectionState": "CONNECTED",
        "CreationDate": _CREATED,
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyConfiguration": proxy,
    }


def _connections(view: View, asked: _Json) -> _Json:
    """KMS's endpoint, while there is a key store that it would have made one for."""
    resources = view.resources
    if (
        resources is None
        or not view.section.key_stores
        or not _wants(asked, "service-id", resources.service_id)
    ):
        return {"VpcEndpointConnections": []}
    connection = {
        "ServiceId": resources.service_id,
        "VpcEndpointId": "vpce-0a1b2c3d4e5f60718",
        "VpcEndpointOwner": KMS_ACCOUNT_ID,
        "VpcEndpointState": "available",
        "CreationTimestamp": _CREATED,
        "NetworkLoadBalancerArns": [resources.load_balancer_arn],
        "IpAddressType": "ipv4",
        "VpcEndpointConnectionId": "vpce-con-0a1b2c3d4e5f60718",
        "VpcEndpointRegion": resources.region,
    }
    return {"VpcEndpointConnections": [connection]}


def _wants(asked: _Json, name: str, value: str) -> bool:
    """The request's filters, if there is one of that name, let the value through."""
    values = [each.get("Values", []) for each in asked.get("Filters", []) if each.get("Name") == name]
    return all(value in each for each in values)


def _services(view: View, asked: _Json) -> _Json:
    """The service as its consumers see it."""
    resources = view.resources
    names = asked.get("ServiceNames", [])
    known = resources.service_name if resources else None
    unknown = next((name for name in names if name != known), None)
    if unknown is not None:
        raise AwsError("InvalidServiceName", f"The Vpc Endpoint Service '{unknown}' does not exist")
    if resources is None:
        return {"ServiceNames": [], "ServiceDetails": []}
    detail = {
        "ServiceName": resources.service_name,
        "ServiceId": resources.service_id,
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceRegion": resources.region,
        "AvailabilityZoneIds": [zone.id for zone in resources.plan.zones],
        "AvailabilityZones": [zone.name for zone in resources.plan.zones],
        "Owner": view.section.service_owner or ACCOUNT_ID,
        "BaseEndpointDnsNames": [f"{resources.service_id}.{resources.region}.vpce.amazonaws.com"],
        "PrivateDnsName": view.scenario.private_dns_name,
        "PrivateDnsNames": [{"PrivateDnsName": view.scenario.private_dns_name}],
        "VpcEndpointPolicySupported": False,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "PrivateDnsNameVerificationState": "verified",
        "SupportedIpAddressTypes": ["ipv4"],
        "Tags": [],
    }
    return {"ServiceNames": [resources.service_name], "ServiceDetails": [detail]}


# What moto does not have at all, or only with all of AWS's own services and for a second.
LACKING: Mapping[str, Callable[[View, _Json], _Json]] = {
    "DescribeCustomKeyStores": _key_stores,
    "DescribeVpcEndpointConnections": _connections,
    "DescribeVpcEndpointServices": _services,
}


def _configurations(answer: _Json, view: View, resources: Resources) -> _Json:
    """Nothing, if another account owns the service: only its owner sees the configuration."""
    added = {
        "AvailabilityZoneIds": [zone.id for zone in resources.plan.zones],
        "SupportedIpAddressTypes": ["ipv4"],
        "PrivateDnsNameConfiguration": {
            "State": "verified",
            "Type": "TXT",
            "Value": VERIFICATION_VALUE,
            "Name": VERIFICATION_NAME,
        },
    }
    found = [] if view.section.service_owner else answer.get("ServiceConfigurations", [])
    return {**answer, "ServiceConfigurations": [{**each, **added} for each in found]}


def _permissions(answer: _Json, _: View, resources: Resources) -> _Json:
    def whole(number: int, one: _Json) -> _Json:
        principal = str(one["Principal"])
        named = "Service" if principal.endswith(".amazonaws.com") else "Account"
        return {
            "PrincipalType": "All" if principal == "*" else named,
            "Principal": principal,
            "ServicePermissionId": f"vpce-svc-perm-{number:017x}",
            "Tags": [],
            "ServiceId": resources.service_id,
        }

    allowed = [whole(n, each) for n, each in enumerate(answer.get("AllowedPrincipals", []), 1)]
    return {**answer, "AllowedPrincipals": allowed}


def _interfaces(answer: _Json, _: View, _resources: Resources) -> _Json:
    added = {
        "Status": "in-use",
        "InterfaceType": "network_load_balancer",
        "RequesterId": "amazon-elb",
        "RequesterManaged": True,
    }
    found = answer.get("NetworkInterfaces", [])
    return {
        **answer,
        "NetworkInterfaces": [
            {**each, **added} if str(each.get("Description", "")).startswith(_INTERFACE) else each
            for each in found
        ],
    }


def _load_balancers(answer: _Json, _: View, _resources: Resources) -> _Json:
    def whole(one: _Json) -> _Json:
        _, region, name, number = _parts(one["LoadBalancerArn"])
        return {
            **one,
            "DNSName": f"{name}-{number}.elb.{region}.amazonaws.com",
            "AvailabilityZones": [
                {**zone, "LoadBalancerAddresses": []} for zone in one.get("AvailabilityZones", [])
            ],
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "on",
        }

    return {**answer, "LoadBalancers": [whole(each) for each in answer.get("LoadBalancers", [])]}


def _parts(arn: str) -> tuple[str, str, str, str]:
    head, _, tail = arn.partition(":loadbalancer/")
    kind, name, number = tail.split("/")
    return kind, head.split(":")[3], name, number


def _attributes(pairs: Iterable[tuple[str, str]]) -> _Json:
    return {"Attributes": [{"Key": key, "Value": value} for key, value in pairs]}


def _load_balancer_attributes(_: _Json, _view: View, resources: Resources) -> _Json:
    return _attributes(
        (
            ("access_logs.s3.enabled", "false"),
            ("access_logs.s3.bucket", ""),
            ("access_logs.s3.prefix", ""),
            ("deletion_protection.enabled", "false"),
            ("dns_record.client_routing_policy", "any_availability_zone"),
            ("load_balancing.cross_zone.enabled", str(resources.plan.cross_zone).lower()),
            ("zonal_shift.config.enabled", "false"),
        )
    )


def _target_group_attributes(_: _Json, _view: View, _resources: Resources) -> _Json:
    return _attributes(
        (
            ("deregistration_delay.connection_termination.enabled", "false"),
            ("deregistration_delay.timeout_seconds", "300"),
            ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
            ("preserve_client_ip.enabled", "false"),
            ("proxy_protocol_v2.enabled", "false"),
            ("stickiness.enabled", "false"),
            ("stickiness.type", "source_ip"),
            ("target_health_state.unhealthy.connection_termination.enabled", "true"),
        )
    )


def _listeners(answer: _Json, _: View, _resources: Resources) -> _Json:
    """Without a policy for TLS, which a TCP listener has none of, and with both forms of the action."""

    def whole(one: _Json) -> _Json:
        kept = {key: value for key, value in one.items() if key not in {"SslPolicy", "AlpnPolicy"}}
        actions = [
            {**action, "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": action["TargetGroupArn"]}]}}
            for action in one.get("DefaultActions", [])
        ]
        return {**(kept if one.get("Protocol") == "TCP" else one), "DefaultActions": actions}

    return {**answer, "Listeners": [whole(each) for each in answer.get("Listeners", [])]}


def _target_health(answer: _Json, _: View, resources: Resources) -> _Json:
    zones = {target.address: target.zone for target in resources.plan.targets}

    def whole(one: _Json) -> _Json:
        target = one["Target"]
        return {
            "Target": {**target, "AvailabilityZone": zones.get(target["Id"], EVERY_ZONE)},
            "HealthCheckPort": str(target["Port"]),
            "TargetHealth": {"State": "healthy"},
            "AdministrativeOverride": {
                "State": "no_override",
                "Reason": "AdministrativeOverride.NoOverride",
                "Description": "No override is currently active on target",
            },
        }

    found = answer.get("TargetHealthDescriptions", [])
    return {**answer, "TargetHealthDescriptions": [whole(each) for each in found]}


# What moto answers, made whole.
COMPLETED: Mapping[str, Callable[[_Json, View, Resources], _Json]] = {
    "DescribeVpcEndpointServiceConfigurations": _configurations,
    "DescribeVpcEndpointServicePermissions": _permissions,
    "DescribeNetworkInterfaces": _interfaces,
    "DescribeLoadBalancers": _load_balancers,
    "DescribeLoadBalancerAttributes": _load_balancer_attributes,
    "DescribeListeners": _listeners,
    "DescribeTargetGroupAttributes": _target_group_attributes,
    "DescribeTargetHealth": _target_health,
}
