"""Parses AWS responses: key stores, the endpoint service, load balancers and their targets.

Field names are from botocore's models. A field of the wrong type counts as missing; a response without its
list is malformed (`Unavailable`), not empty.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from probe.model.account import (
    ApiErrorKind,
    EndpointConnection,
    EndpointService,
    KeyStore,
    Listener,
    LoadBalancer,
    LoadBalancerZone,
    NodeInterface,
    Principal,
    RegisteredTarget,
    TargetGroup,
    TargetHealthCheck,
    Unavailable,
    Verification,
)
from probe.wire.json_values import (
    MAX_ENTRIES,
    entries,
    flag,
    has_long_list,
    mapping,
    number,
    port,
    text,
    texts,
    words,
)

_Value = TypeVar("_Value")
_Json = Mapping[str, Any]


def each(
    answer: _Json | Unavailable,
    key: str,
    named: str,
    read: Callable[[_Json], _Value | None],
    *,
    skips: bool = False,
) -> tuple[_Value, ...] | Unavailable:
    """Each object in the list at ``key``, parsed by ``read``; without that list the response is malformed.

    It is also malformed if one entry can't be parsed, or has a list that is too long to be read: a list
    without that entry would not prove that something does not exist. ``skips``: ``read`` returns None for
    entries that are not needed.
    """
    if isinstance(answer, Unavailable):
        return answer
    found = entries(answer, key)
    if found is None:
        return Unavailable(
            call=named, because=f"the response has no {key}", cause=ApiErrorKind.MALFORMED_RESPONSE
        )
    if any(map(has_long_list, found)):
        return Unavailable(
            call=named,
            because=f"a list in an entry of {key} has more than {MAX_ENTRIES} entries",
            cause=ApiErrorKind.MALFORMED_RESPONSE,
        )
    values = tuple(value for one in found if (value := read(one)) is not None)
    if len(found if skips else values) < len(answer[key]):
        return Unavailable(
            call=named, because=f"an entry of {key} can't be read", cause=ApiErrorKind.MALFORMED_RESPONSE
        )
    return values


def account_id(answer: _Json | Unavailable) -> str | Unavailable:
    """The account in the response of sts GetCallerIdentity."""
    if isinstance(answer, Unavailable):
        return answer
    found = text(answer, "Account")
    return found or Unavailable(
        call="sts:GetCallerIdentity",
        because="the response has no Account",
        cause=ApiErrorKind.MALFORMED_RESPONSE,
    )


def key_store(one: _Json) -> KeyStore | None:
    """From kms DescribeCustomKeyStores, ``CustomKeyStores[]``."""
    id_ = text(one, "CustomKeyStoreId")
    if not id_:
        return None
    proxy = mapping(one, "XksProxyConfiguration")
    return KeyStore(
        id=id_,
        name=words(one, "CustomKeyStoreName"),
        kind=words(one, "CustomKeyStoreType"),
        connection_state=words(one, "ConnectionState"),
        connection_error_code=text(one, "ConnectionErrorCode"),
        connectivity=text(proxy, "Connectivity"),
        access_key_id=text(proxy, "AccessKeyId"),
        uri_endpoint=text(proxy, "UriEndpoint"),
        uri_path=text(proxy, "UriPath"),
        service_name=text(proxy, "VpcEndpointServiceName"),
        service_owner=text(proxy, "VpcEndpointServiceOwner"),
    )


def own_service(one: _Json) -> EndpointService | None:
    """The owner's view: from ec2 DescribeVpcEndpointServiceConfigurations, ``ServiceConfigurations[]``."""
    id_, name = text(one, "ServiceId"), text(one, "ServiceName")
    if not id_ or not name:
        return None
    return EndpointService(
        id=id_,
        name=name,
        is_owner_view=True,
        state=text(one, "ServiceState"),
        types=_types(one),
        acceptance_required=flag(one, "AcceptanceRequired"),
        private_dns_name=text(one, "PrivateDnsName"),
        verification=_verification(one),
        address_types=texts(one, "SupportedIpAddressTypes"),
        zones=texts(one, "AvailabilityZones"),
        zone_ids=texts(one, "AvailabilityZoneIds"),
        load_balancer_arns=texts(one, "NetworkLoadBalancerArns"),
        gateway_load_balancer_arns=texts(one, "GatewayLoadBalancerArns"),
    )


