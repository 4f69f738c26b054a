"""ICMP sockets: a datagram one where the system permits it, else two raw ones, else none and why.

A link moves packets and stamps; it knows nothing of targets, deadlines or matching (`echo`).
"""

import contextlib
import errno
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, TypeVar

from probe.network import kernel, packet_filter
from probe.network.batches import PACKETS, Packet, Plain, Received, Receiver, Sender, Stamp
from probe.network.kernel import ExtendedError
from probe.wire import icmp

_T = TypeVar("_T")
Mode = Literal["datagram", "raw"]

# At 10,000 echoes a second this is 0.4 s of the event loop's absence. Granted whole only with CAP_NET_ADMIN.
WANTED_BUFFER_BYTES = 4 * 1024 * 1024
# One drain takes no more, so that the event loop goes on; the rest keeps the socket readable.
PACKETS_PER_DRAIN = 4096
_ECHO_REPLY = bytes([icmp.ECHO_REPLY])
# Errors of other packets that a send or receive call may report instead of its own outcome
# (icmp_err_convert in net/ipv4/icmp.c): they are pending on the socket, and reported once.
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
    "ICMP sockets are not permitted here: allow datagram ICMP"
    " (sysctl -w net.ipv4.ping_group_range='0 2147483647') or grant CAP_NET_RAW; TCP needs neither"
)


class Reply(NamedTuple):
    """An ICMP message that may be an echo reply, and the address (four bytes) that sent it."""

    source: bytes
    message: bytes
    received_ns: int | None


class Sent(NamedTuple):
    """A transmit stamp. ``message`` is our own ICMP message, or None where ``key`` is the one we gave."""

    key: int
    message: bytes | None
    sent_ns: int


@dataclass(slots=True)
class Arrivals:
    """What came since the last call. ``errors`` are ICMP errors about echo requests of ours."""

    replies: list[Reply] = field(default_factory=list)
    stamps: list[Sent] = field(default_factory=list)
    errors: list[icmp.EchoError] = field(default_factory=list)


class Link(Protocol):
    """What the engine needs; tests give it one without sockets."""

    mode: Mode
    identifier: int
    receive_buffer_bytes: int
    dropped: int

    def send(self, packets: Sequence[Packet]) -> Mapping[int, OSError]:
        """Sends all, in few system calls; the positions of those that did not go out, each with why."""

    def receive(self, arrivals: Arrivals) -> None:
        """Adds everything that has come."""

    def sockets(self) -> tuple[socket.socket, ...]: ...

    def close(self) -> None: ...


def open_link(source: str | None) -> tuple[Link | None, str]:
    """The best link that the system permits; None and a sentence where there is none."""
    try:
        return DatagramLink(source), "datagram ICMP socket: needs no privilege"
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
    return f"no ICMP socket can be opened{where}: {error.strerror}"


