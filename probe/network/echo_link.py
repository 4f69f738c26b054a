"""ICMP sockets: a datagram socket if permitted, else two raw sockets, else none, with the reason.

A link transfers packets and timestamps. Targets, deadlines and matching are in `echo`.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from probe.network import kernel, packet_filter
from probe.network.batches import PACKETS, Packet, Receiver, Sender, Stamp
from probe.network.kernel import Ancillary
from probe.wire import icmp

_Found = TypeVar("_Found", bound=Sized)
Mode = Literal["datagram", "raw"]

# Enough for 0.4 s of a blocked event loop at 10,000 pings per second. The full size needs CAP_NET_ADMIN.
WANTED_BUFFER_BYTES = 4 * 1024 * 1024
# The maximum per drain, so that the event loop is not blocked; the rest keeps the socket readable.
PACKETS_PER_DRAIN = 4096
_ECHO_REPLY = bytes([icmp.ECHO_REPLY])
# Errors about other packets that are pending on the socket: a send or receive call may report one of them
# instead of its own result, once each (icmp_err_convert in net/ipv4/icmp.c).
_PENDING = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENOPROTOOPT,
        errno.ECONNREFUSED,
        errno.EMSGSIZE,
        errno.EOPNOTSUPP,
        errno.EHOSTDOWN,
        errno.ENONET,
        errno.EPROTO,
        errno.EACCES,
    }
)

WHAT_TO_PERMIT = (
    "ICMP sockets are not permitted on this machine: allow datagram ICMP"
    " (sysctl -w net.ipv4.ping_group_range='0 2147483647') or grant CAP_NET_RAW; TCP probes need neither"
)


@dataclass(slots=True)
class Arrivals:
    """Packets and timestamps received since the last call, as plain tuples: there are thousands per second.

    ``replies``: source address (four bytes), an ICMP message that may be an echo reply, its receive
    timestamp. ``stamps``: the key of a request (32 bits), its transmit timestamp, and its ICMP message if the
    kernel does not support keys (else empty). ``errors`` are ICMP errors about our echo requests.
    """

    replies: list[Packet] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    errors: list[icmp.EchoError] = field(default_factory=list)


@dataclass(slots=True)
class Packets:
    """Packets to send, as columns: addresses (four bytes), ICMP messages of equal length, timestamp keys."""

    addresses: list[bytes] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.messages)

    def after(self, position: int) -> "Packets":
        return Packets(self.addresses[position:], self.messages[position:], self.keys[position:])


class Link(Protocol):
    """The interface that the engine needs; tests use one without sockets."""

    mode: Mode
    identifier: int
    receive_buffer_bytes: int

    @property
    def dropped(self) -> int:
        """The number of packets dropped so far because the receive queue was full."""

    def send(self, packets: Packets) -> Mapping[int, OSError]:
        """Sends all packets in few system calls; returns the positions and errors of the failed ones."""

    def receive(self, arrivals: Arrivals) -> None:
        """Adds all received packets."""

    def sockets(self) -> tuple[socket.socket, ...]: ...

    def close(self) -> None: ...


def open_link(source: str | None) -> tuple[Link | None, str]:
    """The best link that the system permits, or None, and an explanation."""
    try:
        return DatagramLink(source), "datagram ICMP socket: needs no privileges"
    except PermissionError:
        pass
    except OSError as error:
        return None, _unusable(source, error)
    try:
        return RawLink(source), "raw ICMP sockets: net.ipv4.ping_group_range excludes this user's groups"
    except PermissionError:
        return None, WHAT_TO_PERMIT
    except OSError as error:
        return None, _unusable(source, error)


def _unusable(source: str | None, error: OSError) -> str:
    where = f" with source address {source}" if source else ""
    return f"cannot open an ICMP socket{where}: {error.strerror}"


class _Stamping:
    """Sending, for both links: transmit timestamps are matched by a key, or by a copy of the packet."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sender = Sender()
        self._by_key = True
        self._proven = False
        self._message_bytes = 0
        sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.STAMPS_BY_ID)

    def send(self, packets: Packets) -> int:
        """Sends the first packets; returns how many, at least one. Raises OSError if the first one failed."""
        self._message_bytes = len(packets.messages[0])
        try:
            sent = self._send(packets)
        except OSError as error:
            if error.errno != errno.EINVAL or not self._by_key or self._proven:
                raise
            self.match_by_packet()  # Linux < 6.13 rejects the control message
            return self._send(packets)
        self._proven = True
        return sent

    def _send(self, packets: Packets) -> int:
        keys = packets.keys if self._by_key else ()
        return self._sender.send(self._sock, packets.addresses, packets.messages, keys)

    def match_by_packet(self) -> None:
        self._by_key = False
        self._sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.STAMPS_BY_PACKET)

    def stamps(self, found: list[Stamp]) -> list[Stamp]:
        if self._by_key:
            return found
        # The copy starts with a link header of any length, so it is read from its end.
        return [(key, sent_ns, copy[-self._message_bytes :]) for key, sent_ns, copy in found]


