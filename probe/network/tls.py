"""A TLS handshake over TCP, with kernel timestamps.

The duration of a handshake is the sum of the waits for the server's flights: each wait lasts from the
kernel's transmit timestamp of the client's last byte to its receive timestamp of the last byte of the
server's flight. TLS 1.3 has one such wait (two after a HelloRetryRequest), TLS 1.2 has two. Local computing
time is excluded, the server's is included. The client's Finished in TLS 1.3 gets no reply, so it adds no
time.
"""

import contextlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from probe.model.measurements import ClientHelloProfile, Failure, Phase, Reason, Timestamps
from probe.network import client_certificate
from probe.network.clock import INVALID_SAMPLE, Clock, Deadline, Timing, worst
from probe.network.failures import ExchangeFailed, fail, failing, raise_failure
from probe.network.stamped import StampedSocket
from probe.network.tcp import TcpConnection
from probe.network.tls_channel import TlsChannel
from probe.network.tls_session import (
    MAX_CERTIFICATE_BYTES,
    MAX_CHAIN,
    TlsRefused,
    TlsSession,
    within_limits,
)
from probe.network.tls_transport import TlsTransport, failure_of

# A chain of maximum size, and as much again for everything else.
_MAX_NAME_BYTES = 253  # RFC 1035, section 2.3.4, as text


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """Facts learned from a handshake, successful or not; ``failure`` is None if it succeeded.

    ``wait_s`` is None if it failed, or if discarded because the wall clock was stepped. ``chain`` is DER, as
    sent, at most 16 certificates of 16 KiB. ``not_tls`` are the first bytes received, if they are not TLS.
    """

    offer: ClientHelloProfile
    failure: Failure | None = None
    wait_s: float | None = None
    timestamps: Timestamps | None = None
    version: str | None = None
    cipher: str | None = None
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    client_certificate_requested: bool | None = None
    answered_without_client_certificate: bool | None = None
    alert: int | None = None
    not_tls: bytes = b""


async def handshake(
    connection: TcpConnection,
    server_name: str | None,
    offer: ClientHelloProfile,
    *,
    clock: Clock,
    timeout_s: float,
) -> Handshake:
    """Never raises for network failures, because a failed handshake provides facts, too."""
    deadline = Deadline(clock, timeout_s)
    try:
        conversation = _conversation(connection, server_name, offer, clock)
    except ExchangeFailed as failed:
        return Handshake(offer=offer, failure=failed.failure)
    session = conversation.session
    failure = await _failure_of(conversation, deadline)
    answered = None
    if failure is None and session.certificate_requested:
        answered = await conversation.serves_without_certificate(server_name or connection.address, deadline)
    elif session.certificate_requested and session.alert in client_certificate.REFUSALS:
        answered = False
    conversation.end()
    return _summary(offer, conversation, failure, answered=answered)


async def channel(
    connection: TcpConnection,
    server_name: str | None,
    offer: ClientHelloProfile,
    *,
    clock: Clock,
    timeout_s: float,
) -> tuple[Handshake, TlsChannel | None]:
    """Like `handshake`, plus a channel for application data; None after a failed handshake.

    It sends no test request without a client certificate: the first response on the channel shows the result.
    """
    deadline = Deadline(clock, timeout_s)
    try:
        conversation = _conversation(connection, server_name, offer, clock)
    except ExchangeFailed as failed:
        return Handshake(offer=offer, failure=failed.failure), None
    failure = await _failure_of(conversation, deadline)
    shaken = _summary(offer, conversation, failure, answered=None)
    if failure is None:
        return shaken, TlsChannel(session=conversation.session, stamped=conversation.stamped)
    conversation.end()
    return shaken, None


def _conversation(
    connection: TcpConnection, server_name: str | None, offer: ClientHelloProfile, clock: Clock
) -> "_Conversation":
    """Raises ExchangeFailed if not even a ClientHello can be sent."""
    if connection.sock is None:
        raise ValueError("a handshake needs a connection with a socket")
    session = TlsSession(offer, sni(server_name))
    try:
        return _Conversation(session, StampedSocket(connection.sock, clock))
    except OSError as error:
        raise_failure(Phase.HANDSHAKE, error)
        raise


