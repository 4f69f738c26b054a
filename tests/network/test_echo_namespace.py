"""Datagram ICMP in a separate network namespace, where it can be permitted; and errors of real kernels."""

import subprocess
import sys

import pytest

_UNSHARE = ["unshare", "--user", "--map-root-user", "--net"]

_PROGRAM = """
import select, socket, time
from pathlib import Path
from probe.network import EchoEngine

Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 0")
engine = EchoEngine(["127.0.0.1", "127.0.0.2", "198.51.100.1"], timeout_s=1.0)

def rows():
    found = []
    while engine.outstanding:
        batch = engine.drain()
        found += zip(batch.indexes, batch.outcomes, batch.rtt_ns, batch.stamps, batch.reasons)
        time.sleep(0.001)
    batch = engine.drain()
    return found + list(zip(batch.indexes, batch.outcomes, batch.rtt_ns, batch.stamps, batch.reasons))

print(engine.mode, engine.identifier > 0)
engine.send([0, 1, 0])
time.sleep(0.02)
for index, outcome, rtt_ns, stamps, _reason in sorted(rows()):
    print(index, outcome, rtt_ns < 10_000_000, stamps)
# There is no route to host 2, which must not affect the healthy host after it.
engine.send([2, 0])
for index, outcome, _rtt, _stamps, reason in sorted(rows()):
    print(index, outcome, reason)
# An ICMP error about one of our packets is pending, and the next send would report it as its own error.
from scapy.layers.inet import ICMP, IP
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
quoted = IP(src="127.0.0.1", dst="127.0.0.9") / ICMP(id=engine.identifier, seq=99)
raw.sendto(bytes(ICMP(type=3, code=1) / quoted), ("127.0.0.1", 0))
raw.close()
pending = select.select(engine.sockets(), [], [], 1.0)[0] != []
engine.send([1])
for index, outcome, rtt_ns, stamps, _reason in sorted(rows()):
    print(pending, index, outcome, rtt_ns < 10_000_000, stamps, engine.discarded)
engine._link._stamping.match_by_packet()
engine.send([0, 1])
for index, outcome, rtt_ns, stamps, _reason in sorted(rows()):
    print(index, outcome, rtt_ns < 10_000_000, stamps)
engine.close()
"""


@pytest.mark.real
def test_datagram_icmp_works_if_permitted() -> None:
    setup = 'ip link set lo up && exec "$@"'
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no user and network namespaces here: {tried.stderr.strip()}")
    ran = subprocess.run(
        [*_UNSHARE, "sh", "-c", setup, "sh", sys.executable, "-W", "error", "-c", _PROGRAM],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "datagram True",
        "0 answered True kernel",
        "0 answered True kernel",
        "1 answered True kernel",
        "0 answered None",
        "2 failed unreachable",
        "True 1 answered True kernel 1",
        "0 answered True kernel",
        "1 answered True kernel",
    ]
