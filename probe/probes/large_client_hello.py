"""Tests whether a target answers a ClientHello of two TCP segments. It runs after the measured handshakes."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from probe.model.kinds import ON_PATH
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.targets import Check, Identity, Target
from probe.network import ExchangeFailed, Network
from probe.network.clock import Deadline
from probe.probes.tls import server_name_of

MAX_AT_ONCE = 64


async def try_all(
    targets: Iterable[Target], network: Network, timeout_s: float, addresses: Mapping[Identity, str]
) -> tuple[LargeClientHello, ...]:
    """One for each target on KMS's path that has a TLS check, all within ``timeout_s``.

    ``addresses`` are those of the measured handshakes: the answers of the same server are compared.
    """
    limiter, deadline = asyncio.Semaphore(MAX_AT_ONCE), Deadline(network.clock, timeout_s)

    async def tried(target: Target) -> LargeClientHello:
        async with limiter:
            return await try_one(target, network, deadline.remaining_s(), addresses.get(target.identity))

    chosen = [each for each in targets if each.role in ON_PATH and each.plan(Check.TLS) is not None]
    return tuple(await asyncio.gather(*map(tried, chosen)))


async def try_one(
    target: Target, network: Network, timeout_s: float, address: str | None = None
) -> LargeClientHello:
    """Connects to ``address``, by default to the target's own, all within ``timeout_s``."""
    deadline = Deadline(network.clock, timeout_s)
    made = LargeClientHello(
        target=target, started_at_s=network.clock.now_s(), address=address, answer=HelloAnswer.OTHER
    )
    try:
        if address is None:
            address = await network.resolve(target.host, timeout_s=deadline.remaining_s())
        connection = await network.connect(address, target.port, timeout_s=deadline.remaining_s())
    except ExchangeFailed as failed:
        return replace(made, address=address, failure=failed.failure)
    allowed_s = deadline.remaining_s()
    try:
        found = await network.large_handshake(connection, server_name_of(target), timeout_s=allowed_s)
    finally:
        connection.close()
    return replace(
        made,
        address=address,
        allowed_s=allowed_s,
        answer=found.answer,
        sent_bytes=found.sent_bytes,
        wait_s=found.wait_s,
        timestamps=found.timestamps,
        group=found.group,
        alert=found.alert,
        failure=found.failure,
    )
