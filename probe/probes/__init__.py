"""Probes: each takes a target and gives a Measurement, whatever the network does.

One file a protocol; here is the one place that picks the probe of a check. May import `network` and what is
below; says what is, never what should be. A new probe is a file here, a check in `probe/model`, and a case
below.

Each is imported when it is first asked for: a ping needs neither OpenSSL nor dnspython.
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
    """One ``check`` of ``target``, ended within ``timeout_s``. Only a bug of ours raises."""
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
            raise ValueError(f"{check} takes several exchanges: see `Prober`")
        case _:
            assert_never(check)


class Prober:
    """Every check of every target, health too: the one thing that the agent asks."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._health: dict[str, HealthProbe] = {}

    def sync(self, targets: Iterable[Target], clients: "Mapping[str, Client]") -> None:
        """The targets from now on, and by key store how its proxy is asked.

        What is remembered of the health of targets that stay is kept.
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
        """One ``check``; ``publish`` gets its exchanges as they end, none where a proxy can't be asked."""
        if check is not Check.HEALTH_COLD:
            publish(await measure(target, check, self._network, timeout_s))
            return
        probe = self._health.get(target.key_store)
        if probe is not None:
            await probe.measure(target, timeout_s, publish)
