"""Reference round trips from a capture: pcap bytes -> frames -> round trips. Pure."""

import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# draft-ietf-opsawg-pcap: nanosecond timestamps, Ethernet frames
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
_SEQUENCES = 1 << 32


@dataclass(frozen=True, slots=True)
class Frame:
    """An Ethernet frame and its capture timestamp (wall clock, ns)."""

    stamp_ns: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """One ping in the capture; ``rtt_ns`` is None without a reply. ``address`` is the destination."""

    address: str
    identifier: int
    sequence: int
    request_ns: int
    rtt_ns: int | None

    @property
    def reply_ns(self) -> int | None:
        return None if self.rtt_ns is None else self.request_ns + self.rtt_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A TCP segment; ``length_bytes`` is the length of its data."""

    stamp_ns: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    flags: int
    length_bytes: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its response: the last segment of the request, the first and last of the response."""

    request_ns: int
    first_ns: int
    last_ns: int
    response_segments: int


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
    """The complete records of a file written by this module. Raises ValueError for any other kind of file."""
    if len(pcap) < _FILE.size or _FILE.unpack_from(pcap)[0] != MAGIC_NANOSECONDS:
        raise ValueError("this is not a little-endian pcap file with nanosecond timestamps")
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
    """The pings in capture order, each with its reply.

    A ping whose request or reply occurs twice is left out, because the match is ambiguous.
    """
    requested: dict[tuple[str, int, int], list[int]] = {}
    replied: dict[tuple[str, int, int], list[int]] = {}
    for packet in _packets(captured):
        if packet.protocol != _ICMP or len(packet.body) < _ICMP_BYTES:
            continue
        kind, _, _, identifier, sequence = struct.unpack_from("!BBHHH", packet.body)
        if kind == _ECHO_REQUEST:
            requested.setdefault((packet.destination, identifier, sequence), []).append(packet.stamp_ns)
        elif kind == _ECHO_REPLY:
            replied.setdefault((packet.source, identifier, sequence), []).append(packet.stamp_ns)
    return list(_pairs(requested, replied))


def _pairs(
    requested: dict[tuple[str, int, int], list[int]], replied: dict[tuple[str, int, int], list[int]]
) -> Iterator[Echo]:
    for key, requests in requested.items():
        replies = replied.get(key, [])
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
    """The TCP segments in capture order."""
    found = []
    for packet in _packets(captured):
        if packet.protocol != _TCP or len(packet.body) < _TCP_BYTES:
            continue
        source_port, destination_port, sequence, _, offset, flags = struct.unpack_from("!HHIIBB", packet.body)
        found.append(
            Segment(
                stamp_ns=packet.stamp_ns,
                source=packet.source,
                source_port=source_port,
                destination=packet.destination,
                destination_port=destination_port,
                flags=flags & (_SYN | _ACK),
                length_bytes=max(0, len(packet.body) - (offset >> 4) * 4),
                sequence=sequence,
            )
        )
    return found


def connects(captured: Sequence[Segment]) -> dict[tuple[str, int], int]:
    """(server address, local port) -> ns from SYN to SYN-ACK; connects with repeated packets are left out."""
    syns: dict[tuple[str, int], list[int]] = {}
    syn_acks: dict[tuple[str, int], list[int]] = {}
    for segment in captured:
        if segment.flags == _SYN:
            syns.setdefault((segment.destination, segment.source_port), []).append(segment.stamp_ns)
        elif segment.flags == _SYN | _ACK:
            syn_acks.setdefault((segment.source, segment.destination_port), []).append(segment.stamp_ns)
    return {
        key: syn_acks[key][0] - stamps[0]
        for key, stamps in syns.items()
        if len(stamps) == 1 and len(syn_acks.get(key, [])) == 1
    }


def exchanges(captured: Sequence[Segment]) -> dict[tuple[str, int], list[Exchange]]:
    """(server address, local port) -> the exchanges on the connection, in order.

    In TLS 1.3 the first exchange is the ClientHello and the server's flight up to its Finished. If a request
    follows, the second one is the client's Finished, the request and its response. In plain HTTP the first
    exchange is the request. A connection with retransmitted data is left out, because it is unclear which
    copy was measured. So is a connection whose SYN was not captured, or captured twice.
    """
    talks: dict[tuple[str, int], list[tuple[Segment, bool]]] = {}
    ambiguous: set[tuple[str, int]] = set()
    next_bytes: dict[tuple[str, int, bool], int] = {}
    for segment in captured:
        outward = segment.destination, segment.source_port
        homeward = segment.source, segment.destination_port
        if segment.flags == _SYN:
            if outward in talks:
                ambiguous.add(outward)
            talks[outward] = []
        elif segment.length_bytes and (outward in talks or homeward in talks):
            from_client = outward in talks
            key = outward if from_client else homeward
            # Sequence numbers wrap at 2^32: a difference in the upper half means before the next expected
            # byte.
            ahead = segment.sequence - next_bytes.get((*key, from_client), segment.sequence)
            if ahead % _SEQUENCES >= _SEQUENCES // 2:
                ambiguous.add(key)
            next_bytes[*key, from_client] = (segment.sequence + segment.length_bytes) % _SEQUENCES
            talks[key].append((segment, from_client))
    return {key: _split(talk) for key, talk in talks.items() if key not in ambiguous}


def _split(talk: Sequence[tuple[Segment, bool]]) -> list[Exchange]:
    """Split a conversation into exchanges; a last one without a response (a close_notify) is left out."""
    request: list[Segment] = []
    response: list[Segment] = []
    found = []
    for segment, from_client in talk:
        if from_client and response:
            found.append(_exchange(request, response))
            request, response = [], []
        if from_client:
            request.append(segment)
        elif request:
            response.append(segment)
    return [*found, _exchange(request, response)] if response else found


def _exchange(request: Sequence[Segment], response: Sequence[Segment]) -> Exchange:
    return Exchange(
        request_ns=request[-1].stamp_ns,
        first_ns=response[0].stamp_ns,
        last_ns=response[-1].stamp_ns,
        response_segments=len(response),
    )


def _packets(captured: Iterable[Frame]) -> Iterator[_Packet]:
    """The complete, unfragmented IPv4 packets."""
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
