"""Sends and receives many packets per system call: `sendmmsg` and `recvmmsg` with preallocated buffers.

Received packets are decoded in columns: nearly all packets of a call have the same lengths, and then `struct`
decodes all slots at once. Otherwise they are decoded one by one.

The memory layouts are those of 64-bit Linux (include/linux/socket.h), for x86-64 and arm64. The calls do not
block, so they keep Python's GIL: no other thread can run between a call and the decoding of its buffers.
"""

import ctypes
import errno
import os
import socket
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from probe.network import kernel
from probe.network.kernel import Ancillary

PACKETS = 64  # per call; their replies and timestamps fit into a default receive buffer
PACKET_BYTES = 2048
_NAME_BYTES = 16
_KEY_BYTES = 24  # one control message with four bytes of data
_NS_PER_S = 1_000_000_000

# struct mmsghdr: name, its length, iovec, their number, control, its length, flags; then the packet's length.
_HEADER = struct.Struct("@PI4xPNPNi4xI4x")
_LENGTHS = struct.Struct("=8xI28xQ8xI4x")  # lengths of name, control and packet in the same struct
_IOVEC = struct.Struct("@PN")
_SOCKET_ADDRESS = struct.Struct("=HH4s8x")
_ADDRESS = struct.Struct("=4x4s8x")
_CONTROL_HEADER = struct.Struct("=Qii")
_KEY_HEADER = _CONTROL_HEADER.pack(_CONTROL_HEADER.size + 4, socket.SOL_SOCKET, kernel.SCM_TS_OPT_ID)
# The usual ancillary data of a received packet: one timestamp (the first of three forms is used).
_STAMP_HEADER = _CONTROL_HEADER.pack(_CONTROL_HEADER.size + 48, socket.SOL_SOCKET, kernel.SO_TIMESTAMPING)
_STAMP_BYTES = 64
_STAMP = struct.Struct(f"=16sqq{kernel.ANCILLARY_BYTES - 32}x")
# On the error queue, a timestamp is followed by an extended error for "sent", with the timestamp's key.
_SENT_HEADER = _CONTROL_HEADER.pack(_CONTROL_HEADER.size + 32, socket.IPPROTO_IP, kernel.IP_RECVERR)
_SENT_HEADER += struct.pack(
    "=IBBBBI", errno.ENOMSG, kernel.SO_EE_ORIGIN_TIMESTAMPING, 0, 0, 0, kernel.SCM_TSTAMP_SND
)
_STAMP_AND_KEY_BYTES = 112
_STAMP_AND_KEY = struct.Struct(f"=16sqq32x28sI{kernel.ANCILLARY_BYTES - 96}x")

_LIBC: Final = ctypes.PyDLL(None, use_errno=True)

# Address (four bytes, or empty), the packet, its receive timestamp (Unix time) or None.
Packet = tuple[bytes, bytes, int | None]
# Key, transmit timestamp (Unix time), copy of the packet (empty unless requested).
Stamp = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class Errors:
    """The contents of an error queue: transmit timestamps; others as (address, packet, ancillary data)."""

    stamps: list[Stamp] = field(default_factory=list)
    others: list[tuple[bytes, bytes, Ancillary]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.stamps) + len(self.others)


class Sender:
    """`sendmmsg` with `PACKETS` slots."""

    def __init__(self) -> None:
        self._slots = _Slots(_KEY_BYTES)
        _fill(self._slots.names, _NAME_BYTES, _SOCKET_ADDRESS.pack(socket.AF_INET, 0, bytes(4)))
        _fill(self._slots.control, _KEY_BYTES, _KEY_HEADER)
        self._addresses = self._slots.names.cast("I")
        self._keys = self._slots.control.cast("I")
        self._shape = (-1, False)

    def send(
        self, sock: socket.socket, addresses: Sequence[bytes], messages: Sequence[bytes], keys: Sequence[int]
    ) -> int:
        """Sends the first packets, as many as possible and at most `PACKETS`; returns how many.

        ``addresses`` have four bytes; all ``messages`` have the same length. ``keys`` (32 bits) identify the
        transmit timestamps; without keys, the kernel numbers them. Raises OSError if the first packet fails.
        """
        count = min(len(messages), PACKETS)
        shape = (len(messages[0]), bool(keys))
        if self._shape != shape:
            self._slots.assign_addresses(*_sizes(shape))
            self._shape = shape
        data = b"".join(messages[:count])
        self._slots.data[: len(data)] = data
        self._addresses[1 : 4 * count : 4] = memoryview(b"".join(addresses[:count])).cast("I")
        if keys:
            self._keys[4 : 6 * count : 6] = memoryview(array("I", keys[:count]))
        sent = _LIBC.sendmmsg(sock.fileno(), self._slots.headers, count, socket.MSG_DONTWAIT)
        if sent < 0:
            raise _error()
        return int(sent)


