"""TLS handshakes with xks-probe's network layer: `python -m bench.handshakes HOST… --port N`.

Prints one JSON line per handshake: local port, the network time of the handshake, the timestamp source.
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


def options_of(description: str | None) -> argparse.Namespace:
    """Command-line options of this module and of `bench.requests`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("hosts", nargs="+", help="IPv4 addresses, used round robin")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=200, help="total number of connections")
    parser.add_argument("--tls", action="store_true", help="requests over TLS")
    parser.add_argument("--busy-threads", type=int, default=0, help="number of busy threads in this process")
    return parser.parse_args()


async def _run(hosts: Sequence[str], port: int, count: int) -> list[str]:
    network = Network()
    try:
        return [await _handshake(network, hosts[number % len(hosts)], port) for number in range(count)]
    finally:
        network.close()


async def _handshake(network: Network, address: str, port: int) -> str:
    """Raises RuntimeError if the handshake fails, because the server is the lab's own."""
    connection = await network.connect(address, port)
    try:
        result = await network.handshake(connection, SERVER_NAME)
    finally:
        connection.close()
    if result.failure is not None:
        raise RuntimeError(f"a handshake with the lab's own server failed: {result.failure}")
    return line(connection, result)


def line(connection: TcpConnection, handshake: Handshake) -> str:
    document = {
        "address": connection.address,
        "local_port": connection.local_port,
        "wait_seconds": handshake.wait_s,
        "timestamps": handshake.timestamps,
        "version": handshake.version,
    }
    return json.dumps(document) + "\n"


if __name__ == "__main__":
    main()
