"""Many packets in one system call: `sendmmsg` and `recvmmsg` over buffers that are laid out once.

What comes is read as columns: nearly all packets of a call have the same lengths, and then `struct` walks
over all places at once. The others are read one by one.

The layouts are those of 64-bit Linux (include/linux/socket.h), as on x86-64 and arm64. The calls do not
block, so they keep Python's lock: another thread that computes can't come between a call and its reader.
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

PACKETS = 64  # in one call: their replies and stamps fit in the receive buffer of a stock system
PACKET_BYTES = 2048
_NAME_BYTES = 16
_KEY_BYTES = 24  # one control message with four bytes of data
_NS_PER_S = 1_000_000_000

# struct mmsghdr: name, its length, iovec, their number, control, its length, flags; then the packet's length.
_HEADER = struct.Struct("@PI4xPNPNi4xI4x")
_LENGTHS = struct.Struct("=8xI28xQ8xI4x")  # of name, control and packet, in the same place
_IOVEC = struct.Struct("@PN")
_SOCKET_ADDRESS = struct.Struct("=HH4s8x")
_ADDRESS = struct.Struct("=4x4s8x")
_CONTROL_HEADER = struct.Struct("=Qii")
_KEY_HEADER = _CONTROL_HEADER.pack(_CONTROL_HEADER.size + 4, socket.SOL_SOCKET, kernel.SCM_TS_OPT_ID)
# What nearly every packet has beside it: one stamp (its second and third form are not ours) …
_STAMP_HEADER = _CONTROL_HEADER.pack(_CONTROL_HEADER.size + 48, socket.SOL_SOCKET, kernel.SO_TIMESTAMPING)
_STAMP_BYTES = 64
_STAMP = struct.Struct(f"=16sqq{kernel.ANCILLARY_BYTES - 32}x")
# … and on the error queue after it an extended error that says "sent", with the stamp's key and no offender.
_SENT_HEADER = _CONTROL_HEADER.pack(_CONTROL_HEADER.size + 32, socket.IPPROTO_IP, kernel.IP_RECVERR)
_SENT_HEADER += struct.pack(
    "=IBBBBI", errno.ENOMSG, kernel.SO_EE_ORIGIN_TIMESTAMPING, 0, 0, 0, kernel.SCM_TSTAMP_SND
)
_STAMP_AND_KEY_BYTES = 112
_STAMP_AND_KEY = struct.Struct(f"=16sqq32x28sI{kernel.ANCILLARY_BYTES - 96}x")

_LIBC: Final = ctypes.PyDLL(None, use_errno=True)

# Address (four bytes, perhaps none), the packet, its receive stamp (Unix time) if it has one.
Packet = tuple[bytes, bytes, int | None]
# Key, transmit stamp (Unix time), copy of the packet (empty unless one was asked for).
Stamp = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class Errors:
    """What an error queue held: transmit stamps, and all else as (address, packet, what came beside it)."""

    stamps: list[Stamp] = field(default_factory=list)
    others: list[tuple[bytes, bytes, Ancillary]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.stamps) + len(self.others)


class Sender:
    """`sendmmsg` over `PACKETS` places."""

    def __init__(self) -> None:
        self._places = _Places(_KEY_BYTES)
        _fill(self._places.names, _NAME_BYTES, _SOCKET_ADDRESS.pack(socket.AF_INET, 0, bytes(4)))
        _fill(self._places.control, _KEY_BYTES, _KEY_HEADER)
        self._addresses = self._places.names.cast("I")
        self._keys = self._places.control.cast("I")
        self._shape = (-1, False)

    def send(
        self, sock: socket.socket, addresses: Sequence[bytes], messages: Sequence[bytes], keys: Sequence[int]
    ) -> int:
        """Sends from the first on, as many as go out and at most `PACKETS`; returns how many.

        ``addresses`` are of four bytes; all ``messages`` have one length. ``keys`` (32 bits) name the
        transmit stamps; without any, the kernel counts. Raises OSError when the first does not go out.
        """
        count = min(len(messages), PACKETS)
        shape = (len(messages[0]), bool(keys))
        if self._shape != shape:
            self._places.assign_addresses(*_sizes(shape))
            self._shape = shape
        data = b"".join(messages[:count])
        self._places.data[: len(data)] = data
        self._addresses[1 : 4 * count : 4] = memoryview(b"".join(addresses[:count])).cast("I")
        if keys:
            self._keys[4 : 6 * count : 6] = memoryview(array("I", keys[:count]))
        sent = _LIBC.sendmmsg(sock.fileno(), self._places.headers, count, socket.MSG_DONTWAIT)
        if sent < 0:
            raise _error()
        return int(sent)


def _sizes(shape: tuple[int, bool]) -> tuple[int, int, int]:
    """Bytes of a packet, from one packet to the next, and of control data."""
    packet_bytes, keyed = shape
    return packet_bytes, packet_bytes, _KEY_BYTES if keyed else 0


class Receiver:
    """`recvmmsg` over `PACKETS` places."""

    def __init__(self) -> None:
        self._places = _Places(kernel.ANCILLARY_BYTES)
        self._places.assign_addresses(PACKET_BYTES, PACKET_BYTES, kernel.ANCILLARY_BYTES)
        self._template = self._places.headers.raw

    def packets(self, sock: socket.socket) -> list[Packet]:
        """What waits, at most `PACKETS`; empty when nothing does. Raises OSError as `recvmsg` does."""
        count, lengths = self._receive(sock, 0)
        places = self._places
        if len(kinds := set(lengths)) == 1:
            ((name_bytes, control_bytes, packet_bytes),) = kinds
            if name_bytes == _NAME_BYTES and control_bytes == _STAMP_BYTES and packet_bytes:
                return list(zip(places.addresses(count), places.packets(count, packet_bytes),
                                places.stamps(count), strict=True))  # fmt: skip
        return [
            (places.address(place, name_bytes), places.packet(place, data_bytes),
             places.ancillary(place, control_bytes).stamp_ns)
            for place, (name_bytes, control_bytes, data_bytes) in enumerate(lengths)
        ]  # fmt: skip

    def errors(self, sock: socket.socket) -> Errors:
        """The same of the error queue."""
        count, lengths = self._receive(sock, kernel.MSG_ERRQUEUE)
        if {length[1:] for length in lengths} == {(_STAMP_AND_KEY_BYTES, 0)}:
            stamps = self._places.sent_stamps(count)
            if len(stamps) == count:
                return Errors(stamps)
        return self._read_errors(lengths)

    def _read_errors(self, lengths: Sequence[tuple[int, int, int]]) -> Errors:
        found = Errors()
        for place, (name_bytes, control_bytes, data_bytes) in enumerate(lengths):
            data = self._places.packet(place, data_bytes)
            beside = self._places.ancillary(place, control_bytes)
            if beside.error and beside.error.is_transmit_stamp and beside.stamp_ns is not None:
                found.stamps.append((beside.error.data, beside.stamp_ns, data))
            else:
                found.others.append((self._places.address(place, name_bytes), data, beside))
        return found

    def _receive(self, sock: socket.socket, flags: int) -> tuple[int, list[tuple[int, int, int]]]:
        """How many came, and for each the lengths of name, control and data."""
        headers = self._places.headers
        ctypes.memmove(headers, self._template, len(self._template))
        count = _LIBC.recvmmsg(sock.fileno(), headers, PACKETS, flags | socket.MSG_DONTWAIT, None)
        if count < 0:
            error = _error()
            if isinstance(error, (BlockingIOError, InterruptedError)):
                return 0, []
            raise error
        view = memoryview(headers).cast("B")[: count * _HEADER.size]
        return count, list(_LENGTHS.iter_unpack(view))


class _Places:
    """Buffers for `PACKETS` packets, each with an address and room for ancillary data."""

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
        """Headers for packets of up to ``packet_bytes``, each ``step_bytes`` after the one before."""
        names, data, iovecs, control = map(
            ctypes.addressof, (self._names, self._data, self._iovecs, self._control)
        )
        for place in range(PACKETS):
            _IOVEC.pack_into(self._iovecs, place * _IOVEC.size, data + place * step_bytes, packet_bytes)
            _HEADER.pack_into(
                self.headers,
                place * _HEADER.size,
                names + place * _NAME_BYTES,
                _NAME_BYTES,
                iovecs + place * _IOVEC.size,
                1,
                control + place * self._control_bytes if control_bytes else 0,
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
        """Those that are plain transmit stamps."""
        rows = _STAMP_AND_KEY.iter_unpack(self.control[: count * kernel.ANCILLARY_BYTES])
        return [
            (key, seconds * _NS_PER_S + nanoseconds, b"")
            for header, seconds, nanoseconds, sent_header, key in rows
            if header == _STAMP_HEADER and sent_header == _SENT_HEADER and seconds > 0
        ]

    def packet(self, place: int, packet_bytes: int) -> bytes:
        start = place * PACKET_BYTES
        return bytes(self.data[start : start + min(packet_bytes, PACKET_BYTES)])

    def address(self, place: int, name_bytes: int) -> bytes:
        start = place * _NAME_BYTES + 4
        return bytes(self.names[start : start + 4]) if name_bytes >= _NAME_BYTES else b""

    def ancillary(self, place: int, control_bytes: int) -> Ancillary:
        start = place * kernel.ANCILLARY_BYTES
        return kernel.read_ancillary(read_control(bytes(self.control[start : start + control_bytes])))


@lru_cache(maxsize=16)
def _packet(packet_bytes: int) -> struct.Struct:
    """One place's packet."""
    packet_bytes = min(packet_bytes, PACKET_BYTES)
    return struct.Struct(f"={packet_bytes}s{PACKET_BYTES - packet_bytes}x")


def _fill(view: memoryview, step_bytes: int, header: bytes) -> None:
    for place in range(PACKETS):
        view[place * step_bytes : place * step_bytes + len(header)] = header


def read_control(data: bytes) -> list[tuple[int, int, bytes]]:
    """The control messages (level, kind, data) of a buffer; what is cut short ends the list.

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
