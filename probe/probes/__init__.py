"""Probes: each measures a target and returns a Measurement, also for a network failure.

One file per protocol; `measure` below chooses the probe of a check. May import `network` and the layers below
it; reports observations, without judgement. A new probe is a file here, a check in `probe/model`, and a case
below.

Each probe is imported on first use, because a ping needs neither OpenSSL nor dnspython.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, assert_never

from probe.model.measurements import Measurement
from probe.model.targets import Check, Target
from probe.network import Network

if TYPE_CHECKING:
    from probe.probes.health import HealthProbe
    from probe.probes.health_request import Client


async def measure(target: Target, check: Check, network: Network, timeout_s: float) -> Measurement:
    """Run one ``check`` of ``target`` within ``timeout_s``. Raises only on a bug in xks-probe."""
    match check:
        case Check.ICMP:
            from probe.probes import icmp

            return await icmp.measure(target, network, timeout_s)
        case Check.TCP:
            from probe.probes import tcp

            return await tcp.measure(target, network, timeout_s)
        case Check.TLS:
            from probe.probes import tls

            return await tls.measure(target, network, timeout_s)
        case Check.DNS:
            from probe.probes import dns

            return await dns.measure(target, network, timeout_s)
        case Check.HEALTH_COLD | Check.HEALTH_WARM:
            raise ValueError(f"{check} has several exchanges: use `Prober`")
        case _:
            assert_never(check)


class Prober:
    """Runs every check of every target, including health; the agent's only interface to probes."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._health: dict[str, HealthProbe] = {}

    def sync(self, targets: Iterable[Target], clients: "Mapping[str, Client]") -> None:
        """Set the targets, and the client for health requests of each key store.

        The health state of targets that remain is kept.
        """
        identities = {target.identity for target in targets}
        before, self._health = self._health, {}
        for store, client in clients.items():
            from probe.probes.health import HealthProbe

            probe = before.get(store) or HealthProbe(client, self._network)
            probe.sync(client, identities)
            self._health[store] = probe

    async def measure(
        self, target: Target, check: Check, timeout_s: float, publish: Callable[[Measurement], None]
    ) -> None:
        """Run one ``check``; ``publish`` gets each exchange as it ends; without a client there are none."""
        if check is not Check.HEALTH_COLD:
            publish(await measure(target, check, self._network, timeout_s))
            return
        probe = self._health.get(target.key_store)
        if probe is not None:
            await probe.measure(target, timeout_s, publish)
