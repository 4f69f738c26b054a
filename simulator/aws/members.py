"""Response members that AWS returns but moto does not, or only as constants. Pure.

They concern a network load balancer behind an endpoint service, with the values that AWS returns.
"""

from collections.abc import Callable, Iterable, Mapping

from simulator.aws.account import EVERY_ZONE, VERIFICATION_NAME, VERIFICATION_VALUE, Resources
from simulator.aws.answers import Json, View

_INTERFACE = "ELB net/"


def interface_description(load_balancer_arn: str) -> str:
    """The description of the load balancer's own network interfaces.

    >>> interface_description("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/xks/50dc6c")
    'ELB net/xks/50dc6c'
    """
    return f"ELB {load_balancer_arn.partition(':loadbalancer/')[2]}"


def _configurations(answer: Json, view: View, resources: Resources) -> Json:
    """Empty if another account owns the service: only the owner sees the configuration."""
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


def _permissions(answer: Json, _: View, resources: Resources) -> Json:
    def whole(number: int, one: Json) -> Json:
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


def _interfaces(answer: Json, _: View, _resources: Resources) -> Json:
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


def _load_balancers(answer: Json, _: View, _resources: Resources) -> Json:
    def whole(one: Json) -> Json:
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


def _attributes(pairs: Iterable[tuple[str, str]]) -> Json:
    return {"Attributes": [{"Key": key, "Value": value} for key, value in pairs]}


def _load_balancer_attributes(_: Json, _view: View, resources: Resources) -> Json:
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


def _target_group_attributes(_: Json, _view: View, _resources: Resources) -> Json:
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


def _listeners(answer: Json, _: View, _resources: Resources) -> Json:
    """A TCP listener has no TLS policy; a forward action is listed in both forms."""

    def whole(one: Json) -> Json:
        kept = {key: value for key, value in one.items() if key not in {"SslPolicy", "AlpnPolicy"}}
        actions = [
            {**action, "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": action["TargetGroupArn"]}]}}
            for action in one.get("DefaultActions", [])
        ]
        return {**(kept if one.get("Protocol") == "TCP" else one), "DefaultActions": actions}

    return {**answer, "Listeners": [whole(each) for each in answer.get("Listeners", [])]}


def _target_health(answer: Json, _: View, resources: Resources) -> Json:
    zones = {target.address: target.zone for target in resources.plan.targets}

    def whole(one: Json) -> Json:
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


# Completes the responses of moto.
COMPLETED: Mapping[str, Callable[[Json, View, Resources], Json]] = {
    "DescribeVpcEndpointServiceConfigurations": _configurations,
    "DescribeVpcEndpointServicePermissions": _permissions,
    "DescribeNetworkInterfaces": _interfaces,
    "DescribeLoadBalancers": _load_balancers,
    "DescribeLoadBalancerAttributes": _load_balancer_attributes,
    "DescribeListeners": _listeners,
    "DescribeTargetGroupAttributes": _target_group_attributes,
    "DescribeTargetHealth": _target_health,
}
