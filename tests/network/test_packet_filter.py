"""The filter of raw sockets, run by the kernel itself: over a datagram of a Unix socket, which needs no rights."""

import socket
from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from probe.network import packet_filter

pytestmark = pytest.mark.loopback

OURS = 0x1234
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
        """Whether the kernel delivers ``packet``, and then all of it. It decides within `send`."""
        self.sender.send(packet)
        try:
            assert self.receiver.recv(65536) == packet
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def ours() -> Iterator[Filtered]:
    filtered = Filtered()
    packet_filter.attach(filtered.receiver, packet_filter.ours(OURS))
    with filtered.sender, filtered.receiver:
        yield filtered


def header(words: int = 5, protocol: int = 1) -> bytes:
    """An IP header of ``words`` times four bytes."""
    options = b"\x01" * (words - 5) * 4  # no operation
    return bytes([0x40 | words]) + bytes(8) + bytes([protocol]) + bytes(10) + options


def echo(identifier: int, kind: int = 0) -> bytes:
    return bytes([kind, 0, 0, 0]) + identifier.to_bytes(2, "big") + bytes([0, 9])


def error(kind: int, quoted: bytes) -> bytes:
    return header() + bytes([kind]) + bytes(7) + quoted


def test_only_replies_with_our_identifier_pass(ours: Filtered) -> None:
    others = (0, OURS - 1, OURS + 1, 0x3412, 0xFFFF)
    assert ours.passes(header() + echo(OURS))
    assert not any(ours.passes(header() + echo(identifier)) for identifier in others)


def test_other_kinds_with_our_identifier_do_not_pass(ours: Filtered) -> None:
    passed = {kind for kind in range(256) if ours.passes(header() + echo(OURS, kind))}
    assert passed == {0}  # a request to ourselves (8) is not an answer


def test_of_the_errors_about_our_request_three_kinds_pass(ours: Filtered) -> None:
    request = header() + echo(OURS, kind=8)
    passed = {kind for kind in range(256) if ours.passes(error(kind, request))}
    assert passed == {3, 11, 12}  # unreachable, time exceeded, parameter problem


@pytest.mark.parametrize(
    "quoted",
    [
        header() + echo(OURS + 1, kind=8),
        header() + echo(OURS, kind=0),
        header(protocol=17) + echo(OURS, kind=8),
    ],
    ids=["another's request", "a reply of ours", "UDP"],
)
def test_errors_about_anything_else_do_not_pass(ours: Filtered, quoted: bytes) -> None:
    assert not ours.passes(error(3, quoted))


@pytest.mark.parametrize("words", [5, 6, 15], ids=["no options", "one option", "as many as fit"])
def test_options_of_either_header_move_what_is_looked_at(ours: Filtered, words: int) -> None:
    assert ours.passes(header(words) + echo(OURS))
    assert ours.passes(error(3, header(words) + echo(OURS, kind=8)))
    assert not ours.passes(error(3, header(words) + echo(OURS + 1, kind=8)))


@pytest.mark.parametrize(
    ("packet", "needed"),
    [(header() + echo(OURS), REPLY_BYTES), (error(3, header() + echo(OURS, kind=8)), ERROR_BYTES)],
    ids=["reply", "error"],
)
def test_what_is_cut_before_its_identifier_does_not_pass(ours: Filtered, packet: bytes, needed: int) -> None:
    passed = [length for length in range(1, len(packet) + 1) if ours.passes(packet[:length])]
    assert passed == list(range(needed, len(packet) + 1))


def test_packets_that_another_builder_made_are_judged_alike(ours: Filtered) -> None:
    request = IP(src="127.0.0.1", dst="127.0.0.9") / ICMP(id=OURS, seq=9)
    assert ours.passes(bytes(IP(dst="127.0.0.1") / ICMP(type=0, id=OURS)))
    assert ours.passes(bytes(IP(dst="127.0.0.1") / ICMP(type=3, code=1) / request))
    assert not ours.passes(bytes(IP(dst="127.0.0.1") / ICMP(type=3, code=3) / IP() / UDP(dport=53)))


def test_the_filter_for_nothing_passes_nothing() -> None:
    filtered = Filtered()
    with filtered.sender, filtered.receiver:
        assert filtered.passes(header() + echo(OURS))
        packet_filter.attach(filtered.receiver, packet_filter.NOTHING)
        assert not filtered.passes(header() + echo(OURS))
