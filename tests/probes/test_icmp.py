"""Pings as measurements."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.network.fakes import FakeEchoEngine, no_more_files

from probe.model.measurements import EchoBatch, EchoOutcome, Phase, Reason, Timestamps
from probe.model.targets import Check, Role, Target
from probe.network import EchoEngine, Network
from probe.probes import measure
from probe.probes.icmp import echo_round, measurements_of

TARGETS = [
    Target(name=name, role=Role.NODE, host=host) for name, host in (("a", "192.0.2.1"), ("b", "192.0.2.2"))
]
ADDRESSES = [target.host for target in TARGETS]


def test_each_completed_request_is_a_measurement_and_extra_replies_are_not() -> None:
    batch = EchoBatch(
        indexes=(1, 0, 0, 1),
        sequences=(7, 8, 8, 9),
        sent_ns=(10**18,) * 4,
        rtt_ns=(35_000_000, -1, 1, 1),
        stamps=(Timestamps.KERNEL, None, Timestamps.KERNEL, Timestamps.KERNEL),
        outcomes=(EchoOutcome.ANSWERED, EchoOutcome.FAILED, EchoOutcome.LATE, EchoOutcome.DUPLICATE),
        reasons=(None, Reason.UNREACHABLE, None, None),
        identifier=42,
    )

    answered, failed = measurements_of(TARGETS, batch)

    assert (answered.target.name, answered.rtt_s, answered.timestamps) == ("b", 0.035, Timestamps.KERNEL)
    assert (answered.details.identifier, answered.details.sequence) == (42, 7)
    assert answered.started_at_s == 1e9
    assert (failed.target.name, failed.rtt_s, failed.phases_s) == ("a", None, {})
    assert (failed.failure.phase, failed.failure.reason) == (Phase.ECHO, Reason.UNREACHABLE)


def test_a_reply_discarded_by_a_clock_step_is_not_a_failure_and_has_no_rtt() -> None:
    batch = EchoBatch(
        indexes=(0,), sequences=(7,), sent_ns=(10**18,), rtt_ns=(-1,), stamps=(None,),
        outcomes=(EchoOutcome.ANSWERED,), reasons=(None,), identifier=42,
    )  # fmt: skip

    (measured,) = measurements_of(TARGETS, batch)

    assert (measured.failure, measured.rtt_s, measured.timestamps) == (None, None, None)


async def test_a_round_has_one_measurement_per_target_in_order() -> None:
    engine = FakeEchoEngine(ADDRESSES, {"192.0.2.2": 0.01})
    silent, answered = await echo_round(TARGETS, ADDRESSES, engine)
    assert (silent.failure.reason, answered.rtt_s) == (Reason.TIMED_OUT, 0.01)


async def test_a_round_may_include_only_some_targets() -> None:
    engine = FakeEchoEngine(ADDRESSES, {"192.0.2.2": 0.01})
    (only,) = await echo_round(TARGETS, ADDRESSES, engine, indexes=[1])
    assert only.target.name == "b"


@pytest.fixture
def engine() -> Iterator[EchoEngine]:
    engine = EchoEngine(["127.0.0.1", "127.0.0.2"], timeout_s=30.0)
    if engine.mode is None:
        engine.close()
        pytest.skip(engine.why)
    yield engine
    engine.close()


@pytest.mark.loopback
async def test_a_busy_loop_does_not_lengthen_a_round_of_pings(engine: Any) -> None:
    async def load() -> None:
        while True:
            time.sleep(0.02)  # noqa: ASYNC251 (blocking the loop is intended)
            await asyncio.sleep(0)

    busy = asyncio.create_task(load())
    measured = await echo_round(TARGETS, ["127.0.0.1", "127.0.0.2"], engine)
    busy.cancel()

    assert [one.timestamps for one in measured] == [Timestamps.KERNEL] * 2
    assert max(one.rtt_s for one in measured) < 0.010


@pytest.mark.loopback
@pytest.mark.usefixtures("engine")
async def test_one_target_on_loopback_is_measured() -> None:
    network = Network()
    target = Target(name="here", role=Role.NODE, host="127.0.0.1")
    got = await measure(target, Check.ICMP, network, 1.0)
    network.close()
    assert got.failure is None
    assert got.rtt_s < 0.1


@pytest.mark.parametrize(
    ("of_engine", "given", "expected"),
    [
        ((), (), "192.0.2.2"),
        (("10.0.0.1", "10.0.0.2"), (), "10.0.0.2"),
        (("x", "y"), ("z", "10.0.0.9"), "10.0.0.9"),
    ],
    ids=["the target's host", "the engine's address", "the caller's address"],
)
def test_the_address_of_a_ping_is_its_destination(
    of_engine: tuple[str, ...], given: tuple[str, ...], expected: str
) -> None:
    batch = EchoBatch(
        indexes=(1,),
        sequences=(7,),
        sent_ns=(10**18,),
        rtt_ns=(1,),
        stamps=(Timestamps.KERNEL,),
        outcomes=(EchoOutcome.ANSWERED,),
        reasons=(None,),
        addresses=of_engine,
    )
    (measured,) = measurements_of(TARGETS, batch, given)
    assert measured.address == expected


async def test_at_the_limit_of_open_files_the_failure_is_over_limit() -> None:
    network = Network()
    with no_more_files():
        got = await measure(TARGETS[0], Check.ICMP, network, 1.0)
    network.close()
    assert (got.failure.phase, got.failure.reason) == (Phase.ECHO, Reason.OVER_LIMIT)
