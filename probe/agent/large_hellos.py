"""Sends each server a large ClientHello at the start and every six hours, and keeps the answers."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from probe.model.kinds import CONFORMANCE_INTERVAL_S, CONFORMANCE_RETRY_S
from probe.model.large_client_hello import LargeClientHello
from probe.model.measurements import Measurement, Phase
from probe.model.targets import Check, Identity, Target
from probe.network import Network
from probe.probes.large_client_hello import try_all

CHECK_S = 5.0  # how often it is checked whether a target has become due
TIMEOUT_S = 10.0


class LargeHellos:
    """Answers by target. A connection that failed is repeated sooner than every six hours."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._answers: dict[Identity, LargeClientHello] = {}

    async def run(
        self,
        targets: Callable[[], Iterable[Target]],
        latest: Callable[[], Iterable[Measurement]],
        publish: Callable[[tuple[LargeClientHello, ...]], None],
    ) -> None:
        """Until cancelled. A target is due once a handshake has connected to it."""
        while True:
            await asyncio.sleep(CHECK_S)
            wanted = {target.identity: target for target in targets()}
            addresses = connected(latest())
            now_s = self._network.clock.now_s()
            due = [t for identity, t in wanted.items() if identity in addresses and self._is_due(t, now_s)]
            found = await try_all(due, self._network, TIMEOUT_S, addresses) if due else ()
            self._answers |= {each.target.identity: each for each in found}
            self._answers = {identity: a for identity, a in self._answers.items() if identity in wanted}
            publish(tuple(self._answers.values()))

    def _is_due(self, target: Target, now_s: float) -> bool:
        last = self._answers.get(target.identity)
        if last is None:
            return target.plan(Check.TLS) is not None
        interval_s = CONFORMANCE_INTERVAL_S if last.failure is None else CONFORMANCE_RETRY_S
        return now_s - last.started_at_s >= interval_s


def connected(latest: Iterable[Measurement]) -> Mapping[Identity, str]:
    """The address of each target to which the last measured handshake connected."""
    return {
        each.target.identity: each.address
        for each in latest
        if each.check is Check.TLS and each.address is not None and _was_connected(each)
    }


def _was_connected(measurement: Measurement) -> bool:
    failure = measurement.failure
    return failure is None or failure.phase is Phase.HANDSHAKE
