"""Echoes through the product's engine, each with its stamps in nanoseconds: `python -m bench.stamps HOST…`.

`xks-probe ping` prints times in microseconds and seconds; only the engine's own columns can be held against
a capture nanosecond by nanosecond. The first line of output says what socket the engine got.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator

from probe.model.measurements import EchoBatch, EchoOutcome
from probe.network import EchoEngine, Network, echo_driver, echo_driver_async


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.stamps", description=__doc__)
    parser.add_argument("hosts", nargs="*", help="IPv4 addresses")
    parser.add_argument("-n", "--count", type=int, default=20, help="echoes to each")
    parser.add_argument("-i", "--interval", type=float, default=0.05, help="seconds between echoes to a host")
    options = parser.parse_args()
    network = Network()
    engine = network.echoes(options.hosts, timeout_s=2.0)
    print(json.dumps({"mode": engine.mode, "receive_buffer_bytes": engine.receive_buffer_bytes}))
    try:
        batches = asyncio.run(_run(engine, options.count, round(options.interval * 1e9)))
    finally:
        engine.close()
        network.close()
    sys.stdout.writelines(line for batch in batches for line in lines(batch))


async def _run(engine: EchoEngine, count: int, interval_ns: int) -> list[EchoBatch]:
    """Nothing is printed meanwhile: what prints is late for the next echo."""
    batches: list[EchoBatch] = []
    schedule = echo_driver.Rounds(
        size=len(engine.addresses), count=count, interval_ns=interval_ns, epoch_ns=time.monotonic_ns()
    )
    await echo_driver_async.run(engine, schedule, batches.append)
    return batches


def lines(batch: EchoBatch) -> Iterator[str]:
    """A line of JSON for each answered echo that has a round trip."""
    columns = zip(
        batch.indexes,
        batch.sequences,
        batch.sent_ns,
        batch.rtt_ns,
        batch.stamps,
        batch.outcomes,
        strict=True,
    )
    for index, sequence, sent_ns, rtt_ns, stamps, outcome in columns:
        if outcome is EchoOutcome.ANSWERED and stamps is not None:
            document = {
                "address": batch.addresses[index],
                "identifier": batch.identifier,
                "sequence": sequence,
                "sent_ns": sent_ns,
                "rtt_ns": rtt_ns,
                "timestamps": stamps,
            }
            yield json.dumps(document) + "\n"


if __name__ == "__main__":
    main()
