"""Measures a DNS query to a name server: the wait is the UDP round trip, with kernel timestamps."""

from probe.model.measurements import Measurement, Phase
from probe.model.targets import Check, Question, Target
from probe.network import Network
from probe.probes.exchange import Exchange

# Every resolver can answer it, and it contains none of the user's names.
DEFAULT_QUESTION = Question(name="amazonaws.com", record_type="SOA")


async def measure(target: Target, network: Network, timeout_s: float) -> Measurement:
    """Query the name server at ``target.host`` and ``target.port``."""
    exchange = Exchange(target, Check.DNS, network, timeout_s)
    async with exchange.ending():
        server = await exchange.resolve()
        answer = await network.query(
            server,
            target.question or DEFAULT_QUESTION,
            port=target.port,
            timeout_s=exchange.remaining_s(),
        )
        if answer.wait_s is not None:
            exchange.phases_s[Phase.WAIT] = answer.wait_s
        exchange.timestamps = answer.timestamps
        exchange.failure = answer.failure
        exchange.details = answer.details
    return exchange.measurement()
