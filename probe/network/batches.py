"""Many packets in one system call: `sendmmsg` and `recvmmsg` over buffers that are laid out once.

The layouts are those of 64-bit Linux (include/linux/socket.h), as on x86-64 and arm64. The calls do not
block, so they keep Python's lock: another thread that computes can't come between a call and its reader.
"""

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from probe.network import kernel
from probe.network.kernel import Ancillary

PACKETS = 64  # in one call: their replies and stamps fit in the receive buffer of a stock system
PACKET_BYTES = 2048
_NAME_BYTES = 16
_STAMP_KEY_BYTES = 24  # one control message with four bytes of data

# struct mmsghdr: name, its length, iovec, their number, control, its length, flags; then the packet's length.
_HEADER = struct.Struct("@PI4xPNPNi4xI4x")
_IOVEC = struct.Struct("@PN")
_SOCKET_ADDRESS = struct.Struct("=HH4s8x")
_KEY = struct.Struct("=QiiI4x")
_CONTROL_HEADER = struct.Struct("=Qii")
# What nearly every packet has beside it: one stamp (its second and third form are not ours) …
_STAMP = struct.Struct("=Qiiqq32x")
# … and on the error queue an extended error after it, with the offender's address.
_STAMP_AND_ERROR = struct.Struct("=Qiiqq32xQiiIBBBxII16x")
_NS_PER_S = 1_000_000_000

_LIBC: Final = ctypes.PyDLL(None, use_errno=True)


class Packet(NamedTuple):
    """One packet to send: where to (four bytes), the ICMP message, the key of its transmit stamp."""

    address: bytes
    message: bytes
    key: int


class Received(NamedTuple):
    """One packet that came; ``address`` (four bytes, perhaps empty) is that beside it."""

    data: bytes
    address: bytes
    ancillary: Ancillary


class Stamp(NamedTuple):
    """A transmit stamp from the error queue; ``data`` is the copy of the packet, if one was asked for."""

    key: int
    sent_ns: int
    data: bytes


class Plain(NamedTuple):
    """A packet with nothing but its receive stamp beside it."""

    data: bytes
    address: bytes
    stamp_ns: int


class Sender:
    """`sendmmsg` over `PACKETS` places."""

    def __init__(self) -> None:
        self._buffers = _Buffers(_STAMP_KEY_BYTES)

    def send(self, sock: socket.socket, packets: Sequence[Packet], *, keyed: bool) -> int:
        """Sends from the first on, as many as go out and at most `PACKETS`; returns how many.

        Raises OSError when the first does not go out. ``keyed`` gives each packet the key of its stamp.
        """
        buffers = self._buffers
        count = min(len(packets), PACKETS)
        control_bytes = _STAMP_KEY_BYTES if keyed else 0
        for place in range(count):
            address, message, key = packets[place]
            buffers.put(place, address, message, control_bytes)
            if keyed:
                _KEY.pack_into(
                    buffers.control,
                    place * _STAMP_KEY_BYTES,
                    _CONTROL_HEADER.size + 4,
                    socket.SOL_SOCKET,
                    kernel.SCM_TS_OPT_ID,
                    key & 0xFFFFFFFF,
                )
        sent = _LIBC.sendmmsg(sock.fileno(), buffers.headers, count, socket.MSG_DONTWAIT)
        if sent < 0:
            raise _error()
        return int(sent)