def consumed_service(one: _Json) -> EndpointService | None:
    """The consumer's view: from ec2 DescribeVpcEndpointServices, ``ServiceDetails[]``.

    A service that is listed there is available; there is no field for its state.
    """
    name = text(one, "ServiceName")
    if not name:
        return None
    state = text(one, "PrivateDnsNameVerificationState")
    return EndpointService(
        id=text(one, "ServiceId") or name.rpartition(".")[2],
        name=name,
        is_owner_view=False,
        state="Available",
        types=_types(one),
        acceptance_required=flag(one, "AcceptanceRequired"),
        private_dns_name=text(one, "PrivateDnsName"),
        verification=Verification(state=state) if state else None,
        address_types=texts(one, "SupportedIpAddressTypes"),
        zones=texts(one, "AvailabilityZones"),
        zone_ids=texts(one, "AvailabilityZoneIds"),
        owner=text(one, "Owner"),
        region=text(one, "ServiceRegion"),
    )


def _types(one: _Json) -> tuple[str, ...]:
    return tuple(filter(None, (words(kind, "ServiceType") for kind in entries(one, "ServiceType") or ())))


def _verification(one: _Json) -> Verification | None:
    found = mapping(one, "PrivateDnsNameConfiguration")
    state = text(found, "State")
    if not state:
        return None
    return Verification(state=state, name=text(found, "Name"), value=text(found, "Value"))


def principal(one: _Json) -> Principal | None:
    """From ec2 DescribeVpcEndpointServicePermissions, ``AllowedPrincipals[]``."""
    found = text(one, "Principal")
    if not found:
        return None
    return Principal(
        principal=found, kind=words(one, "PrincipalType"), permission=words(one, "PermissionType")
    )


def connection(one: _Json) -> EndpointConnection:
    """From ec2 DescribeVpcEndpointConnections, ``VpcEndpointConnections[]``."""
    return EndpointConnection(owner=words(one, "VpcEndpointOwner"), state=words(one, "VpcEndpointState"))


def load_balancer(one: _Json) -> LoadBalancer | None:
    """From elbv2 DescribeLoadBalancers, ``LoadBalancers[]``; attributes and listeners are read separately."""
    arn, groups = text(one, "LoadBalancerArn"), texts(one, "SecurityGroups")
    # No security group means that all traffic is allowed, so an unreadable list must not count as empty.
    if not arn or not _is_whole(groups, one.get("SecurityGroups")):
        return None
    enforced = text(one, "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    return LoadBalancer(
        arn=arn,
        name=short_name(arn),
        type=words(one, "Type"),
        scheme=words(one, "Scheme"),
        address_type=words(one, "IpAddressType"),
        state=words(mapping(one, "State"), "Code"),
        vpc_id=words(one, "VpcId"),
        zones=tuple(map(_zone, entries(one, "AvailabilityZones") or ())),
        security_groups=groups,
        enforces_inbound_rules={"on": True, "off": False}.get(enforced or ""),
    )


def _is_whole(read: tuple[str, ...], answered: object) -> bool:
    """Whether all entries of a list were read, or there is no list."""
    return answered is None or (isinstance(answered, list) and len(read) == len(answered))


def short_name(arn: str) -> str:
    """``net/NAME`` from a load balancer's ARN; for another format, the end of the ARN.

    >>> short_name("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/xks/50dc6c495c0c9188")
    'net/xks'
    """
    kind, _, rest = arn.partition(":loadbalancer/")[2].partition("/")
    name = rest.partition("/")[0]
    return f"{kind}/{name}" if name else arn[-64:]


def interface_description(arn: str) -> str:
    """The description that AWS gives the load balancer's network interfaces.

    >>> interface_description("arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/xks/50dc6c")
    'ELB net/xks/50dc6c'
    """
    return f"ELB {arn.partition(':loadbalancer/')[2]}"


def _zone(one: _Json) -> LoadBalancerZone:
    addresses = entries(one, "LoadBalancerAddresses") or ()
    private = next(filter(None, (text(address, "PrivateIPv4Address") for address in addresses)), None)
    return LoadBalancerZone(
        zone=words(one, "ZoneName"),
        zone_id=words(one, "ZoneId"),
        subnet_id=words(one, "SubnetId"),
        address=private,
    )


def node(one: _Json) -> NodeInterface | None:
    """From ec2 DescribeNetworkInterfaces, ``NetworkInterfaces[]``; None without an IPv4 address."""
    address = text(one, "PrivateIpAddress")
    if not address:
        return None
    return NodeInterface(
        address=address,
        zone=words(one, "AvailabilityZone"),
        subnet_id=words(one, "SubnetId"),
        status=words(one, "Status"),
        secondary=tuple(
            other
            for each in entries(one, "PrivateIpAddresses") or ()
            if (other := text(each, "PrivateIpAddress")) and other != address
        ),
    )


