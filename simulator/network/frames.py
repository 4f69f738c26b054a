"""The facts about an IPv4 frame that forwarding needs. Pure, and fast, because it runs for every frame."""

import struct
from typing import NamedTuple

ETHERNET_BYTES = 14
_MINIMUM_BYTES = ETHERNET_BYTES + 20
_IPV4 = b"\x08\x00"
_PORTS = struct.Struct("!HH")
_ICMP_ECHO = struct.Struct("!HH")
_VERSION = 4
_ECHO_TYPES = (8, 0)  # request, reply: RFC 792
_SYN = 0x02
_MAX_HEADER_OF_TRANSPORT = 20


class Packet(NamedTuple):
    """The facts of one frame.

    ``kind`` is ``icmp``, ``tcp-syn`` (SYN and SYN-ACK), ``tcp``, ``udp`` or ``other``. ``transport`` is the
    offset of the transport header. Ports are 0 if there are none, and in a later fragment. ``identifier`` and
    ``sequence`` are those of a ping, else 0.
    """

    kind: str
    source: bytes
    destination: bytes
    transport: int
    source_port: int = 0
    destination_port: int = 0
    identifier: int = 0
    sequence: int = 0


def parse_frame(frame: bytes) -> Packet | None:
    """The packet in ``frame``; None if it is not a complete IPv4 packet in Ethernet. Never raises."""
    if len(frame) < _MINIMUM_BYTES or frame[12:14] != _IPV4 or frame[14] >> 4 != _VERSION:
        return None
    transport = ETHERNET_BYTES + (frame[14] & 15) * 4
    source, destination = frame[26:30], frame[30:34]
    is_later_fragment = (frame[20] & 0x1F) | frame[21]  # RFC 791: fragment offset
    if transport < _MINIMUM_BYTES or is_later_fragment:
        return Packet("other", source, destination, transport)
    match frame[23]:  # IANA: 1 is ICMP, 6 TCP, 17 UDP
        case 1 if len(frame) >= transport + 8 and frame[transport] in _ECHO_TYPES:
            identifier, sequence = _ICMP_ECHO.unpack_from(frame, transport + 4)
            return Packet("icmp", source, destination, transport, 0, 0, identifier, sequence)
        case 6 if len(frame) >= transport + _MAX_HEADER_OF_TRANSPORT:
            kind = "tcp-syn" if frame[transport + 13] & _SYN else "tcp"
            return Packet(kind, source, destination, transport, *_PORTS.unpack_from(frame, transport))
        case 17 if len(frame) >= transport + 8:
            return Packet("udp", source, destination, transport, *_PORTS.unpack_from(frame, transport))
        case _:
            return Packet("other", source, destination, transport)


def readdress_tcp(frame: bytes, packet: Packet, source: bytes, destination: bytes) -> bytes:
    """The TCP frame with other addresses, and both checksums updated (RFC 1624)."""
    changed = bytearray(frame)
    changed[26:30] = source
    changed[30:34] = destination
    difference = _sum(source + destination) - _sum(frame[26:34])
    _update(changed, ETHERNET_BYTES + 10, difference)
    _update(
        changed, packet.transport + 16, difference
    )  # the pseudo-header holds the addresses: RFC 9293, 3.1
    return bytes(changed)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of ``data``; 0 for data that contains its own correct checksum.

    >>> hex(checksum(bytes.fromhex("00010203")))
    '0xfdfb'
    """
    return 0xFFFF - _fold(_sum(data))


def _sum(data: bytes) -> int:
    # 2**16 is 1 modulo 0xFFFF: a number of 16-bit digits is congruent to the sum of its digits.
    return int.from_bytes(data + b"\0" * (len(data) & 1), "big")


def _fold(total: int) -> int:
    # Ones' complement has two zeros; a sum of anything but zeros is the one written 0xFFFF.
    return total % 0xFFFF or (0xFFFF if total else 0)


def _update(frame: bytearray, offset: int, difference: int) -> None:
    """RFC 1624, equation 3: HC' = ~(~HC + ~m + m'); ``difference`` is m' - m as a number."""
    old = 0xFFFF - ((frame[offset] << 8) | frame[offset + 1])
    new = 0xFFFF - ((old + difference) % 0xFFFF or 0xFFFF)
    frame[offset : offset + 2] = new.to_bytes(2, "big")