class DatagramLink:
    """One `SOCK_DGRAM` ICMP socket: the kernel chooses the identifier and delivers only matching replies."""

    mode: Mode = "datagram"

    def __init__(self, source: str | None) -> None:
        self._waiting = Arrivals()
        self._receiver = Receiver()
        self._sock = _icmp_socket(socket.SOCK_DGRAM, source)
        with _closing_unless_made(self._sock):
            self._sock.setsockopt(socket.IPPROTO_IP, kernel.IP_RECVERR, 1)
            self._stamping = _Stamping(self._sock)
            self.identifier: int = self._sock.getsockname()[1]
            self.receive_buffer_bytes = _buffer_bytes(self._sock)

    @property
    def dropped(self) -> int:
        return kernel.drops(self._sock)

    def send(self, packets: Packets) -> Mapping[int, OSError]:
        return _send_all(self._send_some, packets)

    def _send_some(self, packets: Packets) -> int:
        try:
            return self._stamping.send(packets)
        except OSError as error:
            if error.errno not in _PENDING:
                raise
            # With IP_RECVERR, a send reports the pending error of another packet: read it, then retry once.
            self._take_errors(self._waiting)
            self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return self._stamping.send(packets)

    def receive(self, arrivals: Arrivals) -> None:
        waiting, self._waiting = self._waiting, Arrivals()
        arrivals.stamps += waiting.stamps
        arrivals.errors += waiting.errors
        for packets in _drained(self._receiver.packets, self._sock):
            arrivals.replies += packets
        # Read after the replies, because the timestamp of a request is queued before its reply.
        self._take_errors(arrivals)

    def _take_errors(self, arrivals: Arrivals) -> None:
        for found in _drained(self._receiver.errors, self._sock):
            arrivals.stamps += self._stamping.stamps(found.stamps)
            for address, data, ancillary in found.others:
                error = _quoted(address, data, ancillary)
                if error is not None:
                    arrivals.errors.append(error)

    def sockets(self) -> tuple[socket.socket, ...]:
        return (self._sock,)

    def close(self) -> None:
        self._sock.close()


def _quoted(address: bytes, data: bytes, ancillary: Ancillary) -> icmp.EchoError | None:
    """An ICMP error that the kernel reports with the quoted request and its destination."""
    error = ancillary.error
    if error is None or error.origin != kernel.SO_EE_ORIGIN_ICMP or error.kind not in icmp.ERRORS:
        return None
    echo = icmp.read_echo_request(data)
    if echo is None or not address:
        return None
    return icmp.EchoError(error.kind, error.code, socket.inet_ntoa(address), echo)


