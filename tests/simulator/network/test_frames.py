import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

from simulator.network.frames import Packet, checksum, parse_frame, readdress_tcp

HEAD = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
A, B = "10.77.0.2", "10.78.1.11"


def built(packet: object) -> bytes:
    return bytes(HEAD / packet)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (IP(src=A, dst=B) / ICMP(id=7, seq=9), ("icmp", 34, 0, 0, 7, 9)),
        (IP(src=A, dst=B) / ICMP(type=0, id=7, seq=9) / b"x", ("icmp", 34, 0, 0, 7, 9)),
        (IP(src=A, dst=B) / ICMP(type=3), ("other", 34, 0, 0, 0, 0)),
        (IP(src=A, dst=B) / TCP(sport=5, dport=443, flags="S"), ("tcp-syn", 34, 5, 443, 0, 0)),
        (IP(src=A, dst=B) / TCP(sport=5, dport=443, flags="A") / b"x", ("tcp", 34, 5, 443, 0, 0)),
        (IP(src=A, dst=B) / UDP(sport=5, dport=53), ("udp", 34, 5, 53, 0, 0)),
        (IP(src=A, dst=B, frag=1) / UDP(sport=5, dport=53), ("other", 34, 0, 0, 0, 0)),
        (IP(src=A, dst=B, proto=47) / b"12345678", ("other", 34, 0, 0, 0, 0)),
    ],
    ids=["request", "reply", "unreachable", "syn", "ack", "dns", "later fragment", "another protocol"],
)
def test_the_facts_of_a_frame(packet: object, expected: tuple[str, int, int, int, int, int]) -> None:
    kind, *numbers = expected
    assert parse_frame(built(packet)) == Packet(kind, socket.inet_aton(A), socket.inet_aton(B), *numbers)


def test_frames_other_than_ipv4_are_not_packets() -> None:
    assert parse_frame(built(ARP())) is None
    assert parse_frame(b"") is None


@given(st.binary(max_size=80))
def test_any_bytes_are_parsed_or_none(data: bytes) -> None:
    for frame in (data, b"\0" * 12 + b"\x08\x00\x45" + data):
        packet = parse_frame(frame)
        assert packet is None or packet.kind in {"icmp", "tcp", "tcp-syn", "udp", "other"}


ADDRESSES = st.binary(min_size=4, max_size=4)


@given(ADDRESSES, ADDRESSES, ADDRESSES, ADDRESSES, st.binary(max_size=61))
def test_a_readdressed_frame_has_the_checksums_that_scapy_computes(
    source: bytes, destination: bytes, other_source: bytes, other_destination: bytes, data: bytes
) -> None:
    def tcp(src: bytes, dst: bytes) -> bytes:
        return built(
            IP(src=socket.inet_ntoa(src), dst=socket.inet_ntoa(dst)) / TCP(sport=9, dport=443) / data
        )

    frame = tcp(source, destination)
    packet = parse_frame(frame)
    assert packet is not None
    assert readdress_tcp(frame, packet, other_source, other_destination) == tcp(
        other_source, other_destination
    )


def test_a_header_with_its_correct_checksum_sums_to_zero() -> None:
    assert checksum(built(IP(src=A, dst=B) / ICMP())[14:34]) == 0
