"""Application data over TLS after the handshake, on a socket with kernel timestamps."""

from dataclasses import dataclass

from probe.model.measurements import Reason
from probe.network.http import Chunk
from probe.network.stamped import StampedSocket
from probe.network.tls_session import TlsRefused, TlsSession


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsChannel:
    """Implements `http.Channel`."""

    session: TlsSession
    stamped: StampedSocket

    @property
    def at_record_boundary(self) -> bool:
        return self.session.is_between_records

    async def send(self, data: bytes) -> None:
        self.session.write(data)
        await self.stamped.send(self.session.output())

    async def receive(self) -> Chunk:
        data = await self.stamped.receive()
        if not data:
            return Chunk(b"", ended=True)
        self.session.feed(data)
        parts: list[bytes] = []
        try:
            while part := self.session.read():
                parts.append(part)
        except TlsRefused as refused:
            if refused.reason is not Reason.CLOSED:
                raise
            return Chunk(b"".join(parts), ended=True)
        return Chunk(b"".join(parts), ended=False)

    async def close_notify(self) -> None:
        self.session.close_notify()
        await self.stamped.send(self.session.output())