class RawLink:
    """Two raw sockets: one sends and gets transmit timestamps, one receives packets about our requests."""

    mode: Mode = "raw"

    def __init__(self, source: str | None) -> None:
        self.identifier = int.from_bytes(os.urandom(8), "big") % 0xFFFF + 1
        self._incoming = Receiver()
        self._sender = _icmp_socket(socket.SOCK_RAW, source)
        with _closing_unless_made(self._sender):
            packet_filter.attach(self._sender, packet_filter.NOTHING)
            self._stamping = _Stamping(self._sender)
            self._receiver = _icmp_socket(socket.SOCK_RAW, source)
            with _closing_unless_made(self._receiver):
                self._begin_to_receive()

    def _begin_to_receive(self) -> None:
        packet_filter.attach(self._receiver, packet_filter.for_identifier(self.identifier))
        self._receiver.setsockopt(
            socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.SOF_RX_SOFTWARE | kernel.SOF_SOFTWARE
        )
        self.receive_buffer_bytes = _buffer_bytes(self._receiver)

    @property
    def dropped(self) -> int:
        return kernel.drops(self._receiver)

    def send(self, packets: Packets) -> Mapping[int, OSError]:
        return _send_all(self._stamping.send, packets)

    def receive(self, arrivals: Arrivals) -> None:
        for packets in _drained(self._incoming.packets, self._receiver):
            for _address, packet, received_ns in packets:
                _read_packet(packet, received_ns, arrivals)
        # Read after the replies, because the timestamp of a request is queued before its reply.
        for found in _drained(self._incoming.errors, self._sender):
            arrivals.stamps += self._stamping.stamps(found.stamps)

    def sockets(self) -> tuple[socket.socket, ...]:
        return (self._receiver, self._sender)

    def close(self) -> None:
        self._sender.close()
        self._receiver.close()


def _read_packet(packet: bytes, received_ns: int | None, arrivals: Arrivals) -> None:
    payload = icmp.payload_of_plain_ipv4(packet)
    if payload is None:
        ipv4 = icmp.read_ipv4(packet)
        if ipv4 is None:
            return
        payload = ipv4.payload
    error = icmp.read_echo_error(payload) if payload[:1] != _ECHO_REPLY else None
    if error is not None:
        arrivals.errors.append(error)
    else:
        arrivals.replies.append((packet[12:16], payload, received_ns))


def _send_all(send_some: Callable[[Packets], int], packets: Packets) -> Mapping[int, OSError]:
    """Sends all packets in several calls; a rejected packet does not stop the following ones."""
    refused: dict[int, OSError] = {}
    position = 0
    while position < len(packets):
        try:
            position += send_some(packets.after(position) if position else packets)
        except OSError as error:
            refused[position] = error
            position += 1
    return refused


def _drained(receive: Callable[[socket.socket], _Found], sock: socket.socket) -> Iterator[_Found]:
    """The contents of a queue in batches, up to `PACKETS_PER_DRAIN` packets."""
    for _ in range(PACKETS_PER_DRAIN // PACKETS):
        try:
            found = receive(sock)
        except OSError as error:
            if error.errno not in _PENDING:
                raise
            continue  # a pending error, reported once; its details are in the error queue
        yield found
        if len(found) < PACKETS:
            return


def _icmp_socket(kind: int, source: str | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
    with _closing_unless_made(sock):
        sock.setblocking(False)
        sock.bind((source or "", 0))
        # A fragmented ping would measure something else, so a ping that is too big fails. The path MTU is
        # tested each time, because the kernel would otherwise cache a router's value for ten minutes.
        sock.setsockopt(socket.IPPROTO_IP, kernel.IP_MTU_DISCOVER, kernel.IP_PMTUDISC_PROBE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WANTED_BUFFER_BYTES)
        with contextlib.suppress(PermissionError):
            sock.setsockopt(socket.SOL_SOCKET, kernel.SO_RCVBUFFORCE, WANTED_BUFFER_BYTES)
    return sock


@contextlib.contextmanager
def _closing_unless_made(sock: socket.socket) -> Iterator[None]:
    """Closes the socket if the block fails."""
    try:
        yield
    except BaseException:
        sock.close()
        raise


def _buffer_bytes(sock: socket.socket) -> int:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
