import socket
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Ether

from simulator.faults import Fault
from simulator.network.forwarding import REORDER_HOLD_NS, Forwarding
from simulator.network.link_plan import forwarding_of
from simulator.scenario.reader import read_scenario

AGENT, REGION, NODE, BACKEND, INSIDE = "10.77.0.2", "10.78.1.11", "10.78.2.11", "10.78.3.11", "10.76.0.1"
MS = 1_000_000


class Half(Random):
    """A random source that always returns 0.5."""

    def random(self) -> float:
        return 0.5


def a_link(node: dict[str, object] | None = None, **region: object) -> Forwarding:
    document = {
        "regions": {"r": {"rtt": "20ms", **region}},
        "nodes": [{"name": "n", "zone": "a", **(node or {})}],
        "backends": [{"name": "p", "zone": "a", "rtt": {"out": "1ms", "back": "3ms"}}],
    }
    return forwarding_of(read_scenario("mine", document), Half())


def ping(source: str, destination: str, sequence: int = 1) -> bytes:
    return bytes(Ether() / IP(src=source, dst=destination) / ICMP(id=7, seq=sequence))


def tcp(source: str, destination: str, *, from_port: int = 5, to_port: int = 443) -> bytes:
    return bytes(Ether() / IP(src=source, dst=destination) / TCP(sport=from_port, dport=to_port, flags="S"))


def test_each_direction_takes_half_of_the_round_trip() -> None:
    link = a_link()
    (out,) = link.from_agent(ping(AGENT, REGION), now_ns=100 * MS)
    (back,) = link.from_simulation(ping(REGION, AGENT), now_ns=110 * MS)
    assert (out.due_ns, out.is_return, out.kind, out.sequence) == (110 * MS, False, "icmp", 1)
    assert (back.due_ns, back.is_return, back.host) == (120 * MS, True, socket.inet_aton(REGION))


def test_jitter_adds_at_most_half_of_itself_per_direction() -> None:
    (out,) = a_link(jitter="4ms").from_agent(ping(AGENT, REGION), now_ns=0)
    assert out.due_ns == 11 * MS  # 10 ms, and half of the 2 ms of jitter in this direction


@pytest.mark.parametrize(("share", "copies"), [(0.5, 1), (0.51, 0)], ids=["at the draw", "above it"])
def test_the_configured_share_of_frames_is_lost(share: float, copies: int) -> None:
    assert len(a_link(loss=share).from_agent(ping(AGENT, REGION), now_ns=0)) == copies


@pytest.mark.parametrize(("share", "copies"), [(0.5, 1), (0.51, 2)], ids=["at the draw", "above it"])
def test_a_duplicated_frame_is_sent_twice(share: float, copies: int) -> None:
    assert len(a_link(duplicate=share).from_agent(ping(AGENT, REGION), now_ns=0)) == copies


def test_a_reordered_reply_is_overtaken_and_delays_no_other() -> None:
    link = a_link(reorder=1)
    (held,) = link.from_simulation(ping(REGION, AGENT, 1), now_ns=0)
    assert held.due_ns == 10 * MS + REORDER_HOLD_NS


@given(st.lists(st.integers(0, 5 * MS), min_size=2, max_size=20), st.integers())
def test_jitter_never_reorders(gaps_ns: list[int], seed: int) -> None:
    document = {"regions": {"r": {"rtt": "20ms", "jitter": "30ms"}}}
    link = forwarding_of(read_scenario("mine", document), Random(seed))
    now_ns, dues = 0, []
    for gap_ns in gaps_ns:
        now_ns += gap_ns
        (due,) = link.from_agent(ping(AGENT, REGION), now_ns)
        dues.append(due.due_ns)
    assert dues == sorted(dues)


def test_a_host_that_is_not_in_the_scenario_is_silent() -> None:
    link = a_link()
    assert link.from_agent(ping(AGENT, "10.78.1.12"), now_ns=0) == ()
    assert link.from_simulation(ping("10.78.1.12", AGENT), now_ns=0) == ()
    assert link.from_agent(b"not a frame", now_ns=0) == ()


@pytest.mark.parametrize(
    ("fault", "pings", "connects"), [("dead", 0, 0), ("silent", 1, 0), ("refused", 1, 1)]
)
def test_a_fault_drops_the_right_frames(fault: str, pings: int, connects: int) -> None:
    link = a_link(fault=fault)
    assert len(link.from_agent(ping(AGENT, REGION), now_ns=0)) == pings
    assert len(link.from_agent(tcp(AGENT, REGION), now_ns=0)) == connects


def test_a_node_has_the_delay_of_the_backend_and_is_recorded_under_its_own_address() -> None:
    link = a_link()
    (out,) = link.from_agent(tcp(AGENT, NODE), now_ns=0)
    (back,) = link.from_simulation(tcp(BACKEND, INSIDE, from_port=443, to_port=5), now_ns=0)
    assert (out.due_ns, back.due_ns) == (1 * MS, 3 * MS)
    assert out.host == back.host == socket.inet_aton(NODE)
    assert out.port == back.port == 5
    assert Ether(out.frame)[IP].dst == BACKEND


def test_a_node_uses_its_own_delay_if_set() -> None:
    (out,) = a_link(node={"rtt": "8ms"}).from_agent(tcp(AGENT, NODE), now_ns=0)
    assert out.due_ns == 4 * MS


@pytest.mark.parametrize("victim", [NODE, BACKEND])
def test_a_connection_through_a_node_needs_node_and_backend(victim: str) -> None:
    link = a_link()
    link.set_fault(socket.inet_aton(victim), Fault.DEAD)
    assert link.from_agent(tcp(AGENT, NODE), now_ns=0) == ()
    assert link.from_simulation(tcp(BACKEND, INSIDE, from_port=443), now_ns=0) == ()
    link.set_fault(socket.inet_aton(victim), Fault.ALIVE)
    assert len(link.from_agent(tcp(AGENT, NODE), now_ns=0)) == 1


def test_a_load_balancer_does_not_answer_pings() -> None:
    assert a_link().from_agent(ping(AGENT, NODE), now_ns=0) == ()


def test_a_delay_can_change_while_the_link_runs() -> None:
    link = a_link(jitter="4ms")
    link.set_rtt(socket.inet_aton(REGION), 0.1)
    (out,) = link.from_agent(ping(AGENT, REGION), now_ns=0)
    assert out.due_ns == 51 * MS


def test_a_loss_can_begin_and_end_while_the_link_runs() -> None:
    link = a_link()
    for share, copies in ((0.51, 0), (0.0, 1)):
        link.set_loss(socket.inet_aton(REGION), share)
        frames = link.from_agent(ping(AGENT, REGION), now_ns=0)
        assert [frame.due_ns for frame in frames] == [10 * MS] * copies, "the delay stays"
