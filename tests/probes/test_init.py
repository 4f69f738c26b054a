"""Every check returns a Measurement with at most one failure."""

from typing import Any

import pytest
from support.network.fakes import FakeNetwork, failed

from probe.model.measurements import Phase, Reason, Timestamps
from probe.model.targets import Check, Role, Target
from probe.network.tcp import TcpConnection
from probe.probes import measure

TARGET = Target(name="proxy", role=Role.PROXY, host="10.0.0.5")
NAMED = Target(name="manager", role=Role.KEY_MANAGER, host="hsm.example.com", port=9000)
EXCHANGES = [Check.ICMP, Check.TCP, Check.TLS, Check.DNS]


@pytest.mark.parametrize("check", EXCHANGES)
async def test_an_unresolvable_name_fails_every_check(check: Any) -> None:
    network = FakeNetwork()

    got = await measure(NAMED, check, network, 1.0)

    assert (got.check, got.address) == (check, None)
    assert (got.failure.phase, got.failure.reason) == (Phase.RESOLVE, Reason.NAME_NOT_FOUND)
    assert (got.phases_s, got.timestamps) == ({}, None)
    assert got.started_at_s == network.clock.now_s()


@pytest.mark.parametrize("check", EXCHANGES)
async def test_without_a_response_a_check_fails_in_its_own_phase(check: Any) -> None:
    silent = failed(Phase.CONNECT, Reason.TIMED_OUT)

    got = await measure(TARGET, check, FakeNetwork(connections={"10.0.0.5": silent}), 1.0)

    phase = {Check.ICMP: Phase.ECHO, Check.DNS: Phase.WAIT}.get(check, Phase.CONNECT)
    assert (got.failure.phase, got.failure.reason) == (phase, Reason.TIMED_OUT)
    assert got.rtt_s is None


@pytest.mark.parametrize("check", [Check.ICMP, Check.TCP])
async def test_a_check_has_its_round_trip_and_a_name_adds_the_resolve_phase(check: Any) -> None:
    network = FakeNetwork(
        names={NAMED.host: "10.0.0.9"}, connections={"10.0.0.9": 0.035}, echo_rtts_s={"10.0.0.9": 0.035}
    )

    got = await measure(NAMED, check, network, 1.0)

    assert (got.rtt_s, got.address, got.timestamps) == (0.035, "10.0.0.9", Timestamps.KERNEL)
    assert Phase.RESOLVE in got.phases_s
    assert got.failure is None


async def test_a_lost_syn_is_not_a_sample_even_if_the_connect_succeeded() -> None:
    lost = TcpConnection(
        address="10.0.0.5",
        port=443,
        local_port=40001,
        retransmits=1,
        failure=failed(Phase.CONNECT, Reason.PACKET_LOST),
    )

    got = await measure(TARGET, Check.TCP, FakeNetwork(connections={"10.0.0.5": lost}), 1.0)

    assert (got.rtt_s, got.phases_s) == (None, {})
    assert got.failure.reason is Reason.PACKET_LOST
    assert got.details.retransmits == 1


async def test_measuring_health_without_a_prober_raises_an_error() -> None:
    with pytest.raises(ValueError, match="health_cold"):
        await measure(TARGET, Check.HEALTH_COLD, FakeNetwork(), 1.0)
