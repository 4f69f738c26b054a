"""Decides when a requirement about an AWS account may be *met*, by code that shares nothing with ``probe``.

Each function checks a necessary condition directly in the collected JSON. If several interpretations of an
answer are possible, it accepts all of them.
"""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

from support.accounts.collected import HOST, NLB, REGION, SERVICE_NAME, STORE_ID

_Json = dict[str, Any]
Truth = Callable[[_Json], bool]
_PRINCIPAL = f"cks.kms.{REGION}.amazonaws.com"


def met_is_possible(requirement: str, document: _Json) -> bool:
    """Whether *met* can be correct; True if this module has no condition for the requirement."""
    truth = TRUTHS.get(requirement)
    return truth is None or truth(document)


def _answer(document: _Json, operation: str, **parameters: Any) -> Any:
    for call in document["calls"]:
        given = call["parameters"]
        if call["operation"] == operation and all(given.get(k) == v for k, v in parameters.items()):
            return call.get("answer", {})
    return {}


def _list(of: Any, key: str) -> list[Any]:
    found = of.get(key) if isinstance(of, dict) else None
    return found if isinstance(found, list) else []


def _objects(of: Any, key: str) -> list[_Json]:
    return [each for each in _list(of, key) if isinstance(each, dict)]


def _texts(of: Any, key: str) -> list[str]:
    return [each for each in _list(of, key) if isinstance(each, str) and each]


def _at(of: Any, *keys: str) -> Any:
    for key in keys:
        of = of.get(key) if isinstance(of, dict) else None
    return of


def _text(of: Any, *keys: str) -> str:
    found = _at(of, *keys)
    return found if isinstance(found, str) else ""


def _is(value: Any, *wanted: str) -> bool:
    return isinstance(value, str) and value.lower() in wanted


def _services(document: _Json) -> Iterator[_Json]:
    for operation, key in (
        ("DescribeVpcEndpointServiceConfigurations", "ServiceConfigurations"),
        ("DescribeVpcEndpointServices", "ServiceDetails"),
    ):
        for each in _objects(_answer(document, operation), key):
            if each.get("ServiceName") == SERVICE_NAME:
                yield each


def _any_service(claim: Callable[[_Json], bool]) -> Truth:
    return lambda document: any(map(claim, _services(document)))


def _balancers(document: _Json) -> list[_Json]:
    own = _objects(_answer(document, "DescribeVpcEndpointServiceConfigurations"), "ServiceConfigurations")
    if not any(each.get("ServiceName") == SERVICE_NAME for each in own):
        return []  # AWS shows them only to the owner
    found = _objects(_answer(document, "DescribeLoadBalancers"), "LoadBalancers")
    return [each for each in found if each.get("LoadBalancerArn") == NLB]


def _any_balancer(claim: Callable[[_Json], bool]) -> Truth:
    return lambda document: any(map(claim, _balancers(document)))


def _stores(document: _Json) -> list[Any]:
    return _list(_answer(document, "DescribeCustomKeyStores"), "CustomKeyStores")


def _own(document: _Json) -> Iterator[_Json]:
    return (each for each in _stores(document) if _at(each, "CustomKeyStoreId") == STORE_ID)


def _others(document: _Json) -> list[Any]:
    return [each for each in _stores(document) if _at(each, "CustomKeyStoreId") != STORE_ID]


def _all_readable(entries: list[Any], *keys: str) -> bool:
    return all(isinstance(_at(each, key), str) and _at(each, key) for each in entries for key in keys)


def _principals(document: _Json) -> list[Any]:
    return [
        _at(each, "Principal")
        for each in _list(_answer(document, "DescribeVpcEndpointServicePermissions"), "AllowedPrincipals")
    ]


def _two_zones(document: _Json) -> bool:
    def offered(service: _Json) -> bool:
        return max(len({*_texts(service, k)}) for k in ("AvailabilityZoneIds", "AvailabilityZones")) > 1

    return any(map(offered, _services(document)))