class Receiver:
    """`recvmmsg` over `PACKETS` places."""

    def __init__(self) -> None:
        self._buffers = _Buffers(kernel.ANCILLARY_BYTES)
        self._template = self._buffers.template(PACKET_BYTES)

    def packets(self, sock: socket.socket) -> list[Plain | Received]:
        """What waits, at most `PACKETS`; empty when nothing does. Raises OSError as `recvmsg` does."""
        return [self._packet(*found) for found in self._receive(sock, 0)]

    def errors(self, sock: socket.socket) -> list[Stamp | Received]:
        """The same of the error queue."""
        return [self._error(*found) for found in self._receive(sock, kernel.MSG_ERRQUEUE)]

    def _receive(self, sock: socket.socket, flags: int) -> Iterator[tuple[int, int, int, int]]:
        """Place, and the lengths of name, control and data."""
        buffers = self._buffers
        ctypes.memmove(buffers.headers, self._template, len(self._template))
        count = _LIBC.recvmmsg(sock.fileno(), buffers.headers, PACKETS, flags | socket.MSG_DONTWAIT, None)
        if count < 0:
            error = _error()
            if isinstance(error, (BlockingIOError, InterruptedError)):
                return
            raise error
        view = memoryview(buffers.headers).cast("B")[: count * _HEADER.size]
        for place, header in enumerate(_HEADER.iter_unpack(view)):
            yield place, header[1], header[5], header[7]

    def _packet(self, place: int, name_bytes: int, control_bytes: int, data_bytes: int) -> Plain | Received:
        buffers = self._buffers
        data, address = buffers.data_of(place, data_bytes), buffers.address_of(place, name_bytes)
        if control_bytes == _STAMP.size:
            _, level, kind, seconds, nanoseconds = _STAMP.unpack_from(
                buffers.control, place * kernel.ANCILLARY_BYTES
            )
            if _is_stamp(level, kind, seconds):
                return Plain(data, address, seconds * _NS_PER_S + nanoseconds)
        return Received(data, address, self._ancillary(place, control_bytes))

    def _error(self, place: int, name_bytes: int, control_bytes: int, data_bytes: int) -> Stamp | Received:
        buffers = self._buffers
        data = buffers.data_of(place, data_bytes) if data_bytes else b""
        if control_bytes == _STAMP_AND_ERROR.size:
            found = _STAMP_AND_ERROR.unpack_from(buffers.control, place * kernel.ANCILLARY_BYTES)
            _, level, kind, seconds, nanoseconds, _, other_level, other_kind = found[:8]
            _, origin, _, _, info, key = found[8:]
            if (
                _is_stamp(level, kind, seconds)
                and (other_level, other_kind) == (socket.IPPROTO_IP, kernel.IP_RECVERR)
                and (origin, info) == (kernel.SO_EE_ORIGIN_TIMESTAMPING, kernel.SCM_TSTAMP_SND)
            ):
                return Stamp(key, seconds * _NS_PER_S + nanoseconds, data)
        return Received(data, buffers.address_of(place, name_bytes), self._ancillary(place, control_bytes))

    def _ancillary(self, place: int, control_bytes: int) -> Ancillary:
        start = place * kernel.ANCILLARY_BYTES
        return kernel.read_ancillary(
            read_control(bytes(self._buffers.control[start : start + control_bytes]))
        )


class _Buffers:
    """Places for `PACKETS` packets, each with an address and room for ancillary data."""

    def __init__(self, control_bytes: int) -> None:
        self.control_bytes = control_bytes
        self.headers = ctypes.create_string_buffer(PACKETS * _HEADER.size)
        self._names = ctypes.create_string_buffer(PACKETS * _NAME_BYTES)
        self._data = ctypes.create_string_buffer(PACKETS * PACKET_BYTES)
        self._iovecs = ctypes.create_string_buffer(PACKETS * _IOVEC.size)
        self._control = ctypes.create_string_buffer(PACKETS * control_bytes)
        self.names, self.data, self.control = (
            memoryview(each).cast("B") for each in (self._names, self._data, self._control)
        )
        self._shape = (-1, -1)

    def template(self, data_bytes: int) -> bytes:
        """Headers and iovecs for packets of up to ``data_bytes``: the headers' bytes, to be put back."""
        self.shape(data_bytes, self.control_bytes)
        return self.headers.raw

    def shape(self, data_bytes: int, control_bytes: int) -> None:
        """Let each place have so many bytes of data, and of ancillary data."""
        if self._shape == (data_bytes, control_bytes):
            return
        self._shape = (data_bytes, control_bytes)
        names, data, iovecs, control = map(
            ctypes.addressof, (self._names, self._data, self._iovecs, self._control)
        )
        for place in range(PACKETS):
            _IOVEC.pack_into(self._iovecs, place * _IOVEC.size, data + place * PACKET_BYTES, data_bytes)
            _HEADER.pack_into(
                self.headers,
                place * _HEADER.size,
                names + place * _NAME_BYTES,
                _NAME_BYTES,
                iovecs + place * _IOVEC.size,
                1,
                control + place * self.control_bytes if control_bytes else 0,
                control_bytes,
                0,
                0,
            )

    def put(self, place: int, address: bytes, message: bytes, control_bytes: int) -> None:
        """All messages of one call have the same length, those of one engine have."""
        self.shape(len(message), control_bytes)
        _SOCKET_ADDRESS.pack_into(self.names, place * _NAME_BYTES, socket.AF_INET, 0, address)
        start = place * PACKET_BYTES
        self.data[start : start + len(message)] = message

    def data_of(self, place: int, data_bytes: int) -> bytes:
        start = place * PACKET_BYTES
        return bytes(self.data[start : start + min(data_bytes, PACKET_BYTES)])

    def address_of(self, place: int, name_bytes: int) -> bytes:
        start = place * _NAME_BYTES + 4
        return bytes(self.names[start : start + 4]) if name_bytes >= _NAME_BYTES else b""


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


def _is_stamp(level: int, kind: int, seconds: int) -> bool:
    return level == socket.SOL_SOCKET and kind == kernel.SO_TIMESTAMPING and seconds > 0


def _error() -> OSError:
    number = ctypes.get_errno() or errno.EIO
    return OSError(number, os.strerror(number))
