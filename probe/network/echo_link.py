"""ICMP sockets: a datagram one where the system permits it, else two raw ones, else none and why.

A link moves packets and stamps; it knows nothing of targets, deadlines or matching (`echo`).
"""

import contextlib
import errno
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from probe.network import kernel, packet_filter
from probe.network.kernel import Ancillary
from probe.wire import icmp

Mode = Literal["datagram", "raw"]

# At 10,000 echoes a second this is 0.4 s of the event loop's absence. Granted whole only with CAP_NET_ADMIN.
WANTED_BUFFER_BYTES = 4 * 1024 * 1024
# One drain takes no more, so that the event loop goes on; the rest keeps the socket readable.
PACKETS_PER_DRAIN = 4096
_PACKET_BYTES = 2048
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


@dataclass(frozen=True, slots=True)
class Reply:
    """An ICMP message that may be an echo reply, and who sent it."""

    source: str
    message: bytes
    received_ns: int | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A transmit stamp. ``message`` is our own ICMP message, or None where ``key`` is the one we gave."""

    key: int
    message: bytes | None
    sent_ns: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An ICMP error about an echo request of ours."""

    error: icmp.EchoError


Arrival = Reply | Sent | Refused


class Link(Protocol):
    """What the engine needs; tests give it one without sockets."""

    mode: Mode
    identifier: int
    receive_buffer_bytes: int
    dropped: int

    def send(self, address: str, message: bytes, key: int) -> None:
        """Raises OSError when the packet did not go out."""

    def receive(self) -> list[Arrival]:
        """Everything that has come, replies before the stamps of their requests."""

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
        self._by_key = True
        self._proven = False
        sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.STAMPS_BY_ID)

    def send(self, address: str, message: bytes, key: int) -> None:
        if self._by_key:
            try:
                self._sock.sendmsg([message], [kernel.stamp_identifier(key)], 0, (address, 0))
            except OSError as error:
                if error.errno != errno.EINVAL or self._proven:
                    raise
                self.match_by_packet()  # Linux < 6.13 refuses the control message
            else:
                self._proven = True
                return
        self._sock.sendto(message, (address, 0))

    def match_by_packet(self) -> None:
        self._by_key = False
        self._sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.STAMPS_BY_PACKET)

    def sent(self, packet: bytes, key: int, sent_ns: int, message_bytes: int) -> Sent:
        # The copy starts with a link header of any length, so it is read from its end.
        return Sent(key, None if self._by_key else packet[-message_bytes:], sent_ns)


class DatagramLink:
    """One `SOCK_DGRAM` ICMP socket: the kernel chooses the identifier and passes only our replies."""

    mode: Mode = "datagram"

    def __init__(self, source: str | None) -> None:
        self._message_bytes = 0
        self._waiting: list[Arrival] = []
        self.dropped = 0
        self._sock = _icmp_socket(socket.SOCK_DGRAM, source)
        with _closing_unless_made(self._sock):
            self._sock.setsockopt(socket.IPPROTO_IP, kernel.IP_RECVERR, 1)
            self._stamping = _Stamping(self._sock)
            self.identifier: int = self._sock.getsockname()[1]
            self.receive_buffer_bytes = _buffer_bytes(self._sock)

    def send(self, address: str, message: bytes, key: int) -> None:
        self._message_bytes = len(message)
        try:
            self._stamping.send(address, message, key)
        except OSError as error:
            if error.errno not in _PENDING:
                raise
            # With IP_RECVERR a send reports the pending error of another packet: take it, repeat once.
            self._waiting += self._errors()
            self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._stamping.send(address, message, key)

    def receive(self) -> list[Arrival]:
        arrivals, self._waiting = self._waiting, []
        for data, source, ancillary in _packets(self._sock):
            self.dropped = ancillary.dropped or self.dropped
            arrivals.append(Reply(source, data, ancillary.stamp_ns))
        return arrivals + self._errors()

    def _errors(self) -> list[Arrival]:
        found: list[Arrival] = []
        for data, destination, ancillary in _packets(self._sock, kernel.MSG_ERRQUEUE):
            error = ancillary.error
            if error is None:
                continue
            if error.is_transmit_stamp and ancillary.stamp_ns is not None:
                sent = self._stamping.sent(data, error.data, ancillary.stamp_ns, self._message_bytes)
                found.append(sent)
            elif error.origin == kernel.SO_EE_ORIGIN_ICMP and error.kind in icmp.ERRORS:
                # The data starts with the quoted ICMP header, the address is where it was sent to.
                echo = icmp.read_echo_request(data)
                if echo is not None:
                    found.append(Refused(icmp.EchoError(error.kind, error.code, destination, echo)))
        return found

    def sockets(self) -> tuple[socket.socket, ...]:
        return (self._sock,)

    def close(self) -> None:
        self._sock.close()


