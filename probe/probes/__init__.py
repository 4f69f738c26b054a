"""Probes: each takes a target and gives a Measurement, whatever the network does.

One file a protocol; here is the one place that picks the probe of a check. May import `network` and what is
below; says what is, never what should be. A new probe is a file here, a check in `probe/model`, and a case
below.

Each is imported when it is first asked for: a ping needs neither OpenSSL nor dnspython.
"""

from probe.model.measurements import Measurement
from probe.model.targets import Check, Target
from probe.network import Network


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
            raise ValueError(f"there is no probe for {check}")
