"""Pings with xks-probe's ICMP engine, with timestamps in nanoseconds: `python -m bench.stamps HOST…`.

`xks-probe ping` prints microseconds; only the engine's own columns can be compared with a capture to the
nanosecond. The first line of the output describes the socket that the engine uses.
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
    parser.add_argument("-n", "--count", type=int, default=20, help="pings per host")
    parser.add_argument(
        "-i", "--interval", type=float, default=0.05, help="seconds between pings to the same host"
    )
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
    """Collect all batches before printing, because printing would delay the next ping."""
    batches: list[EchoBatch] = []
    schedule = echo_driver.Rounds(
        size=len(engine.addresses), count=count, interval_ns=interval_ns, epoch_ns=time.monotonic_ns()
    )
    await echo_driver_async.run(engine, schedule, batches.append)
    return batches


def lines(batch: EchoBatch) -> Iterator[str]:
    """One JSON line per answered ping with a round trip."""
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