def _table_of(subnet: str, document: _Json) -> _Json | None:
    tables = _objects(_answer(document, "DescribeRouteTables"), "RouteTables")
    own = [t for t in tables if any(a.get("SubnetId") == subnet for a in _objects(t, "Associations"))]
    main = [t for t in tables if any(a.get("Main") is True for a in _objects(t, "Associations"))]
    return next(iter([*own, *main]), None)


def _private(subnet: str, document: _Json) -> bool:
    table = _table_of(subnet, document)
    if table is None or not isinstance(table.get("Routes"), list):
        return False
    return not any(
        str(route.get("GatewayId", "")).startswith("igw-") and route.get("State") != "blackhole"
        for route in _objects(table, "Routes")
        if isinstance(route.get("DestinationCidrBlock"), str)
    )


def _subnets(document: _Json) -> set[str]:
    zones = [z for b in _balancers(document) for z in _objects(b, "AvailabilityZones")]
    return {_text(zone, "SubnetId") for zone in zones} - {""}


def _private_subnets(document: _Json) -> bool:
    used = _subnets(document)
    zones = {
        _text(each, "AvailabilityZoneId") or _text(each, "AvailabilityZone")
        for each in _objects(_answer(document, "DescribeSubnets"), "Subnets")
        if _text(each, "SubnetId") in used and _private(each["SubnetId"], document)
    }
    return len(zones - {""}) > 1


def _targets(document: _Json) -> list[_Json]:
    return _objects(_answer(document, "DescribeTargetHealth"), "TargetHealthDescriptions")


def _id_and_port(target: _Json) -> tuple[Any, Any]:
    return _at(target, "Target", "Id"), repr(_at(target, "Target", "Port"))


def _healthy(document: _Json) -> list[_Json]:
    return [
        each
        for each in _targets(document)
        if _at(each, "TargetHealth", "State") == "healthy" and isinstance(_id_and_port(each)[0], str)
    ]


def _attribute(document: _Json, operation: str, key: str) -> list[Any]:
    found = _objects(_answer(document, operation), "Attributes")
    return [each.get("Value") for each in found if each.get("Key") == key]


def _each_zone_served(document: _Json) -> bool:
    key = "load_balancing.cross_zone.enabled"
    settings = [
        v
        for op in ("DescribeTargetGroupAttributes", "DescribeLoadBalancerAttributes")
        for v in _attribute(document, op, key)
    ]
    crosses = any(_is(value, "true") for value in settings)
    served = {_text(each, "Target", "AvailabilityZone") for each in _healthy(document)}
    zones = [z for b in _balancers(document) for z in _objects(b, "AvailabilityZones")]
    return bool(served) and all(
        crosses or "all" in served or {_text(zone, "ZoneName"), _text(zone, "ZoneId")} & (served - {""})
        for zone in zones
    )


def _routed(document: _Json) -> bool:
    """Each subnet of the load balancer has a route to each IPv4 target."""
    hosts = [_network(f"{_id_and_port(each)[0]}/32") for each in _targets(document)]
    addresses = [host.network_address for host in hosts if host is not None]
    return all(_reaches(subnet, address, document) for subnet in _subnets(document) for address in addresses)


def _network(value: Any) -> ipaddress.IPv4Network | None:
    """The IPv4 range in a text. Numbers and booleans are rejected, although ipaddress would accept them."""
    try:
        return ipaddress.IPv4Network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        return None


def _reaches(subnet: str, address: ipaddress.IPv4Address, document: _Json) -> bool:
    table = _table_of(subnet, document)
    matching: list[tuple[int, bool]] = []
    for route in _objects(table, "Routes"):
        network = _network(route.get("DestinationCidrBlock"))
        if network is not None and address in network:
            matching.append((network.prefixlen, route.get("State") != "blackhole"))
    longest = max((length for length, _ in matching), default=None)
    return any(alive for length, alive in matching if length == longest)


