"""Parsing of AWS responses: no content raises an exception, and a missing field is never read as a value."""

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.model.account import ApiErrorKind, Unavailable
from probe.wire import account as read
from probe.wire import account_network as read_network

_KEYS = st.sampled_from(
    ["ServiceId", "ServiceName", "LoadBalancerArn", "VpcId", "Routes", "Associations", "AvailabilityZones", "State",
     "CustomKeyStoreId", "XksProxyConfiguration", "Target", "TargetHealth", "ListenerArn", "DefaultActions", "Port",
     "ForwardConfig", "TargetGroups", "TargetGroupArn", "Entries", "RouteTableId", "GroupId", "IpPermissions", "Id",
     "Instances", "InstanceId", "SecurityGroups", "Groups", "PrivateIpAddress", "PrivateIpAddresses", "Placement",
     "ServiceType", "PrivateDnsNameConfiguration", "CidrBlock", "CidrBlockAssociationSet", "PortRange", "Key"]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=15,
)
_OBJECT = st.dictionaries(_KEYS, _JSON, max_size=8)
_READERS = (
    read.key_store,
    read.own_service,
    read.consumed_service,
    read.principal,
    read.connection,
    read.load_balancer,
    read.node,
    read.listener,
    read.target_group,
    read.registered_target,
    read_network.vpc,
    read_network.subnet,
    read_network.route_table,
    read_network.network_acl,
    read_network.security_group,
    read_network.instances,
    read_network.interface_hosts,
)


@settings(max_examples=100)
@given(_OBJECT)
def test_any_object_is_parsed_without_an_exception(one: dict[str, object]) -> None:
    for reader in _READERS:
        hash(repr(reader(one)))


@given(_OBJECT)
def test_a_missing_list_is_a_malformed_response(answer: dict[str, object]) -> None:
    found = read.each(answer, "Vpcs", "ec2:DescribeVpcs", read_network.vpc)
    assert isinstance(found, Unavailable)
    assert found.cause is ApiErrorKind.MALFORMED_RESPONSE
    assert isinstance(read_network.vpc_attribute(answer, "EnableDnsSupport"), Unavailable)
    assert isinstance(read.attributes(answer, "x"), Unavailable)
    assert isinstance(read.account_id(answer), Unavailable)


def test_an_unavailable_part_stays_unavailable() -> None:
    missing = Unavailable(call="ec2:DescribeVpcs", because="x")
    assert read.each(missing, "Vpcs", "", read_network.vpc) is missing
    assert read.attributes(missing, "") is missing
    assert read.account_id(missing) is missing
    assert read_network.vpc_attribute(missing, "x") is missing


def test_a_weighted_listener_forwards_to_all_its_groups_once() -> None:
    action = {
        "TargetGroupArn": "a",
        "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}, {"TargetGroupArn": "b"}]},
    }
    found = read.listener({"ListenerArn": "l", "Port": 443, "Protocol": "TCP", "DefaultActions": [action]})
    assert found is not None
    assert found.target_group_arns == ("a", "b")


def test_an_ipv6_route_is_left_out_and_a_blackhole_kept() -> None:
    table = read_network.route_table(
        {
            "RouteTableId": "rtb-1",
            "Routes": [
                {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1"},
                {"DestinationCidrBlock": "10.0.0.0/8", "TransitGatewayId": "tgw-1", "State": "blackhole"},
            ],
        }
    )
    assert table is not None
    assert [(r.destination, r.via, r.state) for r in table.routes] == [("10.0.0.0/8", "tgw-1", "blackhole")]
