"""Measures pings as Measurements, for single commands and targets; the agent uses the engine's batches."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from probe.model.measurements import (
    EchoBatch,
    EchoDetails,
    EchoOutcome,
    Failure,
    Measurement,
    Phase,
    Reason,
)
from probe.model.targets import Check, Target
from probe.network import EchoEngine, Network
from probe.network.clock import SYSTEM_CLOCK, Clock
from probe.network.failures import failing
from probe.probes.exchange import Exchange

_EXTRA = (EchoOutcome.DUPLICATE, EchoOutcome.LATE)
_MAX_WAIT_S = 1.0


async def measure(target: Target, network: Network, timeout_s: float) -> Measurement:
    """One ping to one target."""
    exchange = Exchange(target, Check.ICMP, network, timeout_s)
    async with exchange.ending():
        await exchange.resolve()
    if exchange.address is None:
        return exchange.measurement()
    async with exchange.ending(), failing(Phase.ECHO, exchange.remaining_s()):
        engine = network.echoes([exchange.address], timeout_s=exchange.remaining_s())
    if exchange.failure is not None:
        return exchange.measurement()
    try:
        (measured,) = await echo_round([target], [exchange.address], engine, clock=network.clock)
    finally:
        engine.close()
    return replace(measured, phases_s={**exchange.phases_s, **measured.phases_s})


async def echo_round(
    targets: Sequence[Target],
    addresses: Sequence[str],
    engine: EchoEngine,
    *,
    indexes: Sequence[int] | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> list[Measurement]:
    """Sends one ping to each target (or those at ``indexes``); returns the results in the order of sending.

    ``targets``, ``addresses`` and the engine's addresses have the same order. Nothing else may use the engine
    in the meantime. Ends with the last reply, at the latest after the engine's timeout.
    """
    wanted = range(len(targets)) if indexes is None else indexes
    found: dict[int, Measurement] = {}
    async with _readable(engine) as ready:
        engine.send(wanted)
        while True:
            batch = engine.drain()
            found.update(_measured(targets, batch, addresses, engine.why))
            if not engine.outstanding:
                return [found[index] for index in wanted]
            await _wait(ready, engine, clock)


def measurements_of(
    targets: Sequence[Target], batch: EchoBatch, addresses: Sequence[str] = (), why: str = ""
) -> list[Measurement]:
    """A Measurement per completed request, in the batch's order, without duplicates and late replies.

    ``addresses`` are in the order of ``targets``, by default the batch's. ``why`` is the engine's
    explanation, for requests that were not permitted.
    """
    return [measurement for _index, measurement in _measured(targets, batch, addresses, why)]


def _measured(
    targets: Sequence[Target], batch: EchoBatch, addresses: Sequence[str], why: str
) -> list[tuple[int, Measurement]]:
    return [
        (batch.indexes[row], _measurement(targets, batch, row, addresses, why))
        for row in range(len(batch))
        if batch.outcomes[row] not in _EXTRA
    ]


def _measurement(
    targets: Sequence[Target], batch: EchoBatch, row: int, addresses: Sequence[str], why: str
) -> Measurement:
    index = batch.indexes[row]
    answered = batch.outcomes[row] is EchoOutcome.ANSWERED
    known = addresses or batch.addresses
    return Measurement(
        target=targets[index],
        check=Check.ICMP,
        started_at_s=batch.sent_ns[row] / 1e9,
        address=known[index] if known else targets[index].host,
        # A reply whose RTT was discarded because of a clock step has no phase.
        phases_s={Phase.ECHO: batch.rtt_ns[row] / 1e9} if batch.rtt_ns[row] >= 0 else {},
        timestamps=batch.stamps[row],
        failure=None if answered else _failure(batch.reasons[row], why),
        details=EchoDetails(identifier=batch.identifier, sequence=batch.sequences[row]),
    )


def _failure(reason: Reason | None, why: str) -> Failure:
    reason = reason or Reason.TIMED_OUT
    return Failure(phase=Phase.ECHO, reason=reason, detail=why if reason is Reason.NOT_PERMITTED else "")


@asynccontextmanager
async def _readable(engine: EchoEngine) -> AsyncIterator[asyncio.Event]:
    """An event that is set when the engine's sockets are readable."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    for sock in engine.sockets():
        loop.add_reader(sock, ready.set)
    try:
        yield ready
    finally:
        for sock in engine.sockets():
            loop.remove_reader(sock)


async def _wait(ready: asyncio.Event, engine: EchoEngine, clock: Clock) -> None:
    """Wait until a packet arrives or the next request times out."""
    deadline_ns = engine.next_deadline_ns
    remaining_s = 0.0 if deadline_ns is None else max(0.0, (deadline_ns - clock.monotonic_ns()) / 1e9)
    try:
        async with asyncio.timeout(min(remaining_s, _MAX_WAIT_S)):
            await ready.wait()
    except TimeoutError:
        return
    ready.clear()