def _sizes(shape: tuple[int, bool]) -> tuple[int, int, int]:
    """The sizes of a packet, of the step from one packet to the next, and of the control data."""
    packet_bytes, keyed = shape
    return packet_bytes, packet_bytes, _KEY_BYTES if keyed else 0


class Receiver:
    """`recvmmsg` with `PACKETS` slots."""

    def __init__(self) -> None:
        self._slots = _Slots(kernel.ANCILLARY_BYTES)
        self._slots.assign_addresses(PACKET_BYTES, PACKET_BYTES, kernel.ANCILLARY_BYTES)
        self._template = self._slots.headers.raw

    def packets(self, sock: socket.socket) -> list[Packet]:
        """The packets in the receive queue, at most `PACKETS`. Raises OSError like `recvmsg`."""
        count, lengths = self._receive(sock, 0)
        slots = self._slots
        if len(kinds := set(lengths)) == 1:
            ((name_bytes, control_bytes, packet_bytes),) = kinds
            if name_bytes == _NAME_BYTES and control_bytes == _STAMP_BYTES and packet_bytes:
                return list(zip(slots.addresses(count), slots.packets(count, packet_bytes),
                                slots.stamps(count), strict=True))  # fmt: skip
        return [
            (slots.address(slot, name_bytes), slots.packet(slot, data_bytes),
             slots.ancillary(slot, control_bytes).stamp_ns)
            for slot, (name_bytes, control_bytes, data_bytes) in enumerate(lengths)
        ]  # fmt: skip

    def errors(self, sock: socket.socket) -> Errors:
        """The entries of the error queue, at most `PACKETS`."""
        count, lengths = self._receive(sock, kernel.MSG_ERRQUEUE)
        if {length[1:] for length in lengths} == {(_STAMP_AND_KEY_BYTES, 0)}:
            stamps = self._slots.sent_stamps(count)
            if len(stamps) == count:
                return Errors(stamps)
        return self._read_errors(lengths)

    def _read_errors(self, lengths: Sequence[tuple[int, int, int]]) -> Errors:
        found = Errors()
        for slot, (name_bytes, control_bytes, data_bytes) in enumerate(lengths):
            data = self._slots.packet(slot, data_bytes)
            ancillary = self._slots.ancillary(slot, control_bytes)
            if ancillary.error and ancillary.error.is_transmit_stamp and ancillary.stamp_ns is not None:
                found.stamps.append((ancillary.error.data, ancillary.stamp_ns, data))
            else:
                found.others.append((self._slots.address(slot, name_bytes), data, ancillary))
        return found

    def _receive(self, sock: socket.socket, flags: int) -> tuple[int, list[tuple[int, int, int]]]:
        """The number of received packets, and for each the lengths of name, control and data."""
        headers = self._slots.headers
        ctypes.memmove(headers, self._template, len(self._template))
        count = _LIBC.recvmmsg(sock.fileno(), headers, PACKETS, flags | socket.MSG_DONTWAIT, None)
        if count < 0:
            error = _error()
            if isinstance(error, (BlockingIOError, InterruptedError)):
                return 0, []
            raise error
        view = memoryview(headers).cast("B")[: count * _HEADER.size]
        return count, list(_LENGTHS.iter_unpack(view))