class RawLink:
    """Two raw sockets: one only sends (and has the stamps), one only receives what concerns us."""

    mode: Mode = "raw"

    def __init__(self, source: str | None) -> None:
        self.identifier = secrets.randbelow(0xFFFF) + 1
        self._sender = _icmp_socket(socket.SOCK_RAW, source)
        with _closing_unless_made(self._sender):
            packet_filter.attach(self._sender, packet_filter.NOTHING)
            self._stamping = _Stamping(self._sender)
            self._receiver = _icmp_socket(socket.SOCK_RAW, source)
            with _closing_unless_made(self._receiver):
                self._begin_to_receive()
        self._message_bytes = 0
        self.dropped = 0

    def _begin_to_receive(self) -> None:
        packet_filter.attach(self._receiver, packet_filter.ours(self.identifier))
        self._receiver.setsockopt(
            socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.SOF_RX_SOFTWARE | kernel.SOF_SOFTWARE
        )
        self.receive_buffer_bytes = _buffer_bytes(self._receiver)

    def send(self, address: str, message: bytes, key: int) -> None:
        self._message_bytes = len(message)
        self._stamping.send(address, message, key)

    def receive(self) -> list[Arrival]:
        arrivals: list[Arrival] = []
        for data, _source, ancillary in _packets(self._receiver):
            self.dropped = ancillary.dropped or self.dropped
            arrival = _read_packet(data, ancillary.stamp_ns)
            if arrival is not None:
                arrivals.append(arrival)
        for data, _source, ancillary in _packets(self._sender, kernel.MSG_ERRQUEUE):
            error = ancillary.error
            if error is not None and error.is_transmit_stamp and ancillary.stamp_ns is not None:
                sent = self._stamping.sent(data, error.data, ancillary.stamp_ns, self._message_bytes)
                arrivals.append(sent)
        return arrivals

    def sockets(self) -> tuple[socket.socket, ...]:
        return (self._receiver, self._sender)

    def close(self) -> None:
        self._sender.close()
        self._receiver.close()


def _read_packet(data: bytes, received_ns: int | None) -> Arrival | None:
    packet = icmp.read_ipv4(data)
    if packet is None:
        return None
    error = icmp.read_echo_error(packet.payload)
    return Refused(error) if error else Reply(packet.source, packet.payload, received_ns)


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


def _packets(sock: socket.socket, flags: int = 0) -> Iterator[tuple[bytes, str, Ancillary]]:
    """What waits in a queue of ``sock``: data, the address beside it, ancillary data."""
    for _ in range(PACKETS_PER_DRAIN):
        try:
            data, items, _flags, address = sock.recvmsg(_PACKET_BYTES, kernel.ANCILLARY_BYTES, flags)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            if error.errno not in _PENDING:
                raise
            continue  # a pending error, reported once: its details lie in the error queue
        source = address[0] if isinstance(address, tuple) and address else ""
        yield data, source, kernel.read_ancillary(items)