@lru_cache(maxsize=1024)
def sni(server_name: str | None) -> bytes | None:
    """The server name to send, never an address (RFC 6066, section 3). Raises ExchangeFailed."""
    if server_name is None:
        return None
    try:
        ipaddress.ip_address(server_name)
    except ValueError:
        pass
    else:
        return None
    try:
        encoded = server_name.encode("ascii") if server_name.isascii() else server_name.encode("idna")
    except UnicodeError as error:
        raise fail(
            Phase.HANDSHAKE, Reason.PROTOCOL_ERROR, "the server name is not a valid host name"
        ) from error
    if not 0 < len(encoded) <= _MAX_NAME_BYTES or b"\0" in encoded:
        raise fail(Phase.HANDSHAKE, Reason.PROTOCOL_ERROR, "the server name is not a valid host name")
    return encoded


async def _failure_of(conversation: "_Conversation", deadline: Deadline) -> Failure | None:
    failure = await failure_of(conversation.shake_hands(), deadline)
    if failure is not None:
        return failure
    chain = conversation.session.chain()
    if within_limits(chain) != chain:
        detail = f"more than {MAX_CHAIN} certificates, or one larger than {MAX_CERTIFICATE_BYTES} bytes"
        return Failure(phase=Phase.HANDSHAKE, reason=Reason.OVER_LIMIT, detail=detail)
    return None


def _summary(
    offer: ClientHelloProfile,
    conversation: "_Conversation",
    failure: Failure | None,
    *,
    answered: bool | None,
) -> Handshake:
    session = conversation.session
    flights = conversation.flights
    done = failure is None and bool(flights)
    requested = session.certificate_requested
    waited = _total(flights) if done else INVALID_SAMPLE
    return Handshake(
        offer=offer,
        failure=failure,
        wait_s=waited.duration_s,
        timestamps=waited.timestamps,
        version=session.version,
        cipher=session.cipher,
        chain=within_limits(session.chain()),
        client_certificate_requested=requested if requested or conversation.completed else None,
        answered_without_client_certificate=answered,
        alert=session.alert,
        not_tls=session.not_tls,
    )


def _total(flights: Sequence[Timing]) -> Timing:
    """The sum of the waits; it is only as accurate as its worst part."""
    durations_ns = [f.duration_ns for f in flights if f.duration_ns is not None]
    stamps = worst(flight.timestamps for flight in flights)
    if len(durations_ns) < len(flights) or stamps is None:
        return INVALID_SAMPLE
    return Timing(duration_ns=sum(durations_ns), timestamps=stamps)


class _Conversation:
    """A TLS session over its socket; ``flights`` are the waits for the server's flights."""

    def __init__(self, session: TlsSession, stamped: StampedSocket) -> None:
        self.session = session
        self.stamped = stamped
        self.flights: list[Timing] = []
        self.completed = False
        self._transport = TlsTransport(session, stamped)

    async def shake_hands(self) -> None:
        answered = False
        while True:
            done = self.session.handshake()
            output = self.session.output()
            # The flight is complete when the client can continue; read its timestamps before the next send.
            if answered and (done or output):
                self.flights.append(self.stamped.timing())
            if output:
                await self._transport.send(output)
            if done:
                self.completed = True
                return
            await self._transport.take()
            answered = True

    async def serves_without_certificate(self, host: str, deadline: Deadline) -> bool | None:
        """Whether the server answers an unsigned request although the client sent no certificate.

        In TLS 1.3 the server refuses only after the client's last flight (RFC 8446, section 4.4.2.4), so the
        handshake does not show it. None without a response, or if it ended without a refusing alert.
        """
        request = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        answer = bytearray()
        # Data received before a failure is evaluated, too.
        with contextlib.suppress(TlsRefused, ExchangeFailed):
            async with failing(Phase.WAIT, deadline.remaining_s()):
                self.session.write(request.encode("ascii", "replace"))
                await self._transport.send(self.session.output())
                await self._take_answer(answer)
        if self.session.alert in client_certificate.REFUSALS:
            return False
        return client_certificate.accepts_none(bytes(answer))

    async def _take_answer(self, answer: bytearray) -> None:
        while True:
            while data := self.session.read():  # limited by the data of one `take`
                answer += data
            if client_certificate.is_enough(bytes(answer)):
                return
            await self._transport.take()

    def end(self) -> None:
        self._transport.end(completed=self.completed)
