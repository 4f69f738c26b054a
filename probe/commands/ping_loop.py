"""The parts of `ping` that need an event loop: name resolution and TCP connects."""

import asyncio
from contextlib import closing

from probe.commands import signals
from probe.commands.ping_results import PingPlan, Results
from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.targets import Check, Method, Target
from probe.network import ExchangeFailed, Network
from probe.network.clock import SYSTEM_CLOCK
from probe.network.echo_driver import Rounds
from probe.probes import tcp
from probe.wire.hostport import is_ipv4

MAX_CONNECTS_UNDER_WAY = 256
MAX_LOOKUPS_UNDER_WAY = 64


def connect(plan: PingPlan, addresses: dict[str, str], results: Results) -> None:
    """TCP connects to every target that has an address."""
    with closing(Network(source=plan.source)) as network:
        signals.run(_connect(plan, addresses, network, results))


def resolve(plan: PingPlan, method: Method, results: Results) -> dict[str, str]:
    """Addresses by target; a name that does not resolve is one failed measurement and the others go on."""
    with closing(Network(source=plan.source)) as network:
        return signals.run(_resolve(plan, method, network, results))


async def _connect(plan: PingPlan, addresses: dict[str, str], network: Network, results: Results) -> None:
    """Connects at a fixed rate: a slow one does not delay the others, so no sample is omitted."""
    rounds = Rounds(
        size=len(addresses),
        count=plan.count,
        interval_ns=plan.interval_ns,
        epoch_ns=SYSTEM_CLOCK.monotonic_ns(),
    )
    targets = tuple(t for t in plan.targets if t.name in addresses)
    under_way = asyncio.Semaphore(MAX_CONNECTS_UNDER_WAY)
    sent = [0] * len(targets)

    async def connect(target: Target, sequence: int) -> None:
        try:
            results.add(await tcp.measure(target, network, plan.timeout_s), sequence)
            if results.lines.gone:
                rounds.end()
        finally:
            under_way.release()

    async with asyncio.TaskGroup() as group:
        while (due_ns := rounds.next_due_ns) is not None:
            await asyncio.sleep(max(0.0, (due_ns - SYSTEM_CLOCK.monotonic_ns()) / 1e9))
            for index in rounds.due(SYSTEM_CLOCK.monotonic_ns()):
                await under_way.acquire()
                group.create_task(connect(targets[index], sent[index]))
                sent[index] += 1


async def _resolve(plan: PingPlan, method: Method, network: Network, results: Results) -> dict[str, str]:
    limit = asyncio.Semaphore(MAX_LOOKUPS_UNDER_WAY)

    async def look_up(target: Target) -> str | Failure:
        async with limit:
            try:
                async with asyncio.timeout(plan.timeout_s):
                    return await network.resolve(target.host)
            except ExchangeFailed as failed:
                return failed.failure
            except TimeoutError:
                return Failure(
                    phase=Phase.RESOLVE, reason=Reason.TIMED_OUT, detail="no name server answered in time"
                )

    named = [target for target in plan.targets if not is_ipv4(target.host)]
    answers = await asyncio.gather(*(look_up(target) for target in named))
    looked_up = {target.host: answer for target, answer in zip(named, answers, strict=True)}
    found = [looked_up.get(target.host, target.host) for target in plan.targets]
    for target, answer in zip(plan.targets, found, strict=True):
        if isinstance(answer, Failure):
            results.add(
                Measurement(
                    target=target,
                    check=Check.ICMP if method is Method.ICMP else Check.TCP,
                    started_at_s=SYSTEM_CLOCK.now_s(),
                    failure=answer,
                )
            )
    return {t.name: a for t, a in zip(plan.targets, found, strict=True) if isinstance(a, str)}