def _forwards(document: _Json) -> bool:
    for each in _objects(_answer(document, "DescribeListeners"), "Listeners"):
        actions = _objects(each, "DefaultActions")
        groups = [a.get("TargetGroupArn") for a in actions]
        groups += [
            g.get("TargetGroupArn") for a in actions for g in _objects(a.get("ForwardConfig"), "TargetGroups")
        ]
        is_443 = each.get("Port") == 443 and not isinstance(each["Port"], bool)
        if is_443 and _is(each.get("Protocol"), "tcp", "tls", "tcp_udp") and any(map(_is_text, groups)):
            return True
    return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _admits(document: _Json) -> bool:
    balancers = _balancers(document)
    if any(b.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic") == "off" for b in balancers):
        return True
    if any(not b.get("SecurityGroups") for b in balancers):
        return True
    rules = [
        rule
        for group in _objects(_answer(document, "DescribeSecurityGroups"), "SecurityGroups")
        for rule in _objects(group, "IpPermissions")
    ]
    return any(map(_admits_all_addresses, rules))


def _admits_all_addresses(rule: _Json) -> bool:
    low, high = rule.get("FromPort"), rule.get("ToPort")
    everything = _is(rule.get("IpProtocol"), "-1", "all")
    ranged = isinstance(low, int) and isinstance(high, int) and low <= 443 <= high
    on_443 = _is(rule.get("IpProtocol"), "tcp", "6") and ranged
    anywhere = any(each.get("CidrIp") == "0.0.0.0/0" for each in _objects(rule, "IpRanges"))
    return anywhere and (everything or on_443)


def _group_is_ip_and_tcp(document: _Json) -> bool:
    return any(
        each.get("TargetType") == "ip" and _is(each.get("Protocol"), "tcp", "tls")
        for each in _objects(_answer(document, "DescribeTargetGroups"), "TargetGroups")
    )


def _resolves(document: _Json) -> bool:
    return all(
        _at(_answer(document, "DescribeVpcAttribute", Attribute=attribute), key, "Value") is True
        for attribute, key in (
            ("enableDnsSupport", "EnableDnsSupport"),
            ("enableDnsHostnames", "EnableDnsHostnames"),
        )
    )


def _does_not_overlap(document: _Json) -> bool:
    """No range of the VPC overlaps with the data centre's 192.168.0.0/16."""
    data_centre = ipaddress.IPv4Network("192.168.0.0/16")
    for vpc in _objects(_answer(document, "DescribeVpcs"), "Vpcs"):
        for block in _objects(vpc, "CidrBlockAssociationSet"):
            if _at(block, "CidrBlockState", "State") != "associated":
                continue
            network = _network(block.get("CidrBlock"))
            if network is not None and network.overlaps(data_centre):
                return False
    return True


def _name_is_unique(document: _Json) -> bool:
    found = _list(_answer(document, "DescribeVpcEndpointServiceConfigurations"), "ServiceConfigurations")
    names = [service.get("PrivateDnsName") for service in _services(document)]
    ids = {repr(_at(each, "ServiceId")) for each in found if _same_as_any(_at(each, "PrivateDnsName"), names)}
    return len(ids) <= 1


def _same_as_any(one: Any, names: list[Any]) -> bool:
    return any(_same_name(one, name) for name in names)


def _same_name(one: Any, other: Any) -> bool:
    both = isinstance(one, str) and isinstance(other, str)
    return both and one.rstrip(".").lower() == other.rstrip(".").lower()


def _zones_offered(document: _Json) -> bool:
    named = {_text(z, "ZoneName") for b in _balancers(document) for z in _objects(b, "AvailabilityZones")} - {
        ""
    }
    return any(named <= {*_texts(service, "AvailabilityZones")} for service in _services(document))


def _is_of_type(service: _Json) -> bool:
    types = [each.get("ServiceType") for each in _objects(service, "ServiceType")]
    has_balancer = "NetworkLoadBalancerArns" not in service or bool(
        _texts(service, "NetworkLoadBalancerArns")
    )
    return "Interface" in types and has_balancer and not _texts(service, "GatewayLoadBalancerArns")


def _endpoints(document: _Json) -> set[str]:
    """All endpoints that the key store may have: the test's own, and those in its configuration."""
    configured = [_at(each, "XksProxyConfiguration", "UriEndpoint") for each in _own(document)]
    return {f"https://{HOST}", *(each for each in configured if isinstance(each, str))}


def _name_matches(document: _Json) -> bool:
    hosts = [endpoint.removeprefix("https://") for endpoint in _endpoints(document)]
    names = [service.get("PrivateDnsName") for service in _services(document)]
    matches = any(_same_name(name, host) for name in names for host in hosts)
    # Without a configured endpoint, the endpoint is the service's private DNS name.
    return matches or not any(_at(each, "XksProxyConfiguration", "UriEndpoint") for each in _own(document))


TRUTHS: dict[str, Truth] = {
    "endpoint-service-exists": _any_service(
        lambda s: "ServiceState" not in s or _is(s["ServiceState"], "available")
    ),
    "endpoint-service-offers-ipv4": _any_service(
        lambda s: any(_is(each, "ipv4") for each in _texts(s, "SupportedIpAddressTypes"))
    ),
    "acceptance-is-not-required": _any_service(lambda s: s.get("AcceptanceRequired") is False),
    "service-uses-a-network-load-balancer": _any_service(_is_of_type),
    "kms-is-an-allowed-principal": lambda d: bool(
        {"*", _PRINCIPAL} & {p for p in _principals(d) if _is_text(p)}
    ),
    "allowed-principals-are-minimal": lambda d: all(
        _is_text(each) and (each == _PRINCIPAL or ":" in each) for each in _principals(d)
    ),
    "two-availability-zones": _two_zones,
    "subnets-are-private": _private_subnets,
    "private-dns-name-matches-the-endpoint": _name_matches,
    "private-dns-name-is-unique-in-the-region": _name_is_unique,
    "domain-is-verified": _any_service(
        lambda s: (
            _is(_at(s, "PrivateDnsNameConfiguration", "State"), "verified")
            or _is(s.get("PrivateDnsNameVerificationState"), "verified")
        )
    ),
    "load-balancer-is-active": _any_balancer(lambda b: _is(_at(b, "State", "Code"), "active")),
    "load-balancer-has-ipv4": _any_balancer(lambda b: _is(b.get("IpAddressType"), "ipv4", "dualstack")),
    "load-balancer-is-internal": _any_balancer(lambda b: b.get("Scheme") == "internal"),
    "listener-forwards-443": _forwards,
    "load-balancer-admits-privatelink-traffic": _admits,
    "two-targets-are-healthy": lambda d: len({_id_and_port(each) for each in _healthy(d)}) > 1,
    "two-targets-are-registered": lambda d: len({_id_and_port(each) for each in _targets(d)}) > 1,
    "every-zone-has-a-healthy-target": _each_zone_served,
    "network-routes-reach-every-target": _routed,
    "proxy-protocol-is-off": lambda d: any(
        _is(v, "false") for v in _attribute(d, "DescribeTargetGroupAttributes", "proxy_protocol_v2.enabled")
    ),
    "target-group-is-ip-tcp-443": _group_is_ip_and_tcp,
    "vpc-resolves-dns-names": _resolves,
    "vpc-does-not-overlap-the-data-centre": _does_not_overlap,
    "endpoint-service-offers-every-load-balancer-zone": _zones_offered,
    "key-store-is-connected": lambda d: any(each.get("ConnectionState") == "CONNECTED" for each in _own(d)),
    "key-store-quota-has-room": lambda d: len(_stores(d)) < 10,
    "key-store-name-is-free": lambda d: all(_at(each, "CustomKeyStoreName") != "bank" for each in _others(d)),
    "proxy-address-is-unused": lambda d: (
        not any(_at(each, "XksProxyConfiguration", "UriEndpoint") == f"https://{HOST}" for each in _others(d))
    ),
    "endpoint-service-is-unused": lambda d: (
        not any(
            _at(each, "XksProxyConfiguration", "VpcEndpointServiceName") == SERVICE_NAME
            for each in _others(d)
        )
    ),
    "credential-is-the-one-kms-holds": lambda d: any(
        _at(each, "XksProxyConfiguration", "AccessKeyId") == "ABCDEFGHIJKLMNOPQRST" for each in _own(d)
    ),
}
