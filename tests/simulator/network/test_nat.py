import socket

from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Ether

from simulator.network.frames import Packet, parse_frame
from simulator.network.nat import Nat, NodeAddresses, Translated

AGENT, NODE, INSIDE = "10.77.0.2", "10.78.2.11", "10.76.0.1"
BACKENDS = ("10.78.3.11", "10.78.3.12")


def packed(address: str) -> bytes:
    return socket.inet_aton(address)


def a_nat(backends: tuple[str, ...] = BACKENDS, max_flows: int = 10) -> Nat:
    node = NodeAddresses(
        outside=packed(NODE), inside=packed(INSIDE), backends=tuple(packed(each) for each in backends)
    )
    return Nat(packed(AGENT), (node,), max_flows)


def outward(nat: Nat, port: int, *, flags: str = "S", to_port: int = 443) -> Translated | None:
    frame = bytes(Ether() / IP(src=AGENT, dst=NODE) / TCP(sport=port, dport=to_port, flags=flags))
    return nat.outward(parsed(frame), frame)


def parsed(frame: bytes) -> Packet:
    packet = parse_frame(frame)
    assert packet is not None
    return packet


def backend(translated: Translated | None) -> str:
    assert translated is not None
    return socket.inet_ntoa(translated.backend)


def test_flows_are_distributed_round_robin_and_keep_their_backend() -> None:
    nat = a_nat()
    first_choices = [backend(outward(nat, port)) for port in (1, 2, 3)]
    repeated = [backend(outward(nat, port, flags=flags)) for port in (1, 2, 3) for flags in ("S", "A", "F")]
    assert first_choices == [BACKENDS[0], BACKENDS[1], BACKENDS[0]]
    assert repeated == [each for each in first_choices for _ in range(3)]  # even for a repeated SYN


def test_a_backend_sees_the_inside_of_the_node_and_the_client_sees_the_node() -> None:
    nat = a_nat()
    sent = outward(nat, 5)
    assert sent is not None
    to_backend = Ether(sent.frame)
    assert (to_backend[IP].src, to_backend[IP].dst, to_backend[TCP].sport) == (INSIDE, BACKENDS[0], 5)
    reply = bytes(Ether() / IP(src=BACKENDS[0], dst=INSIDE) / TCP(sport=443, dport=5, flags="SA"))
    back = nat.homeward(parsed(reply), reply)
    assert back is not None
    to_client = Ether(back.frame)
    assert (to_client[IP].src, to_client[IP].dst, to_client[TCP].dport) == (NODE, AGENT, 5)
    assert (back.node, back.backend) == (packed(NODE), packed(BACKENDS[0]))


def test_a_node_forwards_only_to_its_listener_port() -> None:
    nat = a_nat()
    ping = bytes(Ether() / IP(src=AGENT, dst=NODE) / ICMP())
    assert nat.outward(parsed(ping), ping) is None
    assert outward(nat, 5, to_port=80) is None
    assert outward(a_nat(backends=()), 5) is None


def test_the_oldest_flow_is_dropped_at_the_limit_and_not_before() -> None:
    at_limit, over = a_nat(max_flows=3), a_nat(max_flows=3)
    for port in (1, 2, 3):
        outward(at_limit, port)
    for port in (1, 2, 3, 4):
        outward(over, port)
    assert backend(outward(at_limit, 1, flags="A")) == BACKENDS[0]  # remembered
    assert backend(outward(over, 2, flags="A")) == BACKENDS[1]  # remembered
    # The first flow was dropped; the next backend in turn happens to be the same one.
    assert backend(outward(over, 1, flags="A")) == BACKENDS[0]
    assert len(over._flows) == 3
