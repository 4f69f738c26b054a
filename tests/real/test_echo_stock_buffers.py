"""`xks-probe ping` to 2,000 targets as an ordinary user with stock buffers loses no ping for lack of buffer space."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.network.echo_processes import in_own_process, joined

from bench import lab
from probe.network.echo_link import Mode

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
TARGETS, EACH = 2000, 2
# net.core.rmem_max is one setting for all namespaces, so the test cannot set it. Instead, this program limits its
# sockets to the buffer size of a stock system.
PROGRAM = """
import socket
from probe.__main__ import main

STOCK_RMEM_MAX, SO_RCVBUFFORCE = 212_992, 33  # net/core/sock.c, <asm-generic/socket.h>
setsockopt = socket.socket.setsockopt

def stock(sock, level, option, *value):
    if (level, option) == (socket.SOL_SOCKET, SO_RCVBUFFORCE):
        raise PermissionError("an ordinary user has no CAP_NET_ADMIN")
    if (level, option) == (socket.SOL_SOCKET, socket.SO_RCVBUF):
        value = (min(value[0], STOCK_RMEM_MAX),)
    setsockopt(sock, level, option, *value)

socket.socket.setsockopt = stock
main()
"""
# Raw sockets need only one of root's privileges.
PRIVILEGES = {"datagram": "-all", "raw": "-all,+net_raw"}


def ping(mode: Mode, hosts: Path, output: Path) -> tuple[int, str]:
    with joined(mode) as made:
        argv = ["setpriv", "--bounding-set", PRIVILEGES[mode], "--inh-caps", "-all"]
        argv += [sys.executable, "-c", PROGRAM, "ping", "--targets", str(hosts), "-n", str(EACH), "-i", "0.2"]
        argv += ["--format", "json", "--output", str(output)]
        with made.popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            _, errors = process.communicate(timeout=250)
        return process.returncode, errors


@pytest.mark.parametrize("mode", ["datagram", "raw"])
def test_each_ping_to_2000_targets_is_answered_with_stock_buffers(mode: Mode, tmp_path: Path) -> None:
    hosts, output = tmp_path / "hosts", tmp_path / "echoes"
    hosts.write_text("".join(f"{address}\n" for address in lab.addresses(TARGETS)))
    assert in_own_process(lambda: ping(mode, hosts, output)) == (0, "")
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert Counter(line["address"] for line in lines) == dict.fromkeys(lab.addresses(TARGETS), EACH)
    assert Counter((line["method"], str(line["failure"]), line["timestamps"]) for line in lines) == {
        ("icmp", "None", "kernel"): TARGETS * EACH
    }
