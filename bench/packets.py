"""Truth out of a capture: pcap bytes -> frames -> round trips. Pure."""

import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# draft-ietf-opsawg-pcap: nanosecond stamps, Ethernet frames
MAGIC_NANOSECONDS = 0xA1B23C4D
_FILE = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_ETHERNET, _SNAP_BYTES = 1, 65_535
_NS = 1_000_000_000

_ETHERNET_BYTES, _IPV4 = 14, 0x0800
_ICMP, _TCP = 1, 6
_ECHO_REPLY, _ECHO_REQUEST = 0, 8
_SYN, _ACK = 0x02, 0x10
_ICMP_BYTES, _TCP_BYTES, _IP_BYTES = 8, 20, 20


@dataclass(frozen=True, slots=True)
class Frame:
    """An Ethernet frame and when it passed the tap, in ns of the wall clock."""

    stamp_ns: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """One echo of the capture; ``rtt_ns`` is None if no reply came. Addresses are of the host asked."""

    address: str
    identifier: int
    sequence: int
    request_ns: int
    rtt_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A TCP segment; ``length_bytes`` is of its data."""

    stamp_ns: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    flags: int
    length_bytes: int


@dataclass(frozen=True, slots=True)
class _Packet:
    stamp_ns: int
    source: str
    destination: str
    protocol: int
    body: bytes


def file_header() -> bytes:
    return _FILE.pack(MAGIC_NANOSECONDS, 2, 4, 0, 0, _SNAP_BYTES, _ETHERNET)


def record(frame: Frame) -> bytes:
    seconds, nanoseconds = divmod(frame.stamp_ns, _NS)
    return _RECORD.pack(seconds, nanoseconds, len(frame.data), len(frame.data)) + frame.data


def frames(pcap: bytes) -> list[Frame]:
    """The whole records of a file that this module wrote. Raises ValueError for any other kind of file."""
    if len(pcap) < _FILE.size or _FILE.unpack_from(pcap)[0] != MAGIC_NANOSECONDS:
        raise ValueError("this is no little-endian pcap file with nanosecond stamps")
    found = []
    offset = _FILE.size
    while offset + _RECORD.size <= len(pcap):
        seconds, nanoseconds, length, _ = _RECORD.unpack_from(pcap, offset)
        offset += _RECORD.size
        if offset + length > len(pcap):
            break
        found.append(Frame(seconds * _NS + nanoseconds, pcap[offset : offset + length]))
        offset += length
    return found


def echoes(captured: Iterable[Frame]) -> list[Echo]:
    """The echo requests in the order of the capture, each with its reply.

    A key (address, identifier, sequence) that was asked or answered twice is left out: which belongs to
    which can't be told.
    """
    asked: dict[tuple[str, int, int], list[int]] = {}
    answered: dict[tuple[str, int, int], list[int]] = {}
    for packet in _packets(captured):
        if packet.protocol != _ICMP or len(packet.body) < _ICMP_BYTES:
            continue
        kind, _, _, identifier, sequence = struct.unpack_from("!BBHHH", packet.body)
        if kind == _ECHO_REQUEST:
            asked.setdefault((packet.destination, identifier, sequence), []).append(packet.stamp_ns)
        elif kind == _ECHO_REPLY:
            answered.setdefault((packet.source, identifier, sequence), []).append(packet.stamp_ns)
    return list(_pairs(asked, answered))


def _pairs(
    asked: dict[tuple[str, int, int], list[int]], answered: dict[tuple[str, int, int], list[int]]
) -> Iterator[Echo]:
    for key, requests in asked.items():
        replies = answered.get(key, [])
        if len(requests) == 1 and len(replies) <= 1:
            address, identifier, sequence = key
            yield Echo(
                address=address,
                identifier=identifier,
                sequence=sequence,
                request_ns=requests[0],
                rtt_ns=replies[0] - requests[0] if replies else None,
            )


def segments(captured: Iterable[Frame]) -> list[Segment]:
    """The TCP segments in the order of the capture."""
    found = []
    for packet in _packets(captured):
        if packet.protocol != _TCP or len(packet.body) < _TCP_BYTES:
            continue
        source_port, destination_port, _, _, offset, flags = struct.unpack_from("!HHIIBB", packet.body)
        found.append(
            Segment(
                stamp_ns=packet.stamp_ns,
                source=packet.source,
                source_port=source_port,
                destination=packet.destination,
                destination_port=destination_port,
                flags=flags & (_SYN | _ACK),
                length_bytes=max(0, len(packet.body) - (offset >> 4) * 4),
            )
        )
    return found


def connects(captured: Sequence[Segment]) -> dict[tuple[str, int], int]:
    """(server's address, local port) -> ns from the SYN to the SYN-ACK; without those sent more than once."""
    asked: dict[tuple[str, int], list[int]] = {}
    answered: dict[tuple[str, int], list[int]] = {}
    for segment in captured:
        if segment.flags == _SYN:
            asked.setdefault((segment.destination, segment.source_port), []).append(segment.stamp_ns)
        elif segment.flags == _SYN | _ACK:
            answered.setdefault((segment.source, segment.destination_port), []).append(segment.stamp_ns)
    return {
        key: answered[key][0] - syns[0]
        for key, syns in asked.items()
        if len(syns) == 1 and len(answered.get(key, [])) == 1
    }


def first_flights(captured: Sequence[Segment]) -> dict[tuple[str, int], int]:
    """(server's address, local port) -> ns from the client's first data to the end of the server's answer.

    The answer ends with the server's last data before the client's next data: in TLS 1.3 from the first byte
    of ClientHello to the last byte of the server's Finished.
    """
    clients = {(s.destination, s.source_port): s.source for s in captured if s.flags == _SYN}
    found = {}
    for (server, port), client in clients.items():
        own = [
            (s.stamp_ns, s.source == client)
            for s in captured
            if s.length_bytes
            and (
                (s.source, s.source_port, s.destination) == (client, port, server)
                or (s.destination, s.destination_port, s.source) == (client, port, server)
            )
        ]
        flight_ns = _first_flight_ns(own)
        if flight_ns is not None:
            found[server, port] = flight_ns
    return found


def _first_flight_ns(data: Sequence[tuple[int, bool]]) -> int | None:
    """``data``: (stamp, whether the client sent it), in order."""
    first_ns = last_ns = None
    for stamp_ns, from_client in data:
        if first_ns is None:
            first_ns = stamp_ns if from_client else None
        elif from_client and last_ns is not None:
            break
        elif not from_client:
            last_ns = stamp_ns
    return None if first_ns is None or last_ns is None else last_ns - first_ns


def _packets(captured: Iterable[Frame]) -> Iterator[_Packet]:
    """The whole, unfragmented IPv4 packets."""
    for frame in captured:
        data = frame.data[_ETHERNET_BYTES:]
        if len(data) < _IP_BYTES or int.from_bytes(frame.data[12:14], "big") != _IPV4:
            continue
        header_bytes, total_bytes = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
        if int.from_bytes(data[6:8], "big") & 0x3FFF:
            continue
        yield _Packet(
            frame.stamp_ns,
            socket.inet_ntoa(data[12:16]),
            socket.inet_ntoa(data[16:20]),
            data[9],
            data[header_bytes:total_bytes],
        )