class _Stamping:
    """The sending half, which both links share: transmit stamps under a key, or with the packet's copy."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sender = Sender()
        self._by_key = True
        self._proven = False
        self._message_bytes = 0
        sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.STAMPS_BY_ID)

    def send(self, packets: Sequence[Packet]) -> int:
        """How many went out from the first on, at least one. Raises OSError when the first did not."""
        self._message_bytes = len(packets[0].message)
        try:
            sent = self._sender.send(self._sock, packets, keyed=self._by_key)
        except OSError as error:
            if error.errno != errno.EINVAL or not self._by_key or self._proven:
                raise
            self.match_by_packet()  # Linux < 6.13 refuses the control message
            return self._sender.send(self._sock, packets, keyed=False)
        self._proven = True
        return sent

    def match_by_packet(self) -> None:
        self._by_key = False
        self._sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.STAMPS_BY_PACKET)

    def sent(self, stamp: Stamp) -> Sent:
        # The copy starts with a link header of any length, so it is read from its end.
        return Sent(stamp.key, None if self._by_key else stamp.data[-self._message_bytes :], stamp.sent_ns)


class DatagramLink:
    """One `SOCK_DGRAM` ICMP socket: the kernel chooses the identifier and passes only our replies."""

    mode: Mode = "datagram"

    def __init__(self, source: str | None) -> None:
        self._waiting = Arrivals()
        self.dropped = 0
        self._receiver = Receiver()
        self._sock = _icmp_socket(socket.SOCK_DGRAM, source)
        with _closing_unless_made(self._sock):
            self._sock.setsockopt(socket.IPPROTO_IP, kernel.IP_RECVERR, 1)
            self._stamping = _Stamping(self._sock)
            self.identifier: int = self._sock.getsockname()[1]
            self.receive_buffer_bytes = _buffer_bytes(self._sock)

    def send(self, packets: Sequence[Packet]) -> Mapping[int, OSError]:
        return _send_all(self._send_some, packets)

    def _send_some(self, packets: Sequence[Packet]) -> int:
        try:
            return self._stamping.send(packets)
        except OSError as error:
            if error.errno not in _PENDING:
                raise
            # With IP_RECVERR a send reports the pending error of another packet: take it, repeat once.
            self._take_errors(self._waiting)
            self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return self._stamping.send(packets)

    def receive(self, arrivals: Arrivals) -> None:
        waiting, self._waiting = self._waiting, Arrivals()
        arrivals.stamps += waiting.stamps
        arrivals.errors += waiting.errors
        for found in _drained(self._receiver.packets, self._sock):
            if isinstance(found, Plain):
                arrivals.replies.append(Reply(found.address, found.data, found.stamp_ns))
            else:
                self.dropped = found.ancillary.dropped or self.dropped
                arrivals.replies.append(Reply(found.address, found.data, found.ancillary.stamp_ns))
        # After the replies: the stamp of a request is in the queue before its reply is.
        self._take_errors(arrivals)

    def _take_errors(self, arrivals: Arrivals) -> None:
        for found in _drained(self._receiver.errors, self._sock):
            if isinstance(found, Stamp):
                arrivals.stamps.append(self._stamping.sent(found))
            elif (error := found.ancillary.error) is not None:
                self._take_error(error, found, arrivals)

    def _take_error(self, error: ExtendedError, found: Received, arrivals: Arrivals) -> None:
        stamp_ns = found.ancillary.stamp_ns
        if error.is_transmit_stamp and stamp_ns is not None:
            arrivals.stamps.append(self._stamping.sent(Stamp(error.data, stamp_ns, found.data)))
        elif error.origin == kernel.SO_EE_ORIGIN_ICMP and error.kind in icmp.ERRORS and found.address:
            # The data starts with the quoted ICMP header, the address is where it was sent to.
            echo = icmp.read_echo_request(found.data)
            if echo is not None:
                destination = socket.inet_ntoa(found.address)
                arrivals.errors.append(icmp.EchoError(error.kind, error.code, destination, echo))

    def sockets(self) -> tuple[socket.socket, ...]:
        return (self._sock,)

    def close(self) -> None:
        self._sock.close()


class RawLink:
    """Two raw sockets: one only sends (and has the stamps), one only receives what concerns us."""

    mode: Mode = "raw"

    def __init__(self, source: str | None) -> None:
        self.identifier = secrets.randbelow(0xFFFF) + 1
        self.dropped = 0
        self._incoming = Receiver()
        self._sender = _icmp_socket(socket.SOCK_RAW, source)
        with _closing_unless_made(self._sender):
            packet_filter.attach(self._sender, packet_filter.NOTHING)
            self._stamping = _Stamping(self._sender)
            self._receiver = _icmp_socket(socket.SOCK_RAW, source)
            with _closing_unless_made(self._receiver):
                self._begin_to_receive()

    def _begin_to_receive(self) -> None:
        packet_filter.attach(self._receiver, packet_filter.ours(self.identifier))
        self._receiver.setsockopt(
            socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.SOF_RX_SOFTWARE | kernel.SOF_SOFTWARE
        )
        self.receive_buffer_bytes = _buffer_bytes(self._receiver)

    def send(self, packets: Sequence[Packet]) -> Mapping[int, OSError]:
        return _send_all(self._stamping.send, packets)

    def receive(self, arrivals: Arrivals) -> None:
        for found in _drained(self._incoming.packets, self._receiver):
            if isinstance(found, Plain):
                _read_packet(found.data, found.stamp_ns, arrivals)
            else:
                self.dropped = found.ancillary.dropped or self.dropped
                _read_packet(found.data, found.ancillary.stamp_ns, arrivals)
        # After the replies: the stamp of a request is in the queue before its reply is.
        for stamp in _drained(self._incoming.errors, self._sender):
            if isinstance(stamp, Stamp):
                arrivals.stamps.append(self._stamping.sent(stamp))

    def sockets(self) -> tuple[socket.socket, ...]:
        return (self._receiver, self._sender)

    def close(self) -> None:
        self._sender.close()
        self._receiver.close()


def _read_packet(data: bytes, received_ns: int | None, arrivals: Arrivals) -> None:
    payload = icmp.payload_of_plain_ipv4(data)
    if payload is None:
        packet = icmp.read_ipv4(data)
        if packet is None:
            return
        payload = packet.payload
    error = icmp.read_echo_error(payload) if payload[:1] != _ECHO_REPLY else None
    if error is not None:
        arrivals.errors.append(error)
    else:
        arrivals.replies.append(Reply(data[12:16], payload, received_ns))


def _send_all(
    send_some: Callable[[Sequence[Packet]], int], packets: Sequence[Packet]
) -> Mapping[int, OSError]:
    """Call after call until each packet went out or was refused; a refused one stops none after it."""
    refused: dict[int, OSError] = {}
    position = 0
    while position < len(packets):
        try:
            position += send_some(packets[position : position + PACKETS])
        except OSError as error:
            refused[position] = error
            position += 1
    return refused


def _drained(receive: Callable[[socket.socket], list[_T]], sock: socket.socket) -> Iterator[_T]:
    """All that waits in a queue, call after call, up to `PACKETS_PER_DRAIN`."""
    for _ in range(PACKETS_PER_DRAIN // PACKETS):
        try:
            found = receive(sock)
        except OSError as error:
            if error.errno not in _PENDING:
                raise
            continue  # a pending error, reported once: its details lie in the error queue
        yield from found
        if len(found) < PACKETS:
            return


def _icmp_socket(kind: int, source: str | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP)
    with _closing_unless_made(sock):
        sock.setblocking(False)
        sock.bind((source or "", 0))
        sock.setsockopt(socket.SOL_SOCKET, kernel.SO_RXQ_OVFL, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WANTED_BUFFER_BYTES)
        with contextlib.suppress(PermissionError):
            sock.setsockopt(socket.SOL_SOCKET, kernel.SO_RCVBUFFORCE, WANTED_BUFFER_BYTES)
    return sock


@contextlib.contextmanager
def _closing_unless_made(sock: socket.socket) -> Iterator[None]:
    """What fails inside leaves no open socket behind."""
    try:
        yield
    except BaseException:
        sock.close()
        raise


def _buffer_bytes(sock: socket.socket) -> int:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