def listener(one: _Json) -> Listener | None:
    """From elbv2 DescribeListeners, ``Listeners[]``, with the target groups of both forward actions."""
    arn = text(one, "ListenerArn")
    if not arn:
        return None
    weights = _weights(entries(one, "DefaultActions") or ())
    return Listener(
        arn=arn,
        port=port(one, "Port"),
        protocol=words(one, "Protocol"),
        target_group_arns=tuple(group for group, weight in weights.items() if weight != 0),
        idle_target_group_arns=tuple(group for group, weight in weights.items() if weight == 0),
    )


def for_ipv4(given: Listener, answer: _Json | Unavailable, named: str) -> Listener | Unavailable:
    """The listener as IPv4 connections meet it: the first rule for them replaces the default action.

    ``answer`` is that of elbv2 DescribeRules. Rules of a Network Load Balancer distinguish only IP versions.
    """
    rules = each(answer, "Rules", named, lambda one: one)
    if isinstance(rules, Unavailable):
        return rules
    of_ipv4 = [one for one in rules if _is_for_ipv4(one)]
    if not of_ipv4:
        return given
    first = min(of_ipv4, key=lambda one: int(words(one, "Priority")))
    weights = _weights(entries(first, "Actions") or ())
    return replace(
        given,
        target_group_arns=tuple(group for group, weight in weights.items() if weight != 0),
        idle_target_group_arns=tuple(group for group, weight in weights.items() if weight == 0),
    )


def _is_for_ipv4(rule: _Json) -> bool:
    """Whether it is a rule for IPv4 alone. The default rule has no number, and repeats the default action."""
    conditions = entries(rule, "Conditions") or ()
    kinds = {words(mapping(one, "SourceIpConfig"), "IpAddressType") for one in conditions}
    priority = words(rule, "Priority")
    return priority.isascii() and priority.isdecimal() and kinds == {"ipv4"}


def _weights(actions: Iterable[_Json]) -> dict[str, int]:
    """The weight of each target group that the actions forward to; 1 if none is given."""
    weights: dict[str, int] = {}
    for one in actions:
        for group in entries(mapping(one, "ForwardConfig"), "TargetGroups") or ():
            weight = number(group, "Weight")
            weights.setdefault(text(group, "TargetGroupArn") or "", 1 if weight is None else weight)
        weights.setdefault(text(one, "TargetGroupArn") or "", 1)
    weights.pop("", None)
    return weights


def target_group(one: _Json) -> TargetGroup | None:
    """From elbv2 DescribeTargetGroups, ``TargetGroups[]``; attributes and targets are read separately."""
    arn = text(one, "TargetGroupArn")
    if not arn:
        return None
    return TargetGroup(
        arn=arn,
        name=text(one, "TargetGroupName") or arn[-64:],
        target_type=words(one, "TargetType"),
        protocol=words(one, "Protocol"),
        port=port(one, "Port"),
        address_type=words(one, "IpAddressType"),
        vpc_id=words(one, "VpcId"),
        health_check=_health_check(one),
    )


def _health_check(one: _Json) -> TargetHealthCheck | None:
    protocol = text(one, "HealthCheckProtocol")
    if protocol is None or flag(one, "HealthCheckEnabled") is False:
        return None
    return TargetHealthCheck(
        protocol=protocol,
        port=text(one, "HealthCheckPort") or "traffic-port",
        path=text(one, "HealthCheckPath"),
    )


def registered_target(one: _Json) -> RegisteredTarget | None:
    """From elbv2 DescribeTargetHealth, ``TargetHealthDescriptions[]``."""
    target, health = mapping(one, "Target"), mapping(one, "TargetHealth")
    id_ = text(target, "Id")
    if not id_:
        return None
    return RegisteredTarget(
        id=id_,
        port=port(target, "Port"),
        zone=text(target, "AvailabilityZone"),
        state=words(health, "State"),
        reason=words(health, "Reason"),
        description=words(health, "Description"),
        override=words(mapping(one, "AdministrativeOverride"), "State"),
    )


def attributes(answer: _Json | Unavailable, named: str) -> Mapping[str, str] | Unavailable:
    """From elbv2 Describe…Attributes, ``Attributes[]`` of Key and Value."""
    found = each(answer, "Attributes", named, lambda one: (words(one, "Key"), words(one, "Value")))
    return found if isinstance(found, Unavailable) else dict(found)
