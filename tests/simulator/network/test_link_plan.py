import json
import socket
from random import Random

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Ether
from support.network.host_kinds import document_of

from simulator.faults import Fault
from simulator.network.forwarding import Forwarding
from simulator.network.link_plan import forwarding_of, plan_forwarding
from simulator.scenario.kinds import KINDS, HostKind
from simulator.scenario.load import load_scenario
from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import Node, ScenarioError

AGENT = "10.77.0.2"
MS = 1_000_000
TWO_NODES = {
    "nodes": [{"name": "n-1", "zone": "a"}, {"name": "n-2", "zone": "b"}],
    "backends": [{"name": "p-1", "zone": "a", "rtt": "2ms"}, {"name": "p-2", "zone": "b", "rtt": "6ms"}],
}


def ping(address: str) -> bytes:
    return bytes(Ether() / IP(src=AGENT, dst=address) / ICMP())


def connect(address: str) -> bytes:
    return bytes(Ether() / IP(src=AGENT, dst=address) / TCP(sport=5, dport=443, flags="S"))


def outbound_delays_ms(plan: Forwarding, frame: bytes) -> list[float]:
    return [due.due_ns / MS for due in plan.from_agent(frame, now_ns=0)]


# A load balancer node does not answer pings; it has its own tests below.
every_kind = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.holds is not Node], ids=lambda kind: kind.key
)


@every_kind
def test_a_host_of_every_kind_has_its_own_delay_on_the_link(kind: HostKind) -> None:
    plan = forwarding_of(read_scenario("mine", document_of(kind, rtt="6ms")), Random(1))
    assert outbound_delays_ms(plan, ping(f"10.78.{kind.block}.{kind.first}")) == [3.0]


@every_kind
def test_a_host_of_every_kind_has_its_own_fault_on_the_link(kind: HostKind) -> None:
    document = document_of(kind, fault="dead", address="10.78.200.1")
    plan = forwarding_of(read_scenario("mine", document), Random(1))
    assert outbound_delays_ms(plan, ping("10.78.200.1")) == []
    plan.set_fault(socket.inet_aton("10.78.200.1"), Fault.ALIVE)
    assert outbound_delays_ms(plan, ping("10.78.200.1")) == [1.0]


def test_each_node_forwards_to_its_own_backends_from_its_own_inner_address() -> None:
    plan = forwarding_of(read_scenario("mine", TWO_NODES), Random(1))
    frames = [plan.from_agent(connect(node), now_ns=0)[0] for node in ("10.78.2.11", "10.78.2.12")]
    assert [frame.due_ns for frame in frames] == [1 * MS, 3 * MS]
    assert [(Ether(frame.frame)[IP].src, Ether(frame.frame)[IP].dst) for frame in frames] == [
        ("10.76.0.1", "10.78.3.11"),
        ("10.76.0.2", "10.78.3.12"),
    ]


def test_a_dead_node_is_dead_and_the_other_one_is_not() -> None:
    nodes = [{"name": "n-1", "zone": "a", "dead": True}, {"name": "n-2", "zone": "b"}]
    plan = forwarding_of(read_scenario("mine", {**TWO_NODES, "nodes": nodes}), Random(1))
    assert outbound_delays_ms(plan, connect("10.78.2.11")) == []
    assert outbound_delays_ms(plan, connect("10.78.2.12")) == [3.0]


def test_a_scenario_sent_as_json_gives_the_same_link() -> None:
    """The link's process receives the scenario as JSON; with the same seed, it has the same jitter."""
    scenario = load_scenario("default")
    sent = json.loads(json.dumps(scenario.document))
    here, there = forwarding_of(scenario, Random(1)), plan_forwarding("default", sent, Random(1))
    frames = [ping("10.78.1.11"), ping("10.78.4.11"), connect("10.78.2.11"), ping("10.78.9.9")]
    assert [here.from_agent(frame, 0) for frame in frames] == [there.from_agent(frame, 0) for frame in frames]
    assert outbound_delays_ms(here, frames[0])[0] > 4.5  # half of 9 ms, plus jitter


def test_an_invalid_scenario_gives_no_link() -> None:
    with pytest.raises(ScenarioError, match=r"regions\.r\.rtt"):
        plan_forwarding("mine", {"regions": {"r": "2 parsecs"}}, Random(1))
