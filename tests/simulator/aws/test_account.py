import ipaddress
from typing import Any

import pytest

from simulator.aws.account import EVERY_ZONE, AccountPlan, Zone, plan_account
from simulator.scenario.addressing import assign_addresses
from simulator.scenario.reader import read_scenario

ZONES = tuple(
    Zone(name=f"eu-central-1{letter}", id=f"euc1-az{n}") for n, letter in ((2, "a"), (3, "b"), (1, "c"))
)
BACKENDS = [
    {"name": "p-1", "zone": "euc1-az1", "rtt": "4ms"},
    {"name": "p-2", "zone": "euc1-az2", "rtt": "5ms"},
]


def plan(nodes: list[dict[str, Any]], *, block: int | None = None, **more: Any) -> AccountPlan:
    scenario = read_scenario("mine", {"nodes": nodes, "backends": BACKENDS, **more})
    return plan_account(scenario, assign_addresses(scenario, reduced_block=block), ZONES)


def two_nodes(*zones: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": f"n-{n}", "zone": zone, **more} for n, zone in enumerate(zones, 1)]


def test_zones_are_matched_by_their_ids() -> None:
    made = plan(two_nodes("euc1-az1", "euc1-az2"))
    assert [(node.address, node.zone) for node in made.nodes] == [
        ("10.78.2.11", "eu-central-1c"),
        ("10.78.2.12", "eu-central-1a"),
    ]
    assert [(t.address, t.port, t.zone) for t in made.targets] == [
        ("10.78.3.11", 443, "eu-central-1c"),
        ("10.78.3.12", 443, "eu-central-1a"),
    ]
    assert [zone.id for zone in made.zones] == ["euc1-az1", "euc1-az2"]


def test_other_zone_labels_get_the_free_zones() -> None:
    made = plan(two_nodes("left", "euc1-az3", "right", "eu-central-1a"))
    assert [node.zone for node in made.nodes] == [
        "eu-central-1c",
        "eu-central-1b",
        "eu-central-1c",  # a Region has no more of them
        "eu-central-1a",
    ]
    assert list(made.subnets) == ["eu-central-1c", "eu-central-1b", "eu-central-1a"]


def test_a_proxy_without_a_zone_is_registered_for_all_zones() -> None:
    made = plan(two_nodes("euc1-az1"), backends=[{"name": "p-3", "rtt": "1ms"}])
    assert [target.zone for target in made.targets] == [EVERY_ZONE]


@pytest.mark.parametrize("block", [None, 7])
def test_the_vpc_has_every_node_and_proxy_and_not_the_key_manager(block: int | None) -> None:
    made = plan(
        two_nodes("euc1-az1", "euc1-az2"),
        block=block,
        key_managers=[{"name": "hsm-1", "rtt": "1ms"}],
    )
    ranges = [ipaddress.ip_network(each) for each in made.ranges]
    hosts = [each.address for each in (*made.nodes, *made.targets)]
    assert all(any(ipaddress.ip_address(host) in each for each in ranges) for host in hosts)
    (beyond,) = made.beyond
    assert not any(ipaddress.ip_network(beyond).overlaps(each) for each in ranges)
    for subnet in made.subnets.values():
        network = ipaddress.ip_network(subnet)
        assert network.subnet_of(ranges[0])  # type: ignore[arg-type]  # both are IPv4
        assert ipaddress.ip_address("10.77.0.2") not in network


@pytest.mark.parametrize(
    ("nodes", "crosses"),
    [
        (two_nodes("euc1-az1", "euc1-az2"), False),
        (two_nodes("euc1-az1", "euc1-az2", cross_zone=True), True),
        (two_nodes("euc1-az1", cross_zone=True), False),
    ],
    ids=["own zones", "all zones", "one zone"],
)
def test_cross_zone_is_on_if_each_node_forwards_to_all_backends(
    nodes: list[dict[str, Any]], crosses: bool
) -> None:
    assert plan(nodes).cross_zone is crosses
