"""The bytes of a TLS session over its socket: a lost connection, the end, the limit."""

import asyncio
from typing import Any

import pytest

from probe.model.measurements import Phase, Reason
from probe.network.clock import SYSTEM_CLOCK, Deadline
from probe.network.tls_session import TlsRefused
from probe.network.tls_transport import MAX_HANDSHAKE_BYTES, TlsTransport, failure_of


class Session:
    """Records what it is fed; ``left`` is its output."""

    def __init__(self, left: bytes = b"") -> None:
        self.fed, self.left, self.closed = b"", left, False

    def feed(self, data: bytes) -> None:
        self.fed += data

    def close_notify(self) -> None:
        self.closed = True

    def output(self) -> bytes:
        return self.left


class Stamped:
    """Answers with ``received``, then with the end of the stream; ``lost``: sending fails."""

    def __init__(self, *received: bytes, lost: bool = False) -> None:
        self._received, self._is_lost = list(received), lost
        self.sent: list[bytes] = []

    async def send(self, data: bytes) -> None:
        if self._is_lost:
            raise ConnectionResetError(104, "reset")
        self.sent.append(data)

    def send_at_once(self, data: bytes) -> None:
        self.sent.append(data)

    async def receive(self) -> bytes:
        return self._received.pop(0) if self._received else b""


def transport(session: Session, stamped: Stamped) -> TlsTransport:
    made: Any = TlsTransport
    return made(session, stamped)


async def test_bytes_taken_are_fed_to_the_session() -> None:
    session = Session()
    assert await transport(session, Stamped(b"flight")).take() == b"flight"
    assert session.fed == b"flight"


async def test_an_alert_is_still_read_from_a_connection_that_is_lost_for_sending() -> None:
    of = transport(Session(), Stamped(b"alert", lost=True))
    await of.send(b"hello")
    assert await of.take() == b"alert"
    with pytest.raises(ConnectionResetError):
        await of.take()


async def test_the_end_of_the_stream_is_a_refusal() -> None:
    with pytest.raises(TlsRefused, match="the server closed the connection") as refused:
        await transport(Session(), Stamped()).take()
    assert refused.value.reason is Reason.CLOSED


@pytest.mark.parametrize(
    ("count", "is_refused"), [(MAX_HANDSHAKE_BYTES, False), (MAX_HANDSHAKE_BYTES + 1, True)]
)
async def test_a_handshake_over_the_limit_is_refused(count: int, *, is_refused: bool) -> None:
    of = transport(Session(), Stamped(b"x" * (count - 1), b"x"))
    await of.take()
    if is_refused:
        with pytest.raises(TlsRefused) as refused:
            await of.take()
        assert refused.value.reason is Reason.OVER_LIMIT
    else:
        assert await of.take() == b"x"


@pytest.mark.parametrize("completed", [True, False])
def test_the_session_is_closed_only_after_a_handshake(*, completed: bool) -> None:
    session, stamped = Session(b"last"), Stamped()
    transport(session, stamped).end(completed=completed)
    assert (session.closed, stamped.sent) == (completed, [b"last"])


def test_nothing_is_sent_if_nothing_is_left() -> None:
    stamped = Stamped()
    transport(Session(), stamped).end(completed=False)
    assert stamped.sent == []


async def shaken(error: Exception | None = None, *, silent: bool = False) -> None:
    if silent:
        await asyncio.Event().wait()
    if error is not None:
        raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (None, None),
        (TlsRefused(Reason.PROTOCOL_ERROR, "alert 40"), Reason.PROTOCOL_ERROR),
        (ConnectionResetError(104, "reset"), Reason.RESET),
    ],
    ids=["completed", "refused", "reset"],
)
async def test_why_a_handshake_fails_is_a_failure_of_its_phase(
    error: Exception | None, reason: Reason | None
) -> None:
    failure = await failure_of(shaken(error), Deadline(SYSTEM_CLOCK, 60.0))
    assert (failure and failure.reason) == reason
    assert failure is None or failure.phase is Phase.HANDSHAKE


async def test_a_silent_server_is_a_timeout() -> None:
    failure = await failure_of(shaken(silent=True), Deadline(SYSTEM_CLOCK, 0.01))
    assert failure is not None
    assert failure.reason is Reason.TIMED_OUT
