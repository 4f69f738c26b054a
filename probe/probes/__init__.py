"""Probes: each takes a target and gives a Measurement, whatever the network does."""

from probe.model.measurements import Measurement
from probe.model.targets import Check, Target
from probe.network import Network
from probe.probes import dns, icmp, tcp, tls


async def measure(target: Target, check: Check, network: Network, timeout_s: float) -> Measurement:
    """One ``check`` of ``target``, ended within ``timeout_s``. Only a bug of ours raises."""
    match check:
        case Check.ICMP:
            return await icmp.measure(target, network, timeout_s)
        case Check.TCP:
            return await tcp.measure(target, network, timeout_s)
        case Check.TLS:
            return await tls.measure(target, network, timeout_s)
        case Check.DNS:
            return await dns.measure(target, network, timeout_s)
        case Check.HEALTH_COLD | Check.HEALTH_WARM:
            raise ValueError(f"there is no probe for {check}")
