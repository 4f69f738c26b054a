"""Requests to an XKS proxy as KMS makes them: signed, each cold one over a connection of its own, in phases.

Nothing is signed for a peer of whose chain or name ``may_sign`` disapproves.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum

from probe import __version__
from probe.model.measurements import (
    HealthDetails,
    Measurement,
    Phase,
    TlsDetails,
)
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Check, Target
from probe.network import ExchangeFailed, Network
from probe.network.clock import Deadline, worst
from probe.network.http import HttpAnswer, HttpConnection, HttpRequest
from probe.network.tcp import TcpConnection
from probe.probes.exchange import Exchange
from probe.probes.tls import details_of, server_name_of
from probe.wire import health as wire

COLD_EXCHANGES = 5  # contracts, rules of judgement: at least
EXCHANGE_S = 1.0  # KMS waits 0.25 s; how much longer it would have taken is worth to know
_LEAST_S = 2 * CALL_LIMIT_S  # what is not answered by then KMS would not have had in time
_SHOWN_BYTES = 512
Sign = Callable[[str, str, bytes], Sequence[tuple[str, str]]]
MaySign = Callable[[Target, TlsDetails], str | None]


class Purpose(StrEnum):
    """Which request; a value of `HealthDetails.purpose`."""

    HEALTH = "health"
    LARGE_BODY = "large_body"
    UNSIGNED = "unsigned"
    GET = "get"
    KEY_METADATA = "key_metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """How to ask. ``sign`` None: without a credential, and only what bears no signature is sent.

    ``path`` is the URI path as KMS is told it. ``may_sign`` says why a peer must not be signed for, None if
    it may.
    """

    path: str
    may_sign: MaySign
    sign: Sign | None = None
    key_id: str | None = None
    principal_arn: str = "arn:aws:iam::000000000000:role/xks-probe"


async def measure(
    target: Target, client: Client, network: Network, timeout_s: float
) -> tuple[Measurement, ...]:
    """All requests to one target, within ``timeout_s``: cold ones, a warm one, then those about conformance.

    After two without an answer in a row the rest is not tried: it would only say the same. Nor is one begun
    for which so little time is left that our own deadline, not the proxy, would end it.
    """
    deadline = Deadline(network.clock, timeout_s)
    least_s = min(_LEAST_S, timeout_s / 2)
    found: list[Measurement] = []
    while len(found) < COLD_EXCHANGES and deadline.remaining_s() >= least_s and not _is_decided(found):
        last = len(found) == COLD_EXCHANGES - 1
        found += await _Visit(target, client, network, deadline).cold(Purpose.HEALTH, warm_too=last)
    for purpose in () if _is_silent(found) else _others(client, found):
        if deadline.remaining_s() >= least_s:
            found += await _Visit(target, client, network, deadline).cold(purpose)
    return tuple(found)


def _is_decided(found: Sequence[Measurement]) -> bool:
    return _is_silent(found) or _is_withheld(found)


def _is_silent(found: Sequence[Measurement]) -> bool:
    return len(found) > 1 and all(each.failure is not None for each in found[-2:])


def _is_withheld(found: Sequence[Measurement]) -> bool:
    return any(isinstance(each.details, HealthDetails) and each.details.withheld for each in found)


def _others(client: Client, found: Sequence[Measurement]) -> tuple[Purpose, ...]:
    """What bears no signature, and what does if it may be sent."""
    unsigned = (Purpose.UNSIGNED, Purpose.GET)
    if _is_withheld(found):
        return unsigned
    return (*unsigned, Purpose.LARGE_BODY, *((Purpose.KEY_METADATA,) if client.key_id else ()))


class _Visit:
    """One connection, and the requests over it."""

    def __init__(self, target: Target, client: Client, network: Network, deadline: Deadline) -> None:
        self._target, self._client, self._network = target, client, network
        self._deadline = deadline

    def _timeout_s(self) -> float:
        return max(0.001, min(EXCHANGE_S, self._deadline.remaining_s()))

    async def cold(self, purpose: Purpose, *, warm_too: bool = False) -> list[Measurement]:
        exchange = Exchange(self._target, Check.HEALTH_COLD, self._network, self._timeout_s())
        exchange.details = HealthDetails(purpose=purpose, is_signed=_is_signed(purpose))
        found: list[Measurement] = []
        async with exchange.ending():
            address = await exchange.resolve()
            connection = await self._network.connect(
                address, self._target.port, timeout_s=exchange.remaining_s()
            )
            try:
                found = await self._talk(exchange, connection, purpose, warm_too=warm_too)
            finally:
                connection.close()
        return [exchange.measurement(), *found]

    async def _talk(
        self, exchange: Exchange, connection: TcpConnection, purpose: Purpose, *, warm_too: bool
    ) -> list[Measurement]:
        """The cold exchange into ``exchange``; what it returns are warm ones."""
        if connection.rtt_s is not None:
            exchange.phases_s[Phase.CONNECT] = connection.rtt_s
            exchange.timestamps = connection.timestamps
        shaken, channel = await self._network.tls_channel(
            connection, server_name_of(self._target), timeout_s=exchange.remaining_s()
        )
        if shaken.wait_s is not None:
            exchange.phases_s[Phase.HANDSHAKE] = shaken.wait_s
        exchange.failure = shaken.failure
        if channel is None:
            return []
        seen = details_of(server_name_of(self._target), connection.local_port, shaken, None)
        withheld = self._withheld(purpose, seen)
        if withheld is not None:
            exchange.details = HealthDetails(purpose=purpose, withheld=withheld)
            return []
        answer, details = await self._ask(channel, purpose, exchange.remaining_s())
        exchange.details = replace(details, local_port=connection.local_port)
        exchange.failure = answer.failure
        exchange.phases_s |= answer.phases_s
        exchange.timestamps = worst(filter(None, (exchange.timestamps, answer.timestamps)))
        warm_too = warm_too and self._deadline.remaining_s() >= _LEAST_S
        if warm_too and answer.is_reusable and answer.failure is None:
            return [await self._warm(channel, connection)]
        with suppress(ExchangeFailed):
            await channel.close(0.05)
        return []

    def _withheld(self, purpose: Purpose, seen: TlsDetails) -> str | None:
        if not _is_signed(purpose):
            return None
        return "no credential" if self._client.sign is None else self._client.may_sign(self._target, seen)

    async def _warm(self, channel: HttpConnection, connection: TcpConnection) -> Measurement:
        started_at_s = self._network.clock.now_s()
        answer, details = await self._ask(channel, Purpose.HEALTH, self._timeout_s())
        return Measurement(
            target=self._target,
            check=Check.HEALTH_WARM,
            started_at_s=started_at_s,
            address=connection.address,
            phases_s=answer.phases_s,
            timestamps=answer.timestamps,
            failure=answer.failure,
            details=replace(details, local_port=connection.local_port),
        )

    async def _ask(
        self, channel: HttpConnection, purpose: Purpose, timeout_s: float
    ) -> tuple[HttpAnswer, HealthDetails]:
        request = _request(self._client, self._target, purpose)
        before_s = time.time()
        answer = await channel.exchange(request, timeout_s=timeout_s)
        middle_s = (before_s + time.time()) / 2
        return answer, _details(answer, purpose, middle_s, len(request.body))


def _is_signed(purpose: Purpose) -> bool:
    return purpose not in (Purpose.UNSIGNED, Purpose.GET)


def _request(client: Client, target: Target, purpose: Purpose) -> HttpRequest:
    """As KMS sends it: the private DNS name as host, no port; what must not be signed is added after it."""
    host = target.server_name or target.host
    path = f"{client.path}/health"
    body = wire.health_request(str(uuid.uuid4()), large=purpose is Purpose.LARGE_BODY)
    if purpose is Purpose.KEY_METADATA:
        path = f"{client.path}/keys/{client.key_id}/metadata"
        body = wire.metadata_request(str(uuid.uuid4()), client.principal_arn)
    headers = [("Host", host), ("User-Agent", f"xks-probe/{__version__}")]
    if purpose is Purpose.GET:
        return HttpRequest(method="GET", target=path, headers=headers)
    signed = client.sign(host, path, body) if client.sign and _is_signed(purpose) else ()
    sized = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return HttpRequest(method="POST", target=path, headers=[*headers, *sized, *signed], body=body)


def _details(answer: HttpAnswer, purpose: Purpose, middle_s: float, sent_bytes: int) -> HealthDetails:
    said = wire.Said()
    if answer.failure is None and answer.status is not None and purpose is not Purpose.GET:
        read = wire.read_metadata if purpose is Purpose.KEY_METADATA else wire.read_health
        said = read(answer.status, answer.body)
    return HealthDetails(
        purpose=purpose,
        status=answer.status,
        error_name=said.error_name,
        error_message=said.error_message,
        fault=said.fault,
        managers=said.managers,
        key_spec=said.key_spec,
        key_usage=said.key_usage,
        key_status=said.key_status,
        clock_offset_s=_offset_s(answer, middle_s),
        sent_body_bytes=sent_bytes,
        is_signed=_is_signed(purpose),
        wait_is_upper_bound=answer.wait_is_upper_bound,
        body=answer.body[:_SHOWN_BYTES].decode("utf-8", "replace"),
    )


def _offset_s(answer: HttpAnswer, middle_s: float) -> float | None:
    """The Date header has whole seconds, cut: half a second is added (RFC 9110, section 5.6.7)."""
    date = next((value for name, value in answer.headers if name == "date"), None)
    if date is None:
        return None
    try:
        return round(parsedate_to_datetime(date).timestamp() + 0.5 - middle_s)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
