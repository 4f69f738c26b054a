"""Parses AWS responses: the VPC, its subnets, routes, network ACLs, security groups, and hosts in it."""

from collections.abc import Mapping
from typing import Any

from probe.model.account import (
    AclEntry,
    ApiErrorKind,
    NetworkAcl,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
    TargetHost,
    Unavailable,
    Vpc,
)
from probe.wire.json_values import entries, flag, mapping, number, text, words

_Json = Mapping[str, Any]
# The possible targets of a route; the first one present is used.
_VIAS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "EgressOnlyInternetGatewayId",
    "CoreNetworkArn",
)


def vpc(one: _Json) -> Vpc | None:
    """From ec2 DescribeVpcs, ``Vpcs[]``; subnets, routes etc. are read separately."""
    id_ = text(one, "VpcId")
    if not id_:
        return None
    associated = [
        text(block, "CidrBlock")
        for block in entries(one, "CidrBlockAssociationSet") or ()
        if words(mapping(block, "CidrBlockState"), "State") in {"associated", ""}
    ]
    first = [text(one, "CidrBlock")]
    cidrs = tuple(dict.fromkeys(filter(None, associated or first)))
    return Vpc(id=id_, owner=words(one, "OwnerId"), cidrs=cidrs)


def vpc_attribute(answer: _Json | Unavailable, key: str) -> bool | Unavailable:
    """From ec2 DescribeVpcAttribute: ``EnableDnsSupport`` or ``EnableDnsHostnames``."""
    if isinstance(answer, Unavailable):
        return answer
    value = flag(mapping(answer, key), "Value")
    if value is None:
        return Unavailable(
            call="ec2:DescribeVpcAttribute",
            because=f"the response has no {key}",
            cause=ApiErrorKind.MALFORMED_RESPONSE,
        )
    return value


def subnet(one: _Json) -> Subnet | None:
    """From ec2 DescribeSubnets, ``Subnets[]``."""
    id_ = text(one, "SubnetId")
    if not id_:
        return None
    return Subnet(
        id=id_,
        zone=words(one, "AvailabilityZone"),
        zone_id=words(one, "AvailabilityZoneId"),
        cidr=words(one, "CidrBlock"),
        vpc_id=words(one, "VpcId"),
    )


def route_table(one: _Json) -> RouteTable | None:
    """From ec2 DescribeRouteTables, ``RouteTables[]``."""
    id_, routes = text(one, "RouteTableId"), entries(one, "Routes")
    if not id_ or routes is None:
        return None
    associations = [each for each in entries(one, "Associations") or () if _is_associated(each)]
    return RouteTable(
        id=id_,
        is_main=any(flag(each, "Main") is True for each in associations),
        subnet_ids=tuple(filter(None, (text(each, "SubnetId") for each in associations))),
        routes=tuple(filter(None, map(_route, routes))),
    )


def _is_associated(association: _Json) -> bool:
    state = words(mapping(association, "AssociationState"), "State")
    return state in {"associated", "associating", ""}


def _route(one: _Json) -> Route | None:
    destination = text(one, "DestinationCidrBlock") or text(one, "DestinationPrefixListId")
    if not destination:  # an IPv6 route
        return None
    via = next(filter(None, (text(one, key) for key in _VIAS)), "")
    return Route(destination=destination, via=via, state=words(one, "State") or "active")


def network_acl(one: _Json) -> NetworkAcl | None:
    """From ec2 DescribeNetworkAcls, ``NetworkAcls[]``; only IPv4 entries."""
    id_ = text(one, "NetworkAclId")
    if not id_:
        return None
    associations = entries(one, "Associations") or ()
    return NetworkAcl(
        id=id_,
        is_default=flag(one, "IsDefault") is True,
        subnet_ids=tuple(filter(None, (text(each, "SubnetId") for each in associations))),
        entries=tuple(filter(None, map(_acl_entry, entries(one, "Entries") or ()))),
    )


def _acl_entry(one: _Json) -> AclEntry | None:
    cidr, order = text(one, "CidrBlock"), number(one, "RuleNumber")
    if not cidr or order is None:
        return None
    ports = mapping(one, "PortRange")
    return AclEntry(
        number=order,
        is_egress=flag(one, "Egress") is True,
        allows=words(one, "RuleAction").lower() == "allow",
        protocol=words(one, "Protocol"),
        cidr=cidr,
        from_port=number(ports, "From"),
        to_port=number(ports, "To"),
    )


def security_group(one: _Json) -> SecurityGroup | None:
    """From ec2 DescribeSecurityGroups, ``SecurityGroups[]``."""
    id_ = text(one, "GroupId")
    if not id_:
        return None
    return SecurityGroup(
        id=id_,
        inbound=tuple(map(_rule, entries(one, "IpPermissions") or ())),
    )


def _rule(one: _Json) -> SecurityRule:
    lists = [text(each, "PrefixListId") for each in entries(one, "PrefixListIds") or ()]
    groups = [text(each, "GroupId") for each in entries(one, "UserIdGroupPairs") or ()]
    return SecurityRule(
        protocol=words(one, "IpProtocol"),
        from_port=number(one, "FromPort"),
        to_port=number(one, "ToPort"),
        cidrs=tuple(filter(None, (text(each, "CidrIp") for each in entries(one, "IpRanges") or ()))),
        others=tuple(filter(None, [*lists, *groups])),
    )


def instances(reservation: _Json) -> tuple[TargetHost, ...] | None:
    """From ec2 DescribeInstances, ``Reservations[]``."""
    found = entries(reservation, "Instances")
    if found is None:
        return None
    return tuple(
        TargetHost(
            id=id_,
            zone=words(mapping(one, "Placement"), "AvailabilityZone"),
            subnet_id=words(one, "SubnetId"),
            address=text(one, "PrivateIpAddress"),
            security_groups=_group_ids(one, "SecurityGroups"),
        )
        for one in found
        if (id_ := text(one, "InstanceId"))
    )


def interface_hosts(interface: _Json) -> tuple[TargetHost, ...]:
    """From ec2 DescribeNetworkInterfaces, ``NetworkInterfaces[]``: one entry per IPv4 address."""
    addresses = [text(interface, "PrivateIpAddress")]
    addresses += [text(each, "PrivateIpAddress") for each in entries(interface, "PrivateIpAddresses") or ()]
    return tuple(
        TargetHost(
            id=address,
            zone=words(interface, "AvailabilityZone"),
            subnet_id=words(interface, "SubnetId"),
            address=address,
            security_groups=_group_ids(interface, "Groups"),
        )
        for address in dict.fromkeys(filter(None, addresses))
    )


def _group_ids(one: _Json, key: str) -> tuple[str, ...]:
    return tuple(filter(None, (text(each, "GroupId") for each in entries(one, key) or ())))
