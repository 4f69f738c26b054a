"""A handshake whose ClientHello spans two TCP segments, as a post-quantum client's does.

The handshake is completed if the server goes on, so that it logs no error, but only its first answer counts.
The connection and its deadline are the caller's.
"""

import socket
from dataclasses import dataclass

from probe.model.large_client_hello import HelloAnswer
from probe.model.measurements import ClientHelloProfile, Failure, Phase, Reason, Timestamps
from probe.network.clock import INVALID_SAMPLE, Clock, Deadline, Timing
from probe.network.failures import ExchangeFailed, failing
from probe.network.stamped import StampedSocket
from probe.network.tcp import TcpConnection
from probe.network.tls import sni
from probe.network.tls_session import TlsSession
from probe.network.tls_transport import TlsTransport, failure_of
from probe.wire.first_answer import FirstAnswer, first_answer

_KINDS = {Reason.TIMED_OUT: HelloAnswer.TIMED_OUT, Reason.RESET: HelloAnswer.RESET}


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeHandshake:
    """The result; the fields are those of `LargeClientHello`."""

    answer: HelloAnswer
    sent_bytes: int
    wait_s: float | None = None
    timestamps: Timestamps | None = None
    group: str | None = None
    alert: int | None = None
    failure: Failure | None = None


async def large_handshake(
    connection: TcpConnection, server_name: str | None, *, clock: Clock, timeout_s: float
) -> LargeHandshake:
    """Never raises for network failures, because the kind of failure is the result."""
    if connection.sock is None:
        raise ValueError("a handshake needs a connection with a socket")
    deadline = Deadline(clock, timeout_s)
    try:
        async with failing(Phase.HANDSHAKE, deadline.remaining_s()):
            session = TlsSession(ClientHelloProfile.LARGE, sni(server_name))
            conversation = _Conversation(session, StampedSocket(connection.sock, clock), connection.sock)
    except ExchangeFailed as failed:
        return LargeHandshake(
            answer=_KINDS.get(failed.failure.reason, HelloAnswer.OTHER), sent_bytes=0, failure=failed.failure
        )
    failure = await failure_of(conversation.shake_hands(), deadline)
    conversation.end()
    return conversation.result(failure)


class _Conversation:
    """``received`` is the beginning of what the server sent, until `first_answer` can tell its kind."""

    def __init__(self, session: TlsSession, stamped: StampedSocket, sock: socket.socket) -> None:
        self._session, self._stamped, self._sock = session, stamped, sock
        self._transport = TlsTransport(session, stamped)
        self._sent_bytes = 0
        self._received = b""
        self._answer: FirstAnswer | None = None
        self._flight: Timing = INVALID_SAMPLE
        self._completed = False

    async def shake_hands(self) -> None:
        self._session.handshake()
        hello = self._session.output()
        self._sent_bytes = len(hello)
        await self._transport.send(
            *_parts(hello, self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
        )
        is_first_flight = True
        while not self._completed:
            await self._take()
            self._completed = self._session.handshake()
            output = self._session.output()
            if is_first_flight and (self._completed or output):
                # The flight is complete; read its timestamps before the next send.
                self._flight, is_first_flight = self._stamped.timing(), False
            if output:
                await self._transport.send(output)

    async def _take(self) -> None:
        data = await self._transport.take()
        if self._answer is None:
            self._received += data
            self._answer = first_answer(self._received)

    def end(self) -> None:
        self._transport.end(completed=self._completed)

    def result(self, failure: Failure | None) -> LargeHandshake:
        found = self._answer
        return LargeHandshake(
            answer=found.kind if found else _without_answer(failure, self._received),
            sent_bytes=self._sent_bytes,
            wait_s=self._flight.duration_s,
            timestamps=self._flight.timestamps,
            group=self._session.group if self._completed else None,
            alert=found.alert if found else None,
            failure=failure,
        )


def _parts(hello: bytes, segment_bytes: int) -> tuple[bytes, ...]:
    """The parts to send one by one. The kernel itself splits a ClientHello larger than a segment.

    One that fits, as with jumbo frames, is sent in halves: KMS's path may have smaller segments.
    """
    if len(hello) > segment_bytes:
        return (hello,)
    half = len(hello) // 2
    return hello[:half], hello[half:]


def _without_answer(failure: Failure | None, received: bytes) -> HelloAnswer:
    """A black hole is silent: a server that sent a part of an answer has received the ClientHello."""
    kind = _KINDS.get(failure.reason, HelloAnswer.OTHER) if failure else HelloAnswer.OTHER
    return HelloAnswer.OTHER if received and kind is HelloAnswer.TIMED_OUT else kind
