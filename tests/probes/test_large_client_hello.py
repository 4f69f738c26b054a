"""The probe with a ClientHello of two segments: its address, its facts, and which targets get it."""

from dataclasses import replace

import pytest
from support.network.fakes import FakeNetwork, failed

from probe.model.large_client_hello import HelloAnswer
from probe.model.measurements import Phase, Reason, Timestamps
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.network.large_client_hello import LargeHandshake
from probe.probes.large_client_hello import try_all, try_one

NAME = "xks.example.com"
_TLS = (PlannedCheck(check=Check.TLS, interval_s=60.0, timeout_s=5.0),)
NODE = Target(name="node", role=Role.NODE, host="10.0.0.5", server_name=NAME, plans=_TLS)
PROXY = Target(name="proxy", role=Role.PROXY, host=NAME, plans=_TLS)
GOOD = LargeHandshake(
    answer=HelloAnswer.HELLO_RETRY_REQUEST,
    sent_bytes=1470,
    wait_s=0.02,
    timestamps=Timestamps.KERNEL,
    group="x25519",
)


def network(**more: object) -> FakeNetwork:
    made = FakeNetwork(
        names={NAME: "10.0.0.5"},
        connections={"10.0.0.5": 0.01, "10.0.0.6": 0.01},
        large_handshakes={"10.0.0.5": GOOD, "10.0.0.6": GOOD},
    )
    return replace(made, **more)


async def test_the_facts_are_those_of_the_handshake_and_the_time_left_after_the_connect() -> None:
    of = network()
    got = await try_one(NODE, of, 5.0)

    assert of.calls == [
        ("resolve", "10.0.0.5"),
        ("connect", "10.0.0.5", 443),
        ("large handshake", "10.0.0.5", NAME),
    ]
    assert (got.target, got.address, got.answer, got.sent_bytes) == (NODE, "10.0.0.5", GOOD.answer, 1470)
    assert (got.wait_s, got.timestamps, got.group, got.failure) == (0.02, Timestamps.KERNEL, "x25519", None)
    assert got.allowed_s == pytest.approx(4.99)


async def test_the_address_of_the_measured_handshake_is_used_again() -> None:
    of = network()
    got = await try_one(PROXY, of, 5.0, "10.0.0.6")

    assert got.address == "10.0.0.6"
    assert of.calls == [("connect", "10.0.0.6", 443), ("large handshake", "10.0.0.6", NAME)]


@pytest.mark.parametrize(
    ("of", "address", "phase"),
    [
        (network(names={}), None, Phase.RESOLVE),
        (
            network(connections={"10.0.0.5": failed(Phase.CONNECT, Reason.TIMED_OUT)}),
            "10.0.0.5",
            Phase.CONNECT,
        ),
    ],
    ids=["resolve", "connect"],
)
async def test_without_a_connection_nothing_is_sent(
    of: FakeNetwork, address: str | None, phase: Phase
) -> None:
    got = await try_one(PROXY, of, 5.0)

    assert (got.answer, got.address, got.sent_bytes) == (HelloAnswer.OTHER, address, 0)
    assert got.failure is not None
    assert got.failure.phase is phase


async def test_each_target_on_the_path_with_a_tls_check_gets_one() -> None:
    manager = replace(NODE, name="hsm", role=Role.KEY_MANAGER)
    unchecked = replace(NODE, name="without", plans=())
    of = network()

    got = await try_all((PROXY, NODE, manager, unchecked), of, 5.0, {PROXY.identity: "10.0.0.6"})

    assert [(each.target.name, each.address) for each in got] == [("proxy", "10.0.0.6"), ("node", "10.0.0.5")]


async def test_without_targets_there_are_no_answers() -> None:
    assert await try_all((), network(), 5.0, {}) == ()
