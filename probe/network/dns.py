"""Sends a DNS query to a name server: by UDP with kernel timestamps, then by TCP if truncated."""

import asyncio
import secrets
import socket
from dataclasses import dataclass

from probe.model.measurements import DnsDetails, Failure, Phase, Reason, Timestamps
from probe.model.targets import Question
from probe.network.clock import Clock, Deadline, Timing
from probe.network.datagram import Peer, exchange
from probe.network.failures import fail, failing
from probe.network.tcp import connect
from probe.wire.dns import question_packet, read_answer

PORT = 53  # RFC 1035, section 4.2
_LENGTH_BYTES = 2  # prefix of a message over TCP (RFC 1035, section 4.2.2), so a message has at most 64 KiB
_REASONS = {
    "NOERROR": None,
    "NXDOMAIN": Reason.NAME_NOT_FOUND,
    "FORMERR": Reason.PROTOCOL_ERROR,
    "NOTIMP": Reason.PROTOCOL_ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsResponse:
    """The response to a query; ``failure`` follows from the response code.

    ``wait_s`` is the UDP round trip, even if TCP was used afterwards. ``wait_s`` and ``timestamps`` are None
    if discarded because the wall clock was stepped.
    """

    details: DnsDetails
    wait_s: float | None
    timestamps: Timestamps | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A query to a server. ``view`` is the kind of server."""

    server: str
    question: Question
    port: int = PORT
    view: str = "resolver"
    source: str | None = None


async def ask(inquiry: Inquiry, *, clock: Clock, timeout_s: float) -> DnsResponse:
    """Raises `ExchangeFailed` (connect, send, wait, receive), and ValueError for an invalid question."""
    deadline = Deadline(clock, timeout_s)
    details, timing = await _ask_by_datagram(inquiry, clock, deadline)
    if details.truncated:
        details = await _ask_by_stream(inquiry, deadline)
    return DnsResponse(
        details=details,
        wait_s=timing.duration_s,
        timestamps=timing.timestamps,
        failure=failure_of(details.rcode),
    )


def failure_of(rcode: str | None) -> Failure | None:
    """The failure for a response code, or None.

    >>> failure_of("NOERROR") is None, str(failure_of("REFUSED").reason)
    (True, 'server_failure')
    """
    reason = _REASONS.get(rcode or "", Reason.SERVER_FAILURE)
    return Failure(phase=Phase.WAIT, reason=reason, detail=f"rcode {rcode}") if reason else None


async def _ask_by_datagram(inquiry: Inquiry, clock: Clock, deadline: Deadline) -> tuple[DnsDetails, Timing]:
    identifier = secrets.randbits(16)
    server = Peer(address=inquiry.server, port=inquiry.port, source=inquiry.source)
    packet = question_packet(inquiry.question, identifier)
    return await exchange(
        server, packet, lambda data: _details(data, inquiry, identifier), clock=clock, deadline=deadline
    )


async def _ask_by_stream(inquiry: Inquiry, deadline: Deadline) -> DnsDetails:
    connection = await connect(
        inquiry.server, inquiry.port, source=inquiry.source, timeout_s=deadline.remaining_s()
    )
    try:
        async with failing(Phase.RECEIVE, deadline.remaining_s()):
            return await _exchange_by_stream(connection.sock, inquiry)
    finally:
        connection.close()


async def _exchange_by_stream(sock: socket.socket | None, inquiry: Inquiry) -> DnsDetails:
    if sock is None:
        raise ValueError("the connection has no socket")
    identifier = secrets.randbits(16)
    packet = question_packet(inquiry.question, identifier)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, len(packet).to_bytes(_LENGTH_BYTES, "big") + packet)
    length = int.from_bytes(await _read_exactly(sock, _LENGTH_BYTES), "big")
    details = _details(await _read_exactly(sock, length), inquiry, identifier)
    if details is None:
        raise fail(Phase.RECEIVE, Reason.PROTOCOL_ERROR, "the response by TCP does not match the query")
    return details


async def _read_exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = await asyncio.get_running_loop().sock_recv(sock, count - len(data))
        if not part:
            raise fail(Phase.RECEIVE, Reason.CLOSED, "the server closed the connection")
        data += part
    return data


def _details(data: bytes, inquiry: Inquiry, identifier: int) -> DnsDetails | None:
    return read_answer(data, inquiry.question, identifier, server=inquiry.server, view=inquiry.view)
