"""The filter of raw sockets, run by the kernel on a Unix datagram socket, which needs no privileges."""

import socket
from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from probe.network import packet_filter

pytestmark = pytest.mark.loopback

IDENTIFIER = 0x1234
HEADER_BYTES = 20
# A reply is read up to its identifier, an error up to the identifier of the request that it quotes.
REPLY_BYTES = HEADER_BYTES + 6
ERROR_BYTES = HEADER_BYTES + 8 + HEADER_BYTES + 6


class Filtered:
    """Two ends of a socket; the receiving one has the filter."""

    def __init__(self) -> None:
        self.sender, self.receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.receiver.setblocking(False)

    def passes(self, packet: bytes) -> bool:
        """Whether the kernel delivers the complete ``packet``; it decides during `send`."""
        self.sender.send(packet)
        try:
            assert self.receiver.recv(65536) == packet
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def icmp_filter() -> Iterator[Filtered]:
    filtered = Filtered()
    packet_filter.attach(filtered.receiver, packet_filter.for_identifier(IDENTIFIER))
    with filtered.sender, filtered.receiver:
        yield filtered


def header(words: int = 5, protocol: int = 1) -> bytes:
    """An IP header of ``words`` 32-bit words."""
    options = b"\x01" * (words - 5) * 4  # no operation
    return bytes([0x40 | words]) + bytes(8) + bytes([protocol]) + bytes(10) + options


def echo(identifier: int, kind: int = 0) -> bytes:
    return bytes([kind, 0, 0, 0]) + identifier.to_bytes(2, "big") + bytes([0, 9])


def error(kind: int, quoted: bytes) -> bytes:
    return header() + bytes([kind]) + bytes(7) + quoted


def test_only_replies_with_our_identifier_pass(icmp_filter: Filtered) -> None:
    others = (0, IDENTIFIER - 1, IDENTIFIER + 1, 0x3412, 0xFFFF)
    assert icmp_filter.passes(header() + echo(IDENTIFIER))
    assert not any(icmp_filter.passes(header() + echo(identifier)) for identifier in others)


def test_other_types_with_our_identifier_do_not_pass(icmp_filter: Filtered) -> None:
    passed = {kind for kind in range(256) if icmp_filter.passes(header() + echo(IDENTIFIER, kind))}
    assert passed == {0}  # an echo request (8) is not a reply


def test_three_types_of_errors_about_our_request_pass(icmp_filter: Filtered) -> None:
    request = header() + echo(IDENTIFIER, kind=8)
    passed = {kind for kind in range(256) if icmp_filter.passes(error(kind, request))}
    assert passed == {3, 11, 12}  # unreachable, time exceeded, parameter problem


@pytest.mark.parametrize(
    "quoted",
    [
        header() + echo(IDENTIFIER + 1, kind=8),
        header() + echo(IDENTIFIER, kind=0),
        header(protocol=17) + echo(IDENTIFIER, kind=8),
    ],
    ids=["another program's request", "our own reply", "UDP"],
)
def test_errors_about_anything_else_do_not_pass(icmp_filter: Filtered, quoted: bytes) -> None:
    assert not icmp_filter.passes(error(3, quoted))


@pytest.mark.parametrize("words", [5, 6, 15], ids=["no options", "one option", "as many as fit"])
def test_ip_options_in_either_header_are_skipped(icmp_filter: Filtered, words: int) -> None:
    assert icmp_filter.passes(header(words) + echo(IDENTIFIER))
    assert icmp_filter.passes(error(3, header(words) + echo(IDENTIFIER, kind=8)))
    assert not icmp_filter.passes(error(3, header(words) + echo(IDENTIFIER + 1, kind=8)))


@pytest.mark.parametrize(
    ("packet", "needed"),
    [
        (header() + echo(IDENTIFIER), REPLY_BYTES),
        (error(3, header() + echo(IDENTIFIER, kind=8)), ERROR_BYTES),
    ],
    ids=["reply", "error"],
)
def test_a_packet_truncated_before_its_identifier_does_not_pass(
    icmp_filter: Filtered, packet: bytes, needed: int
) -> None:
    passed = [length for length in range(1, len(packet) + 1) if icmp_filter.passes(packet[:length])]
    assert passed == list(range(needed, len(packet) + 1))


def test_packets_built_by_scapy_get_the_same_result(icmp_filter: Filtered) -> None:
    request = IP(src="127.0.0.1", dst="127.0.0.9") / ICMP(id=IDENTIFIER, seq=9)
    assert icmp_filter.passes(bytes(IP(dst="127.0.0.1") / ICMP(type=0, id=IDENTIFIER)))
    assert icmp_filter.passes(bytes(IP(dst="127.0.0.1") / ICMP(type=3, code=1) / request))
    assert not icmp_filter.passes(bytes(IP(dst="127.0.0.1") / ICMP(type=3, code=3) / IP() / UDP(dport=53)))


def test_the_filter_for_nothing_passes_nothing() -> None:
    filtered = Filtered()
    with filtered.sender, filtered.receiver:
        assert filtered.passes(header() + echo(IDENTIFIER))
        packet_filter.attach(filtered.receiver, packet_filter.NOTHING)
        assert not filtered.passes(header() + echo(IDENTIFIER))
