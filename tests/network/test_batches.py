"""Many packets per system call: the memory layouts, tested with a real kernel on loopback."""

import errno
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.network import kernel
from probe.network.batches import PACKETS, Receiver, Sender, read_control
from probe.network.stamping import StampsKept

HOME = socket.inet_aton("127.0.0.1")


def control(level: int, kind: int, data: bytes) -> bytes:
    return struct.pack("=Qii", 16 + len(data), level, kind) + data + b"\0" * (-len(data) % 8)


def test_all_control_messages_of_a_buffer_are_read() -> None:
    data = control(1, 37, b"x" * 48) + control(0, 11, b"y" * 5) + control(1, 40, b"drop")
    assert read_control(data) == [(1, 37, b"x" * 48), (0, 11, b"y" * 5), (1, 40, b"drop")]


def test_a_truncated_control_message_is_left_out() -> None:
    data = control(1, 40, b"drop") + control(1, 37, b"x" * 48)
    assert read_control(data[:-1]) == [(1, 40, b"drop")]


@given(st.binary(max_size=200))
def test_any_ancillary_bytes_are_read_without_an_exception(data: Any) -> None:
    kernel.read_ancillary(read_control(data))


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two UDP sockets; the second has receive timestamps."""
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
def test_an_empty_queue_is_not_an_error(pair: Any) -> None:
    assert Receiver().packets(pair[1]) == []
    assert len(Receiver().errors(pair[1])) == 0


@pytest.mark.loopback
@pytest.mark.parametrize("count", [1, PACKETS - 1, PACKETS, PACKETS + 1])
def test_packets_are_received_completely_in_order_and_in_batches(pair: Any, count: int) -> None:
    sender, receiver = pair
    sent = [b"packet %d" % number for number in range(count)]
    for data in sent:
        sender.sendto(data, receiver.getsockname())
    batches = Receiver()

    first, second = batches.packets(receiver), batches.packets(receiver)

    assert [data for _address, data, _stamp_ns in first + second] == sent
    assert len(first) == min(count, PACKETS)
    assert {address for address, _data, _stamp_ns in first} == {HOME}
    assert all(stamp_ns for _address, _data, stamp_ns in first)


@pytest.mark.loopback
def test_a_packet_without_a_timestamp_is_received(pair: Any) -> None:
    receiver, sender = pair
    sender.sendto(b"bare", receiver.getsockname())

    assert Receiver().packets(receiver) == [(HOME, b"bare", None)]


@pytest.mark.loopback
@pytest.mark.parametrize("length", [0, 1, 64], ids=["empty", "one byte", "as long as a ping"])
def test_packets_of_equal_length_are_received(pair: Any, length: int) -> None:
    sender, receiver = pair
    sent = [bytes([number]) * length for number in range(5)]
    for data in sent:
        sender.sendto(data, receiver.getsockname())

    found = Receiver().packets(receiver)

    assert [data for _address, data, _stamp_ns in found] == sent
    assert all(address == HOME and stamp_ns for address, _data, stamp_ns in found)


@pytest.mark.loopback
def test_a_packet_longer_than_its_slot_is_truncated(pair: Any) -> None:
    sender, receiver = pair
    sender.sendto(b"x" * 3000, receiver.getsockname())
    ((_address, data, _stamp_ns),) = Receiver().packets(receiver)
    assert data == b"x" * 2048


@pytest.mark.loopback
def test_drops_of_a_full_queue_are_counted_without_a_further_packet(pair: Any) -> None:
    sender, receiver = pair
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the kernel's minimum
    for _ in range(200):
        sender.sendto(b"x" * 100, receiver.getsockname())
    batches = Receiver()
    taken = 0
    while found := batches.packets(receiver):
        taken += len(found)

    assert kernel.drops(receiver) == 200 - taken > 0


@pytest.mark.loopback
def test_a_rejected_send_raises_the_systems_error(pair: Any) -> None:
    with pytest.raises(OSError, match=r".") as raised:  # a UDP datagram to port 0
        Sender().send(pair[0], [HOME], [b"x"], [])
    assert raised.value.errno == errno.EINVAL
