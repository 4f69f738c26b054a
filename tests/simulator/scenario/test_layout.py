import ipaddress

from simulator.scenario.fields import MOST_ITEMS
from simulator.scenario.layout import WORLD_NETWORK, lay_out
from simulator.scenario.load import load_scenario
from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import Scenario


def full() -> Scenario:
    return read_scenario("mine", {"regions": {f"r-{index}": "1ms" for index in range(MOST_ITEMS)}})


def test_every_host_has_an_address_of_its_own_in_the_world() -> None:
    for scenario in (load_scenario("default"), full()):
        addresses = [endpoint.address for endpoint in lay_out(scenario).endpoints.values()]
        assert len(set(addresses)) == len(addresses)
        network = ipaddress.ip_network(WORLD_NETWORK)
        assert all(ipaddress.ip_address(address) in network for address in addresses)


def test_hosts_use_the_real_ports() -> None:
    layout = lay_out(load_scenario("default"))
    assert layout.endpoints["proxy-1"].port == 443
    assert (layout.address("dns-1"), layout.endpoints["dns-1"].port) == ("10.78.5.53", 53)


def test_an_address_can_be_given() -> None:
    scenario = read_scenario(
        "mine", {"key_managers": [{"name": "h", "rtt": "1ms", "address": "10.78.200.1"}]}
    )
    assert lay_out(scenario).address("h") == "10.78.200.1"


def test_a_reduced_world_lies_on_loopback_with_ports_that_anyone_may_open() -> None:
    endpoints = lay_out(full(), reduced_block=250).endpoints.values()
    assert all(endpoint.address.startswith("127.250.") and endpoint.port > 1024 for endpoint in endpoints)
