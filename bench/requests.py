"""HTTP requests through the product's network door: `python -m bench.requests HOST… --port N [--tls]`.

Prints a line of JSON for each: local port, the wait for the first byte, who stamped it, whether the wait is
an upper bound.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.cpu_load import busy_threads
from bench.handshakes import options_of
from probe.model.measurements import Phase, Timestamps
from probe.network import Network
from probe.network.http import HttpRequest

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """From the last byte of the request to the first byte of its answer."""

    local_port: int | None
    wait_s: float | None
    timestamps: Timestamps | None
    is_upper_bound: bool


async def ask(network: Network, address: str, port: int, *, over_tls: bool) -> Waited:
    """One GET on a connection of its own."""
    connection = await network.connect(address, port)
    try:
        if over_tls:
            shaken, channel = await network.tls_channel(connection, address)
            if channel is None:
                raise RuntimeError(f"no handshake with {address}: {shaken.failure}")
        else:
            channel = network.plain_channel(connection)
        request = HttpRequest(method="GET", target="/", headers=(("Host", address),))
        answer = await channel.exchange(request, timeout_s=_TIMEOUT_S)
        if answer.failure is not None:
            raise RuntimeError(f"no answer from {address}: {answer.failure}")
        return Waited(
            local_port=connection.local_port,
            wait_s=answer.phases_s.get(Phase.WAIT),
            timestamps=answer.timestamps,
            is_upper_bound=answer.wait_is_upper_bound,
        )
    finally:
        connection.close()


def main() -> None:
    options = options_of(__doc__)
    busy_threads(options.busy_threads)
    lines = asyncio.run(_run(options.hosts, options.port, options.count, over_tls=options.tls))
    sys.stdout.writelines(lines)


async def _run(hosts: Sequence[str], port: int, count: int, *, over_tls: bool) -> list[str]:
    network = Network()
    try:
        asked = [hosts[number % len(hosts)] for number in range(count)]
        return [line(address, await ask(network, address, port, over_tls=over_tls)) for address in asked]
    finally:
        network.close()


def line(address: str, waited: Waited) -> str:
    document = {
        "address": address,
        "local_port": waited.local_port,
        "wait_seconds": waited.wait_s,
        "timestamps": waited.timestamps,
        "wait_is_upper_bound": waited.is_upper_bound,
    }
    return json.dumps(document) + "\n"


if __name__ == "__main__":
    main()
