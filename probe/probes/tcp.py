"""Measures one TCP connect: the kernel's time from SYN to SYN-ACK."""

from probe.model.measurements import Measurement, Phase, TcpDetails
from probe.model.targets import Check, Target
from probe.network import Network
from probe.probes.exchange import Exchange


async def measure(target: Target, network: Network, timeout_s: float) -> Measurement:
    """A lost SYN is the failure {connect, packet_lost} and not a sample, even if the connect succeeded."""
    exchange = Exchange(target, Check.TCP, network, timeout_s)
    async with exchange.ending():
        address = await exchange.resolve()
        connection = await network.connect(address, target.port, timeout_s=exchange.remaining_s())
        connection.close()
        if connection.rtt_s is not None:
            exchange.phases_s[Phase.CONNECT] = connection.rtt_s
        exchange.timestamps = connection.timestamps
        exchange.failure = connection.failure
        exchange.details = TcpDetails(local_port=connection.local_port, retransmits=connection.retransmits)
    return exchange.measurement()
