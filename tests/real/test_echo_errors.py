"""ICMP errors from routers: only the right request fails, with the right reason."""

import socket
from typing import NamedTuple

import pytest
from pyroute2 import IPRoute
from support.network.echo_processes import (
    LOOPING,
    PROHIBITED,
    SMALL_MTU,
    UNREACHABLE,
    Row,
    echoed,
    in_own_process,
    permit,
    routed,
)

from probe.model.measurements import EchoOutcome, Reason, Timestamps
from probe.network import EchoEngine
from probe.network.echo_link import Mode

pytestmark = [
    pytest.mark.real,
    pytest.mark.usefixtures("can_simulate"),
    pytest.mark.parametrize("mode", ["datagram", "raw"]),
]
FAR = [f"10.78.0.{number}" for number in range(1, 9)]
NEAR = [f"10.80.0.{number}" for number in range(1, 9)]
ERRORS = {
    UNREACHABLE: Reason.UNREACHABLE,
    PROHIBITED: Reason.UNREACHABLE,
    LOOPING: Reason.HOP_LIMIT_EXCEEDED,
}
LARGE_BYTES = 1472  # more than SMALL_MTU, the MTU of the link behind the near router


class Result(NamedTuple):
    """The engine's results for an address in each round."""

    outcome: EchoOutcome
    reason: Reason | None
    stamps: Timestamps | None


ANSWERED = Result(EchoOutcome.ANSWERED, None, Timestamps.KERNEL)
TOO_BIG = Result(EchoOutcome.FAILED, Reason.PACKET_TOO_BIG, None)


class Run(NamedTuple):
    mode: Mode | None
    discarded: int
    rounds: list[dict[str, Result]]


def by_address(addresses: list[str], rows: list[Row]) -> dict[str, Result]:
    assert sorted(row.index for row in rows) == list(range(len(addresses))), "one row per request"
    return {addresses[row.index]: Result(row.outcome, row.reason, row.stamps) for row in rows}


def run(mode: Mode, addresses: list[str], *, payload_bytes: int = 56, own_mtu: int = 1500) -> Run:
    """Ping all at once, then one by one, so that a send can find the pending error of the previous ping."""
    routed()
    permit(mode)
    with IPRoute() as netlink:
        netlink.link("set", index=socket.if_nametoindex("agent0"), mtu=own_mtu)
    engine = EchoEngine(addresses, payload_bytes=payload_bytes, timeout_s=30.0)
    indexes = range(len(addresses))
    # Only two rounds: after five ICMP errors to one host, a router sends at most one per second.
    together = by_address(addresses, echoed(engine, indexes))
    in_turn = by_address(addresses, echoed(engine, indexes, apart_s=0.01))
    return Run(engine.mode, engine.discarded, [together, in_turn])


def test_an_icmp_error_from_a_router_fails_only_the_request_it_quotes(mode: Mode) -> None:
    addresses = [*FAR[:4], UNREACHABLE, *NEAR[:4], LOOPING, *FAR[4:], PROHIBITED, *NEAR[4:]]
    found = in_own_process(lambda: run(mode, addresses))
    assert (found.mode, found.discarded) == (mode, 0)
    expected = {
        address: Result(EchoOutcome.FAILED, ERRORS[address], None) if address in ERRORS else ANSWERED
        for address in addresses
    }
    assert found.rounds == [expected, expected]


def test_a_request_too_big_for_a_link_on_the_path_fails_and_a_nearer_host_replies(mode: Mode) -> None:
    found = in_own_process(lambda: run(mode, [FAR[0], *NEAR, FAR[1]], payload_bytes=LARGE_BYTES))
    assert (found.mode, found.discarded) == (mode, 0)
    assert found.rounds[0] == {FAR[0]: TOO_BIG, **dict.fromkeys(NEAR, ANSWERED), FAR[1]: TOO_BIG}


def test_a_request_that_is_known_to_be_too_big_fails_like_the_first(mode: Mode) -> None:
    # By then the kernel knows the path MTU, and would by default fragment the request.
    found = in_own_process(lambda: run(mode, [FAR[0], *NEAR, FAR[1]], payload_bytes=LARGE_BYTES))
    assert found.discarded == 0
    assert found.rounds[1] == {FAR[0]: TOO_BIG, **dict.fromkeys(NEAR, ANSWERED), FAR[1]: TOO_BIG}


@pytest.mark.parametrize(
    ("payload_bytes", "result"),
    [(SMALL_MTU - 28, ANSWERED), (SMALL_MTU - 27, TOO_BIG)],
    ids=["at the limit", "just above"],
)
def test_a_request_too_big_for_our_own_link_fails(payload_bytes: int, result: Result, mode: Mode) -> None:
    found = in_own_process(lambda: run(mode, NEAR, payload_bytes=payload_bytes, own_mtu=SMALL_MTU))
    assert found.rounds == [dict.fromkeys(NEAR, result)] * 2
