import ipaddress

from simulator.scenario.addressing import SIMULATION_NETWORK, assign_addresses
from simulator.scenario.fields import MAX_ITEMS
from simulator.scenario.load import load_scenario
from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import Scenario


def full() -> Scenario:
    return read_scenario("mine", {"regions": {f"r-{index}": "1ms" for index in range(MAX_ITEMS)}})


def test_every_host_has_its_own_address_in_the_simulation() -> None:
    for scenario in (load_scenario("default"), full()):
        addresses = [endpoint.address for endpoint in assign_addresses(scenario).endpoints.values()]
        assert len(set(addresses)) == len(addresses)
        network = ipaddress.ip_network(SIMULATION_NETWORK)
        assert all(ipaddress.ip_address(address) in network for address in addresses)


def test_hosts_use_the_standard_ports() -> None:
    addressing = assign_addresses(load_scenario("default"))
    assert addressing.endpoints["proxy-1"].port == 443
    assert (addressing.address("dns-1"), addressing.endpoints["dns-1"].port) == ("10.78.5.53", 53)


def test_an_address_can_be_configured() -> None:
    scenario = read_scenario(
        "mine", {"key_managers": [{"name": "h", "rtt": "1ms", "address": "10.78.200.1"}]}
    )
    assert assign_addresses(scenario).address("h") == "10.78.200.1"


def test_a_reduced_simulation_uses_loopback_and_unprivileged_ports() -> None:
    endpoints = assign_addresses(full(), reduced_block=250).endpoints.values()
    assert all(endpoint.address.startswith("127.250.") and endpoint.port > 1024 for endpoint in endpoints)


def test_a_reduced_simulation_has_the_standard_ports_if_they_are_asked_for() -> None:
    default = load_scenario("default")
    reduced = assign_addresses(default, reduced_block=7)
    standard = assign_addresses(default, reduced_block=7, standard_ports=True)
    assert {name: each.address for name, each in standard.endpoints.items()} == {
        name: each.address for name, each in reduced.endpoints.items()
    }
    assert {each.port for each in standard.endpoints.values()} == {443, 53}
    assert (reduced.standard_ports, standard.standard_ports) == (False, True)
    assert assign_addresses(default).standard_ports
