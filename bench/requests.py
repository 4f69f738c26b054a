"""HTTP requests through the product's network door: `python -m bench.requests HOST… --port N [--tls]`.

Prints a line of JSON for each: local port, the wait for the first byte, who stamped it, whether the wait is
an upper bound.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.handshakes import options_of
from bench.hogs import busy_threads
from probe.model.measurements import Timestamps
from probe.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """From the last byte of the request to the first byte of its answer."""

    local_port: int | None
    wait_s: float | None
    timestamps: Timestamps | None
    is_upper_bound: bool


Ask = Callable[[Network, str, int, bool], Awaitable[Waited]]
"""One GET to (address, port), over TLS or not, on a connection of its own, which it closes."""

# The one place that knows how the product asks. None: it can't yet, and there are no rows of HTTP.
ASK: Ask | None = None


def main() -> None:
    options = options_of(__doc__)
    if ASK is None:
        sys.exit("the product asks nothing over HTTP yet")
    busy_threads(options.busy_threads)
    sys.stdout.writelines(asyncio.run(_run(ASK, options.hosts, (options.port, options.count, options.tls))))


async def _run(ask: Ask, hosts: Sequence[str], how: tuple[int, int, bool]) -> list[str]:
    port, count, over_tls = how
    network = Network()
    try:
        asked = [hosts[number % len(hosts)] for number in range(count)]
        return [line(address, await ask(network, address, port, over_tls)) for address in asked]
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
