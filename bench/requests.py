"""HTTP requests with xks-probe's network layer: `python -m bench.requests HOST… --port N [--tls]`.

Prints one JSON line per request: local port, the wait for the first byte, the timestamp source, whether the
wait is an upper bound.
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
class Wait:
    """The time from the last byte of the request to the first byte of the response."""

    local_port: int | None
    wait_s: float | None
    timestamps: Timestamps | None
    is_upper_bound: bool


async def ask(network: Network, address: str, port: int, *, over_tls: bool) -> Wait:
    """Send one GET on a new connection."""
    connection = await network.connect(address, port)
    try:
        if over_tls:
            handshake, channel = await network.tls_channel(connection, address)
            if channel is None:
                raise RuntimeError(f"handshake with {address} failed: {handshake.failure}")
        else:
            channel = network.plain_channel(connection)
        request = HttpRequest(method="GET", target="/", headers=(("Host", address),))
        response = await channel.exchange(request, timeout_s=_TIMEOUT_S)
        if response.failure is not None:
            raise RuntimeError(f"no response from {address}: {response.failure}")
        return Wait(
            local_port=connection.local_port,
            wait_s=response.phases_s.get(Phase.WAIT),
            timestamps=response.timestamps,
            is_upper_bound=response.wait_is_upper_bound,
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
        order = [hosts[number % len(hosts)] for number in range(count)]
        return [line(address, await ask(network, address, port, over_tls=over_tls)) for address in order]
    finally:
        network.close()


def line(address: str, wait: Wait) -> str:
    document = {
        "address": address,
        "local_port": wait.local_port,
        "wait_seconds": wait.wait_s,
        "timestamps": wait.timestamps,
        "wait_is_upper_bound": wait.is_upper_bound,
    }
    return json.dumps(document) + "\n"


if __name__ == "__main__":
    main()
