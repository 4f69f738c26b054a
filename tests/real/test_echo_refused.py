"""If a local firewall refuses one target in the middle of a run, the other targets keep their own timestamps."""

import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from support.network.echo_processes import Row, echoed, in_own_process, joined

from bench import lab
from bench.capture import capturing
from bench.packets import Echo, echoes
from probe.model.measurements import EchoOutcome, Reason, Timestamps
from probe.network import EchoEngine
from probe.network.echo_link import Mode

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
TARGETS = lab.addresses(20)
REFUSED = 7
APART_S = 0.005  # the error if a ping got the timestamp of the next one


class Run(NamedTuple):
    """The rows before, during and after the refusal, and the capture of all three."""

    mode: Mode | None
    before: list[Row]
    during: list[Row]
    after: list[Row]
    discarded: int
    captured: list[Echo]
    not_captured: int


@pytest.fixture(scope="module", autouse=True)
def _firewall() -> None:
    try:
        errors = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--net", "nft", "add table ip here"],
            capture_output=True,
            text=True,
            check=False,
        ).stderr
    except FileNotFoundError as error:
        errors = str(error)
    if errors:
        pytest.skip(f"nftables is not available: {errors.strip()}")


def run(mode: Mode, verdict: str, capture: Path, *, by_packet: bool) -> Run:
    with joined(mode):
        engine = EchoEngine(TARGETS, timeout_s=30.0)
        if by_packet:
            assert engine._link is not None
            engine._link._stamping.match_by_packet()  # type: ignore[attr-defined]
        echoed(engine, [0])  # the first packet waits for ARP
        with capturing(capture) as taken:
            before = ping_all(engine)
            nft(
                "table ip host {",
                "chain output { type filter hook output priority 0;",
                f"ip daddr {TARGETS[REFUSED]} {verdict}; }}",
                "}",
            )
            during = ping_all(engine)
            nft("delete table ip host")
            after = ping_all(engine)
        ours = [echo for echo in echoes(taken.frames) if echo.identifier == engine.identifier]
        return Run(engine.mode, before, during, after, engine.discarded, ours, taken.dropped)


def ping_all(engine: EchoEngine) -> list[Row]:
    """Ping all at once, so that one system call sends to the refused target and to others; then one by one."""
    indexes = range(len(TARGETS))
    return echoed(engine, indexes) + echoed(engine, indexes, apart_s=APART_S)


def nft(*lines: str) -> None:
    subprocess.run(["nft", "-f", "-"], input="\n".join(lines), text=True, check=True, timeout=250)


@pytest.mark.parametrize("by_packet", [False, True], ids=["timestamps by key", "timestamps by packet"])
@pytest.mark.parametrize(
    "verdict", ["drop", "reject with icmp type host-unreachable"], ids=["drop", "reject"]
)
@pytest.mark.parametrize("mode", ["datagram", "raw"])
def test_a_target_refused_by_the_local_firewall_does_not_shift_timestamps_of_others(
    mode: Mode, verdict: str, by_packet: bool, tmp_path: Path
) -> None:
    # Matching timestamps by counting sends would be off by one after each refusal, which uses up an id.
    found = in_own_process(lambda: run(mode, verdict, tmp_path / "ping.pcap", by_packet=by_packet))
    assert (found.mode, found.not_captured, found.discarded) == (mode, 0, 0)

    twice_each = Counter(dict.fromkeys(range(len(TARGETS)), 2))
    for answered in (found.before, found.after):
        assert Counter(row.index for row in answered) == twice_each
        assert {(row.outcome, row.stamps) for row in answered} == {(EchoOutcome.ANSWERED, Timestamps.KERNEL)}
    assert Counter(row.index for row in found.during) == twice_each
    for row in found.during:
        if row.index == REFUSED:
            assert (row.outcome, row.reason) == (EchoOutcome.FAILED, Reason.NOT_PERMITTED)
        else:
            assert (row.outcome, row.stamps) == (EchoOutcome.ANSWERED, Timestamps.KERNEL)
    assert_each_timestamp_is_its_own(found)


def assert_each_timestamp_is_its_own(found: Run) -> None:
    rows = [row for row in found.before + found.during + found.after if row.outcome is EchoOutcome.ANSWERED]
    row_of = {(TARGETS[row.index], row.sequence): row for row in rows}
    pairs = [(echo, row_of[echo.address, echo.sequence]) for echo in found.captured]
    assert len(pairs) == len(row_of) == 6 * len(TARGETS) - 2
    # The kernel passes a packet to the capture, then timestamps it, then handles the next one of the same call.
    for (echo, row), (following, _) in pairwise(pairs):
        assert echo.request_ns <= row.sent_ns <= following.request_ns
    for echo, row in pairs:
        assert echo.rtt_ns is not None
        # The capture and the socket get the same timestamp of the reply.
        assert row.sent_ns + row.rtt_ns == echo.request_ns + echo.rtt_ns
