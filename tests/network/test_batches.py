"""Many packets in one system call: the layouts, and what a kernel makes of them on loopback."""

import errno
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.network import kernel
from probe.network.batches import PACKETS, Packet, Plain, Received, Receiver, Sender, read_control
from probe.network.stamping import StampsKept

HOME = socket.inet_aton("127.0.0.1")


def control(level: int, kind: int, data: bytes) -> bytes:
    return struct.pack("=Qii", 16 + len(data), level, kind) + data + b"\0" * (-len(data) % 8)


def test_control_messages_are_read_one_after_the_other() -> None:
    data = control(1, 37, b"x" * 48) + control(0, 11, b"y" * 5) + control(1, 40, b"drop")
    assert read_control(data) == [(1, 37, b"x" * 48), (0, 11, b"y" * 5), (1, 40, b"drop")]


def test_a_control_message_cut_short_is_left_out() -> None:
    data = control(1, 40, b"drop") + control(1, 37, b"x" * 48)
    assert read_control(data[:-1]) == [(1, 40, b"drop")]


@given(st.binary(max_size=200))
def test_no_bytes_beside_a_packet_raise(data: Any) -> None:
    kernel.read_ancillary(read_control(data))


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two UDP sockets; the second stamps what it receives."""
    kept = StampsKept()
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        for sock in (one, other):
            sock.setblocking(False)
            sock.bind(("127.0.0.1", 0))
        other.setsockopt(
            socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.SOF_RX_SOFTWARE | kernel.SOF_SOFTWARE
        )
        yield one, other
    kept.close()


@pytest.mark.loopback
def test_an_empty_queue_is_no_error(pair: Any) -> None:
    assert Receiver().packets(pair[1]) == []
    assert Receiver().errors(pair[1]) == []


@pytest.mark.loopback
@pytest.mark.parametrize("count", [1, PACKETS - 1, PACKETS, PACKETS + 1])
def test_packets_come_whole_and_in_order_a_batch_at_a_time(pair: Any, count: int) -> None:
    sender, receiver = pair
    sent = [b"packet %d" % number for number in range(count)]
    for data in sent:
        sender.sendto(data, receiver.getsockname())
    batches = Receiver()

    first, second = batches.packets(receiver), batches.packets(receiver)

    assert [found.data for found in first + second] == sent
    assert len(first) == min(count, PACKETS)
    assert {found.address for found in first} == {HOME}
    assert all(isinstance(found, Plain) and found.stamp_ns > 0 for found in first)


@pytest.mark.loopback
def test_without_a_stamp_a_packet_still_comes(pair: Any) -> None:
    receiver, sender = pair
    sender.sendto(b"bare", receiver.getsockname())

    (found,) = Receiver().packets(receiver)

    assert isinstance(found, Received)
    assert (found.data, found.ancillary.stamp_ns) == (b"bare", None)


@pytest.mark.loopback
def test_our_own_drops_are_told_with_the_packet_that_follows(pair: Any) -> None:
    sender, receiver = pair
    receiver.setsockopt(socket.SOL_SOCKET, kernel.SO_RXQ_OVFL, 1)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the kernel's minimum
    for _ in range(200):
        sender.sendto(b"x" * 100, receiver.getsockname())
    batches = Receiver()
    taken = 0
    while found := batches.packets(receiver):
        taken += len(found)
    sender.sendto(b"after", receiver.getsockname())

    (after,) = batches.packets(receiver)

    assert isinstance(after, Received)
    assert after.ancillary.dropped == 200 - taken > 0


@pytest.mark.loopback
def test_a_send_that_is_refused_raises_what_the_system_said(pair: Any) -> None:
    with pytest.raises(OSError, match=r".") as raised:  # a UDP datagram to port 0
        Sender().send(pair[0], [Packet(HOME, b"x", 1)], keyed=False)
    assert raised.value.errno == errno.EINVAL
