"""Encodes and decodes ICMP echo messages (RFC 792), and ICMP errors that quote one."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from probe.model.measurements import Reason

ECHO_REPLY = 0
UNREACHABLE = 3
ECHO_REQUEST = 8
TIME_EXCEEDED = 11
PARAMETER_PROBLEM = 12
ERRORS = (UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM)

HEADER_BYTES = 8

_HEADER = struct.Struct("!BBHHH")
_IPV4_BYTES = 20
_IPV4_VERSION = 4
_ICMP_PROTOCOL = 1
_FRAGMENT_OFFSET = 0x1FFF
_PLAIN_IPV4 = 0x45  # version 4, a header of five words
_MORE_FRAGMENTS_OR_OFFSET = 0x3F


class Echo(NamedTuple):
    """An echo request or reply; the payload may be truncated."""

    identifier: int
    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ipv4:
    """An IPv4 packet: addresses as text, ``payload`` without the header, cut to the header's total length."""

    source: str
    destination: str
    protocol: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class EchoError:
    """An ICMP error about an echo request to ``destination``; the request may be another process's."""

    kind: int
    code: int
    destination: str
    echo: Echo


def echo_request(identifier: int, sequence: int, payload: bytes) -> bytes:
    """An echo request with its checksum.

    >>> echo_request(0x1234, 1, b"hi").hex(" ")
    '08 00 7d 61 12 34 00 01 68 69'
    """
    blank = _HEADER.pack(ECHO_REQUEST, 0, 0, identifier, sequence) + payload
    return _HEADER.pack(ECHO_REQUEST, 0, checksum(blank), identifier, sequence) + payload


class EchoTemplate:
    """Builds echo requests that differ only in sequence and counter.

    The payload is ``head`` (an even number of bytes), the counter (8 bytes) and ``filling``. ``identifier``
    must not be 0 (no socket has 0). The checksum is updated from the changed 16-bit words only, not
    computed over the whole message.
    """

    def __init__(self, identifier: int, head: bytes, filling: bytes) -> None:
        self._identifier, self._head, self._filling = identifier, head, filling
        self._layout = struct.Struct(f"!BBHHH{len(head)}sQ{len(filling)}s")
        blank = _HEADER.pack(ECHO_REQUEST, 0, 0, identifier, 0) + head + bytes(8) + filling
        self._sum = 0xFFFF - checksum(blank)

    def pair(self, sequence: int, counter: int) -> tuple[bytes, bytes]:
        """The request, as `echo_request` would build it, and the reply expected to it.

        If the reply's checksum is 0, another host may send 0xFFFF instead.
        """
        # 2^16 is 1 modulo 65535, so the counter modulo 65535 equals the sum of its 16-bit words.
        total = self._sum + sequence + counter
        request_sum, reply_sum = total % 0xFFFF, (total - (ECHO_REQUEST << 8)) % 0xFFFF
        pack, rest = self._layout.pack, (self._identifier, sequence, self._head, counter, self._filling)
        return (
            pack(ECHO_REQUEST, 0, 0xFFFF - (request_sum or 0xFFFF), *rest),
            pack(ECHO_REPLY, 0, 0xFFFF - (reply_sum or 0xFFFF), *rest),
        )


def checksum(message: bytes) -> int:
    """RFC 1071: the complement of the one's complement sum; 0 for a message with a correct checksum field."""
    padded = message + b"\0" * (len(message) % 2)
    # 2^16 is 1 modulo 65535, so the whole message as one number, modulo 65535, equals the sum of its words.
    total = int.from_bytes(padded, "big")
    remainder = total % 0xFFFF
    return 0xFFFF - (0xFFFF if total and not remainder else remainder)


def read_echo_reply(message: bytes) -> Echo | None:
    """The echo reply, or None for any other, truncated or corrupted message."""
    if len(message) < HEADER_BYTES or message[0] != ECHO_REPLY or message[1] != 0:
        return None
    return read_echo(message) if checksum(message) == 0 else None


def read_echo_request(message: bytes) -> Echo | None:
    """The echo request. The checksum is not verified, because an ICMP error may quote only a part."""
    if len(message) < HEADER_BYTES or message[0] != ECHO_REQUEST:
        return None
    return read_echo(message)


def read_echo(message: bytes) -> Echo:
    """``message`` must have at least a complete header."""
    _kind, _code, _sum, identifier, sequence = _HEADER.unpack_from(message)
    return Echo(identifier, sequence, message[HEADER_BYTES:])


def read_ipv4(packet: bytes) -> Ipv4 | None:
    """RFC 791; None for other versions, fragments and truncated headers. A truncated payload is kept."""
    if len(packet) < _IPV4_BYTES or packet[0] >> 4 != _IPV4_VERSION:
        return None
    header_bytes = (packet[0] & 0x0F) * 4
    total_bytes = int.from_bytes(packet[2:4], "big")
    if header_bytes < _IPV4_BYTES or len(packet) < header_bytes or total_bytes < header_bytes:
        return None
    if int.from_bytes(packet[6:8], "big") & _FRAGMENT_OFFSET:
        return None
    payload = packet[header_bytes:total_bytes]
    return Ipv4(_dotted(packet[12:16]), _dotted(packet[16:20]), packet[9], payload)


def payload_of_plain_ipv4(packet: bytes) -> bytes | None:
    """The payload of a packet with a 20-byte header, as nearly all have; None if it needs `read_ipv4`."""
    plain = (
        len(packet) > _IPV4_BYTES
        and packet[0] == _PLAIN_IPV4
        and (packet[2] << 8 | packet[3]) == len(packet)
        and packet[6] & _MORE_FRAGMENTS_OR_OFFSET == 0
        and packet[7] == 0
    )
    return packet[_IPV4_BYTES:] if plain else None


def read_echo_error(message: bytes) -> EchoError | None:
    """An ICMP error with a correct checksum that quotes an echo request, or None."""
    if len(message) < HEADER_BYTES or message[0] not in ERRORS or checksum(message) != 0:
        return None
    quoted = read_ipv4(message[HEADER_BYTES:])
    if quoted is None or quoted.protocol != _ICMP_PROTOCOL:
        return None
    echo = read_echo_request(quoted.payload)
    return EchoError(message[0], message[1], quoted.destination, echo) if echo else None


def reason_of_error(kind: int, code: int) -> Reason:
    """The failure reason for the echo request that an ICMP error quotes.

    >>> reason_of_error(3, 1), reason_of_error(11, 0)
    (<Reason.UNREACHABLE: 'unreachable'>, <Reason.HOP_LIMIT_EXCEEDED: 'hop_limit_exceeded'>)
    """
    match kind, code:
        case 3, 4:
            return Reason.PACKET_TOO_BIG
        case 3, 2 | 3:
            return Reason.REFUSED
        case 11, _:
            return Reason.HOP_LIMIT_EXCEEDED
        case 12, _:
            return Reason.PROTOCOL_ERROR
        case _:
            return Reason.UNREACHABLE


def _dotted(address: bytes) -> str:
    return ".".join(map(str, address))
