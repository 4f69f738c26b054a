"""The bytes of a TLS session over its socket, bounded, and how a handshake over it fails."""

from collections.abc import Awaitable

from probe.model.measurements import Failure, Phase, Reason
from probe.network.clock import Deadline
from probe.network.failures import ExchangeFailed, failing
from probe.network.stamped import StampedSocket
from probe.network.tls_session import MAX_CERTIFICATE_BYTES, MAX_CHAIN, TlsRefused, TlsSession

MAX_HANDSHAKE_BYTES = 2 * MAX_CHAIN * MAX_CERTIFICATE_BYTES


async def failure_of(handshake: Awaitable[None], deadline: Deadline) -> Failure | None:
    """Why the handshake did not complete before the deadline; None if it did."""
    try:
        async with failing(Phase.HANDSHAKE, deadline.remaining_s()):
            await handshake
    except ExchangeFailed as failed:
        return failed.failure
    except TlsRefused as refused:
        return Failure(phase=Phase.HANDSHAKE, reason=refused.reason, detail=refused.detail)
    return None


class TlsTransport:
    def __init__(self, session: TlsSession, stamped: StampedSocket) -> None:
        self._session, self._stamped = session, stamped
        self._received_bytes = 0
        self._lost: ConnectionError | None = None

    async def send(self, *parts: bytes) -> None:
        """One part after the other. A lost connection is an error only for the next `take`."""
        try:
            for part in parts:
                await self._stamped.send(part)
        except ConnectionError as error:
            # The connection is lost, but an alert with the cause may still be in the receive queue.
            self._lost = error

    async def take(self) -> bytes:
        """The next bytes; the session gets them, too. Raises `TlsRefused` at the end and over the limit."""
        data = await self._stamped.receive()
        if not data and self._lost is not None:
            raise self._lost
        if not data:
            raise TlsRefused(Reason.CLOSED, "the server closed the connection")
        self._received_bytes += len(data)
        if self._received_bytes > MAX_HANDSHAKE_BYTES:
            raise TlsRefused(Reason.OVER_LIMIT, f"the handshake is larger than {MAX_HANDSHAKE_BYTES} bytes")
        self._session.feed(data)
        return data

    def end(self, *, completed: bool) -> None:
        """Send an alert, or close_notify after a handshake, if still possible, without waiting."""
        if completed:
            self._session.close_notify()
        if output := self._session.output():
            self._stamped.send_at_once(output)
