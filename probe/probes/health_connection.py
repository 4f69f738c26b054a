"""One connection to an XKS proxy, with KMS's TLS parameters, and one or two requests over it.

No request is signed if the client's ``peer_check`` rejects the server's certificate chain or name.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from probe.model.measurements import (
    CHECK_TIMED_OUT,
    NO_CREDENTIAL,
    HealthDetails,
    Measurement,
    Phase,
    TlsDetails,
)
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Check, Target
from probe.network import ExchangeFailed, Network
from probe.network.clock import Deadline, worst
from probe.network.http import HttpConnection
from probe.network.tcp import TcpConnection
from probe.probes.exchange import Exchange
from probe.probes.health_request import Client, RequestKind, details_of, request_of
from probe.probes.tls import details_of as tls_details_of
from probe.probes.tls import server_name_of

Publish = Callable[[Measurement], None]
EXCHANGE_S = 1.0  # KMS waits 0.25 s; a longer timeout shows by how much a slow proxy exceeds that
MIN_S = 2 * CALL_LIMIT_S  # an exchange needs at least this time, so that a late response is still measured


class ProxyConnection:
    """A new connection for one cold request, and optionally a warm one after it."""

    def __init__(self, target: Target, client: Client, network: Network, deadline: Deadline) -> None:
        self._target, self._client, self._network = target, client, network
        self._deadline = deadline
        self._channel: HttpConnection | None = None

    async def requests(self, purpose: RequestKind, publish: Publish, *, warm_too: bool = False) -> None:
        """A cold exchange; with ``warm_too`` also a warm one, if connection and remaining time allow it."""
        exchange = self._exchange(Check.HEALTH_COLD)
        exchange.details = HealthDetails(purpose=purpose, is_signed=purpose.is_signed)
        connection: TcpConnection | None = None
        try:
            async with exchange.ending():
                address = await exchange.resolve()
                connection = await self._network.connect(
                    address, self._target.port, timeout_s=exchange.remaining_s()
                )
                await self._cold(exchange, connection, purpose)
            publish(exchange.measurement())
            if self._channel is not None and connection is not None:
                if warm_too and self._deadline.remaining_s() >= MIN_S:
                    publish(await self._warm(self._channel, connection))
                else:
                    with suppress(ExchangeFailed):
                        await self._channel.close(0.05)
        finally:
            if connection is not None:
                connection.close()

    def _exchange(self, check: Check) -> Exchange:
        timeout_s = max(0.001, min(EXCHANGE_S, self._deadline.remaining_s()))
        return Exchange(self._target, check, self._network, timeout_s)

    async def _cold(self, exchange: Exchange, connection: TcpConnection, purpose: RequestKind) -> None:
        """The cold exchange; the channel is kept if it can be reused."""
        if connection.rtt_s is not None:
            exchange.phases_s[Phase.CONNECT] = connection.rtt_s
            exchange.timestamps = connection.timestamps
        server_name = server_name_of(self._target)
        shaken, channel = await self._network.tls_channel(
            connection, server_name, timeout_s=exchange.remaining_s()
        )
        if shaken.wait_s is not None:
            exchange.phases_s[Phase.HANDSHAKE] = shaken.wait_s
        exchange.failure = shaken.failure
        if channel is None:
            return
        seen = tls_details_of(server_name, connection.local_port, shaken, None)
        withheld = await self._withheld(exchange, purpose, seen)
        if withheld is not None:
            exchange.details = HealthDetails(purpose=purpose, withheld=withheld)
            return
        if await self._ask(exchange, channel, connection, purpose):
            self._channel = channel

    async def _withheld(self, exchange: Exchange, purpose: RequestKind, seen: TlsDetails) -> str | None:
        """Why the request is not sent.

        The certificates are checked in a thread: that takes milliseconds, on a busy machine more. The
        exchange gets the time back, because KMS's limit is about the proxy.
        """
        if not purpose.is_signed:
            return None
        if self._client.sign is None:
            return NO_CREDENTIAL
        clock = self._network.clock
        started_ns = clock.monotonic_ns()
        try:
            async with asyncio.timeout(self._deadline.remaining_s()):
                return await asyncio.to_thread(self._client.peer_check, self._target, seen)
        except TimeoutError:
            return CHECK_TIMED_OUT
        finally:
            own_s = (clock.monotonic_ns() - started_ns) / 1e9
            exchange.leave_out(own_s, limit_s=self._deadline.remaining_s())

    async def _warm(self, channel: HttpConnection, connection: TcpConnection) -> Measurement:
        exchange = self._exchange(Check.HEALTH_WARM)
        exchange.address = connection.address
        await self._ask(exchange, channel, connection, RequestKind.HEALTH)
        return exchange.measurement()

    async def _ask(
        self, exchange: Exchange, channel: HttpConnection, connection: TcpConnection, purpose: RequestKind
    ) -> bool:
        """Stores the response to a request in ``exchange``; returns whether the channel can be reused."""
        request = request_of(self._client, self._target, purpose)
        before_s = time.time()
        answer = await channel.exchange(request, timeout_s=exchange.remaining_s())
        middle_s = (before_s + time.time()) / 2
        details = details_of(answer, purpose, middle_s, len(request.body))
        exchange.details = replace(details, local_port=connection.local_port)
        exchange.failure = answer.failure
        exchange.phases_s |= answer.phases_s
        exchange.timestamps = worst(filter(None, (exchange.timestamps, answer.timestamps)))
        return answer.is_reusable and answer.failure is None