class _Slots:
    """Buffers with a slot for each of `PACKETS` packets, its address and its ancillary data."""

    def __init__(self, control_bytes: int) -> None:
        self._control_bytes = control_bytes
        self.headers = ctypes.create_string_buffer(PACKETS * _HEADER.size)
        self._names = ctypes.create_string_buffer(PACKETS * _NAME_BYTES)
        self._data = ctypes.create_string_buffer(PACKETS * PACKET_BYTES)
        self._iovecs = ctypes.create_string_buffer(PACKETS * _IOVEC.size)
        self._control = ctypes.create_string_buffer(PACKETS * control_bytes)
        self.names, self.data, self.control = (
            memoryview(each).cast("B") for each in (self._names, self._data, self._control)
        )

    def assign_addresses(self, packet_bytes: int, step_bytes: int, control_bytes: int) -> None:
        """Fills the headers for packets of up to ``packet_bytes``, ``step_bytes`` apart."""
        names, data, iovecs, control = map(
            ctypes.addressof, (self._names, self._data, self._iovecs, self._control)
        )
        for slot in range(PACKETS):
            _IOVEC.pack_into(self._iovecs, slot * _IOVEC.size, data + slot * step_bytes, packet_bytes)
            _HEADER.pack_into(
                self.headers,
                slot * _HEADER.size,
                names + slot * _NAME_BYTES,
                _NAME_BYTES,
                iovecs + slot * _IOVEC.size,
                1,
                control + slot * self._control_bytes if control_bytes else 0,
                control_bytes,
                0,
                0,
            )

    def addresses(self, count: int) -> list[bytes]:
        return [address for (address,) in _ADDRESS.iter_unpack(self.names[: count * _NAME_BYTES])]

    def packets(self, count: int, packet_bytes: int) -> list[bytes]:
        rows = _packet(packet_bytes).iter_unpack(self.data[: count * PACKET_BYTES])
        return [packet for (packet,) in rows]

    def stamps(self, count: int) -> list[int | None]:
        rows = _STAMP.iter_unpack(self.control[: count * kernel.ANCILLARY_BYTES])
        return [
            seconds * _NS_PER_S + nanoseconds if header == _STAMP_HEADER and seconds > 0 else None
            for header, seconds, nanoseconds in rows
        ]

    def sent_stamps(self, count: int) -> list[Stamp]:
        """The entries that are plain transmit timestamps."""
        rows = _STAMP_AND_KEY.iter_unpack(self.control[: count * kernel.ANCILLARY_BYTES])
        return [
            (key, seconds * _NS_PER_S + nanoseconds, b"")
            for header, seconds, nanoseconds, sent_header, key in rows
            if header == _STAMP_HEADER and sent_header == _SENT_HEADER and seconds > 0
        ]

    def packet(self, slot: int, packet_bytes: int) -> bytes:
        start = slot * PACKET_BYTES
        return bytes(self.data[start : start + min(packet_bytes, PACKET_BYTES)])

    def address(self, slot: int, name_bytes: int) -> bytes:
        start = slot * _NAME_BYTES + 4
        return bytes(self.names[start : start + 4]) if name_bytes >= _NAME_BYTES else b""

    def ancillary(self, slot: int, control_bytes: int) -> Ancillary:
        start = slot * kernel.ANCILLARY_BYTES
        return kernel.read_ancillary(read_control(bytes(self.control[start : start + control_bytes])))


@lru_cache(maxsize=16)
def _packet(packet_bytes: int) -> struct.Struct:
    """The layout of one slot's packet."""
    packet_bytes = min(packet_bytes, PACKET_BYTES)
    return struct.Struct(f"={packet_bytes}s{PACKET_BYTES - packet_bytes}x")


def _fill(view: memoryview, step_bytes: int, header: bytes) -> None:
    for slot in range(PACKETS):
        view[slot * step_bytes : slot * step_bytes + len(header)] = header


def read_control(data: bytes) -> list[tuple[int, int, bytes]]:
    """The control messages (level, kind, data) of a buffer, up to the first truncated one.

    >>> read_control(bytes(7))
    []
    """
    found: list[tuple[int, int, bytes]] = []
    start = 0
    while start + _CONTROL_HEADER.size <= len(data):
        length, level, kind = _CONTROL_HEADER.unpack_from(data, start)
        if not _CONTROL_HEADER.size <= length <= len(data) - start:
            return found
        found.append((level, kind, data[start + _CONTROL_HEADER.size : start + length]))
        start += -(-length // 8) * 8
    return found


def _error() -> OSError:
    number = ctypes.get_errno() or errno.EIO
    return OSError(number, os.strerror(number))
