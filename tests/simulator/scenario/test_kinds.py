"""Every kind of host, from the file to the agent's configuration; tests/simulator/servers tests the servers."""

import dataclasses
import ipaddress
from collections import Counter
from pathlib import Path

import pytest
from support.network.host_kinds import NAME, document_of

from simulator.faults import Fault
from simulator.scenario.addressing import assign_addresses
from simulator.scenario.agent_configuration import configuration_of
from simulator.scenario.kinds import KINDS, HostKind, every_host, faults_of, host_names, hosts_of
from simulator.scenario.load import load_scenario
from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import AnyHost, Node, Scenario, ScenarioError

FILES = (Path("root.pem"), Path("credential.json"))  # only names: the files are never opened
every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.key for kind in KINDS])


@pytest.mark.parametrize("attribute", ["key", "block"])
def test_no_two_kinds_share_a_key_or_block(attribute: str) -> None:
    values = Counter(getattr(kind, attribute) for kind in KINDS)
    assert [value for value, count in values.items() if count > 1] == []


def test_the_kinds_are_the_host_fields_of_a_scenario() -> None:
    fields = {field.name for field in dataclasses.fields(Scenario)}
    assert {kind.key for kind in KINDS} - fields == set(), "each kind needs a field of Scenario"
    default = load_scenario("default")
    holding = {name for name in fields if _holds_hosts(getattr(default, name))}
    assert holding == {kind.key for kind in KINDS}, "the file that documents the format has each kind"


def _holds_hosts(value: object) -> bool:
    return isinstance(value, tuple) and any(isinstance(each, AnyHost) for each in value)


@every_kind
def test_a_host_is_read_from_a_file(kind: HostKind) -> None:
    scenario = read_scenario("mine", document_of(kind))
    (host,) = hosts_of(scenario, kind)
    assert (type(host), host.name, host.fault) == (kind.holds, NAME, Fault.ALIVE)
    assert list(every_host(scenario)) == [(kind, host)]


@every_kind
def test_a_host_has_the_faults_of_its_kind_and_no_others(kind: HostKind) -> None:
    if kind.holds is Node:  # in a file, a node has its own key for this: dead
        (node,) = hosts_of(read_scenario("mine", document_of(kind, dead=True)), kind)
        assert (node.fault, set(kind.faults)) == (Fault.DEAD, {Fault.ALIVE, Fault.DEAD})
        return
    for fault in Fault:
        document = document_of(kind, fault=fault.value)
        if fault in kind.faults:
            assert hosts_of(read_scenario("mine", document), kind)
        else:
            with pytest.raises(ScenarioError, match="fault: write one of: alive, "):
                read_scenario("mine", document)


@every_kind
def test_a_host_is_in_the_block_of_its_kind_at_the_standard_port(kind: HostKind) -> None:
    endpoint = assign_addresses(read_scenario("mine", document_of(kind))).endpoints[NAME]
    assert (endpoint.address, endpoint.port) == (f"10.78.{kind.block}.{kind.first}", kind.port)
    # The upper half of the network is reserved for addresses that a file sets.
    assert ipaddress.ip_address(endpoint.address) in ipaddress.ip_network("10.78.0.0/17")


@every_kind
def test_a_host_of_a_reduced_simulation_has_an_unprivileged_port(kind: HostKind) -> None:
    endpoint = assign_addresses(read_scenario("mine", document_of(kind)), reduced_block=7).endpoints[NAME]
    assert (endpoint.address, endpoint.port) == (f"127.7.{kind.block}.{kind.first}", kind.reduced_port)
    assert kind.reduced_port > 1024


@every_kind
def test_a_host_has_the_dns_name_of_its_kind_or_none(kind: HostKind) -> None:
    names = host_names(read_scenario("mine", document_of(kind)))
    assert list(names.values()) == ([NAME] if kind.dns_name else [])
    assert all(NAME in name for name in names)


@every_kind
def test_a_host_is_in_the_agents_configuration_section_of_its_kind(kind: HostKind) -> None:
    scenario = read_scenario("mine", document_of(kind))
    addressing = assign_addresses(scenario)
    configuration = configuration_of(scenario, addressing, *FILES)
    filled = [
        section for section in {each.section for each in KINDS if each.section} if configuration[section]
    ]
    assert filled == ([kind.section] if kind.section else [])
    for (entry,) in (configuration[section] for section in filled):
        assert tuple(entry) == kind.agent_keys
        assert NAME in entry.values()
        assert addressing.address(NAME) in entry.values() or f"{NAME}.example.com" in entry.values()


@every_kind
def test_in_a_reduced_simulation_only_hosts_with_a_port_are_configured(kind: HostKind) -> None:
    scenario = read_scenario("mine", document_of(kind))
    section = configuration_of(scenario, assign_addresses(scenario, reduced_block=7), *FILES).get(
        kind.section, []
    )
    assert [entry["port"] for entry in section] == ([kind.reduced_port] if "port" in kind.agent_keys else [])


def test_the_faults_that_a_host_starts_with_are_one_of_each_group_of_its_kind() -> None:
    default = load_scenario("default")
    assert faults_of(default.nodes[1]) == (Fault.DEAD,)
    assert faults_of(default.backends[0]) == (
        Fault.ALIVE,
        Fault.TLS_GOOD,
        Fault.EXPIRES_SOON,
        Fault.HEALTHY,
    )
