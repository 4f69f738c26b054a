"""The common part of probes: resolution, deadline, failures and the measurement."""

import asyncio
import socket
import time
from dataclasses import dataclass

import pytest
from support.network.fakes import FakeNetwork, failed

from probe.model.measurements import Phase, Reason, TcpDetails, Timestamps
from probe.model.targets import Check, Role, Target
from probe.network import ExchangeFailed, Network
from probe.network.clock import STALL_S
from probe.probes import dns
from probe.probes.exchange import Exchange

LITERAL = Target(name="node", role=Role.NODE, host="10.0.0.5")
NAMED = Target(name="manager", role=Role.KEY_MANAGER, host="hsm.example.com")


@dataclass
class SlowNetwork(FakeNetwork):
    """A network in which resolving a name takes ``resolving_s``."""

    resolving_s: float = 0.03

    async def resolve(self, host: str, *, timeout_s: float = 5.0) -> str:
        self.calls.append(("timeout_s", timeout_s))
        self.clock.pass_s(self.resolving_s)
        return await super().resolve(host, timeout_s=timeout_s)


def started(target: Target, network: FakeNetwork, timeout_s: float = 2.0) -> Exchange:
    return Exchange(target, Check.TCP, network, timeout_s)  # type: ignore[arg-type]


async def test_an_address_is_not_resolved_and_has_no_resolve_phase() -> None:
    network = FakeNetwork()
    exchange = started(LITERAL, network)

    assert await exchange.resolve() == "10.0.0.5"

    assert (network.calls, exchange.phases_s) == ([], {})
    assert exchange.measurement().address == "10.0.0.5"


async def test_a_name_has_a_resolve_phase_within_the_remaining_time() -> None:
    network = SlowNetwork(names={NAMED.host: "10.0.0.9"})
    exchange = started(NAMED, network)
    network.clock.pass_s(0.5)

    assert await exchange.resolve() == "10.0.0.9"

    assert exchange.phases_s == {Phase.RESOLVE: pytest.approx(0.03)}
    assert ("timeout_s", 1.5) in network.calls
    assert exchange.remaining_s() == pytest.approx(1.47)


async def test_an_unresolvable_name_has_neither_a_phase_nor_an_address() -> None:
    exchange = started(NAMED, SlowNetwork())

    async with exchange.ending():
        await exchange.resolve()

    got = exchange.measurement()
    assert (got.address, got.phases_s) == (None, {})
    assert got.failure == failed(Phase.RESOLVE, Reason.NAME_NOT_FOUND)


@pytest.mark.parametrize(("passed_s", "remaining_s"), [(0.0, 2.0), (1.75, 0.25), (2.0, 0.0), (3.0, 0.0)])
def test_the_remaining_time_counts_from_the_start_and_is_never_negative(
    passed_s: float, remaining_s: float
) -> None:
    network = FakeNetwork()
    exchange = started(LITERAL, network, timeout_s=2.0)
    network.clock.pass_s(passed_s)
    assert exchange.remaining_s() == remaining_s


async def test_a_network_failure_ends_the_exchange_and_keeps_earlier_results() -> None:
    silent = failed(Phase.HANDSHAKE, Reason.TIMED_OUT, "2 s")
    exchange = started(LITERAL, FakeNetwork())

    async with exchange.ending():
        exchange.phases_s[Phase.CONNECT] = 0.01
        exchange.timestamps = Timestamps.KERNEL
        raise ExchangeFailed(silent)

    got = exchange.measurement()
    assert (got.failure, got.phases_s, got.timestamps) == (silent, {Phase.CONNECT: 0.01}, Timestamps.KERNEL)


async def test_a_bug_is_raised_and_not_reported_as_a_network_failure() -> None:
    exchange = started(LITERAL, FakeNetwork())
    with pytest.raises(ZeroDivisionError):
        async with exchange.ending():
            raise ZeroDivisionError
    assert exchange.failure is None


async def test_the_measurement_has_its_start_time_target_and_check() -> None:
    network = FakeNetwork()
    started_at_s = network.clock.now_s()
    exchange = started(LITERAL, network)
    exchange.details = TcpDetails(local_port=40000, retransmits=0)
    network.clock.pass_s(1.0)

    got = exchange.measurement()

    assert (got.started_at_s, got.target, got.check) == (started_at_s, LITERAL, Check.TCP)
    assert (got.details, got.failure) == (exchange.details, None)


@pytest.mark.parametrize(
    ("late_s", "reason", "was_stalled"),
    [
        (0.0, Reason.TIMED_OUT, False),
        (STALL_S, Reason.TIMED_OUT, False),
        (STALL_S + 1e-6, Reason.TIMED_OUT, True),
        (-1.0, Reason.TIMED_OUT, False),  # the kernel gave up before the deadline
        (STALL_S + 1e-6, Reason.REFUSED, False),
    ],
)
async def test_only_a_timeout_that_was_noticed_late_is_ours(
    late_s: float, reason: Reason, was_stalled: bool
) -> None:
    exchange = started(LITERAL, network := FakeNetwork(), timeout_s=2.0)
    async with exchange.ending():
        network.clock.pass_s(2.0 + late_s)
        raise ExchangeFailed(failed(Phase.CONNECT, reason))
    assert exchange.measurement().was_stalled is was_stalled


async def test_a_late_response_is_a_result() -> None:
    exchange = started(LITERAL, network := FakeNetwork(), timeout_s=2.0)
    network.clock.pass_s(60.0)
    assert not exchange.measurement().was_stalled


@pytest.mark.loopback
async def test_a_timeout_that_passed_while_the_event_loop_was_stalled_is_marked() -> None:
    """The event loop reads nothing until the deadline has passed: an answer would not have been seen."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        resolver = Target(name="r", role=Role.RESOLVER, host="127.0.0.1", port=server.getsockname()[1])
        asyncio.get_running_loop().call_soon(time.sleep, 0.2 + 2 * STALL_S)
        got = await dns.measure(resolver, Network(), timeout_s=0.2)
    assert (got.failure and got.failure.reason, got.was_stalled) == (Reason.TIMED_OUT, True)


@pytest.mark.parametrize(
    ("own_s", "limit_s", "left_s"), [(0.4, 10.0, 1.9), (0.4, 1.0, 1.0), (0.0, 10.0, 1.5)]
)
async def test_time_that_was_ours_is_given_back_within_the_limit(
    own_s: float, limit_s: float, left_s: float
) -> None:
    network = FakeNetwork()
    exchange = started(LITERAL, network, timeout_s=2.0)
    network.clock.pass_s(0.5)
    exchange.leave_out(own_s, limit_s=limit_s)
    assert exchange.remaining_s() == pytest.approx(left_s)
