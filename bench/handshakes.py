"""TLS handshakes through the product's network door: `python -m bench.handshakes HOST… --port N`.

Prints a line of JSON for each: local port, the network's share of the handshake, who stamped it.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence

from bench.cpu_load import busy_threads
from probe.network import Handshake, Network, TcpConnection

SERVER_NAME = "lab.example"


def main() -> None:
    options = options_of(__doc__)
    busy_threads(options.busy_threads)
    sys.stdout.writelines(asyncio.run(_run(options.hosts, options.port, options.count)))


def options_of(words: str | None) -> argparse.Namespace:
    """Those of this driver and of `bench.requests`."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("hosts", nargs="+", help="IPv4 addresses, in turn")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=200, help="connections in all")
    parser.add_argument("--tls", action="store_true", help="requests over TLS")
    parser.add_argument(
        "--busy-threads", type=int, default=0, help="threads of this process that compute meanwhile"
    )
    return parser.parse_args()


async def _run(hosts: Sequence[str], port: int, count: int) -> list[str]:
    network = Network()
    try:
        return [await _shaken(network, hosts[number % len(hosts)], port) for number in range(count)]
    finally:
        network.close()


async def _shaken(network: Network, address: str, port: int) -> str:
    """Raises RuntimeError for a handshake that failed: the server is the lab's own."""
    connection = await network.connect(address, port)
    try:
        shaken = await network.handshake(connection, SERVER_NAME)
    finally:
        connection.close()
    if shaken.failure is not None:
        raise RuntimeError(f"a handshake with the lab's own server failed: {shaken.failure}")
    return line(connection, shaken)


def line(connection: TcpConnection, shaken: Handshake) -> str:
    document = {
        "address": connection.address,
        "local_port": connection.local_port,
        "wait_seconds": shaken.wait_s,
        "timestamps": shaken.timestamps,
        "version": shaken.version,
    }
    return json.dumps(document) + "\n"


if __name__ == "__main__":
    main()
