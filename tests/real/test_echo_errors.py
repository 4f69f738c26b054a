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
LARGE_BYTES = 1472  # the link behind the near router carries SMALL_MTU


class Said(NamedTuple):
    """The engine's results for an address in each round."""

    outcome: EchoOutcome
    reason: Reason | None
    stamps: Timestamps | None


ANSWERED = Said(EchoOutcome.ANSWERED, None, Timestamps.KERNEL)
TOO_BIG = Said(EchoOutcome.FAILED, Reason.PACKET_TOO_BIG, None)


class Run(NamedTuple):
    mode: Mode | None
    discarded: int
    rounds: list[dict[str, Said]]


def by_address(addresses: list[str], rows: list[Row]) -> dict[str, Said]:
    assert sorted(row.index for row in rows) == list(range(len(addresses))), "one row for each request"
    return {addresses[row.index]: Said(row.outcome, row.reason, row.stamps) for row in rows}


def run(mode: Mode, addresses: list[str], *, payload_bytes: int = 56, own_mtu: int = 1500) -> Run:
    """All at once, then one by one, where the next send finds a pending error of the previous one."""
    routed()
    permit(mode)
    with IPRoute() as netlink:
        netlink.link("set", index=socket.if_nametoindex("agent0"), mtu=own_mtu)
    engine = EchoEngine(addresses, payload_bytes=payload_bytes, timeout_s=30.0)
    everybody = range(len(addresses))
    # Two rounds, no more: of refused packets a router tells one host five times, then once a second.
    together = by_address(addresses, echoed(engine, everybody))
    in_turn = by_address(addresses, echoed(engine, everybody, apart_s=0.01))
    return Run(engine.mode, engine.discarded, [together, in_turn])


def test_an_icmp_error_from_a_router_fails_only_the_request_it_quotes(mode: Mode) -> None:
    addresses = [*FAR[:4], UNREACHABLE, *NEAR[:4], LOOPING, *FAR[4:], PROHIBITED, *NEAR[4:]]
    found = in_own_process(lambda: run(mode, addresses))
    assert (found.mode, found.discarded) == (mode, 0)
    told = {
        address: Said(EchoOutcome.FAILED, ERRORS[address], None) if address in ERRORS else ANSWERED
        for address in addresses
    }
    assert found.rounds == [told, told]


def test_a_request_too_big_for_a_link_on_the_path_fails_and_a_nearer_host_replies(mode: Mode) -> None:
    found = in_own_process(lambda: run(mode, [FAR[0], *NEAR, FAR[1]], payload_bytes=LARGE_BYTES))
    assert (found.mode, found.discarded) == (mode, 0)
    assert found.rounds[0] == {FAR[0]: TOO_BIG, **dict.fromkeys(NEAR, ANSWERED), FAR[1]: TOO_BIG}


def test_a_request_that_is_known_to_be_too_big_fails_like_the_first(mode: Mode) -> None:
    # The kernel has learned the MTU of the path by then, and would cut the request in two.
    found = in_own_process(lambda: run(mode, [FAR[0], *NEAR, FAR[1]], payload_bytes=LARGE_BYTES))
    assert found.discarded == 0
    assert found.rounds[1] == {FAR[0]: TOO_BIG, **dict.fromkeys(NEAR, ANSWERED), FAR[1]: TOO_BIG}


@pytest.mark.parametrize(
    ("payload_bytes", "said"),
    [(SMALL_MTU - 28, ANSWERED), (SMALL_MTU - 27, TOO_BIG)],
    ids=["at the limit", "just above"],
)
def test_a_request_too_big_for_our_own_link_fails(payload_bytes: int, said: Said, mode: Mode) -> None:
    found = in_own_process(lambda: run(mode, NEAR, payload_bytes=payload_bytes, own_mtu=SMALL_MTU))
    assert found.rounds == [dict.fromkeys(NEAR, said)] * 2
