"""One round of all checks: each check once, enough round trips for a verdict, all within the timeout."""

import asyncio

import pytest

from probe.agent import round as rounds
from probe.agent.round import ROUND_TRIPS, plans_within, rounds_of, take
from probe.agent.runner import Publish, SilentObserver
from probe.model.measurements import Measurement
from probe.model.targets import Check, Role, Target

NODE = Target(name="node", role=Role.NODE, host="10.0.0.1", plans=plans_within(5.0)[Role.NODE])
MANAGER = Target(
    name="hsm", role=Role.KEY_MANAGER, host="10.0.0.2", plans=plans_within(5.0)[Role.KEY_MANAGER]
)


def test_a_round_has_each_check_once_and_twenty_round_trips() -> None:
    first, *others = rounds_of((NODE, MANAGER))
    assert [(c.target.name, c.plan.check) for c in first] == [
        *(("node", check) for check in (Check.TCP, Check.TLS, Check.HEALTH_COLD)),
        ("hsm", Check.TCP),
    ]
    assert len(others) == ROUND_TRIPS - 1
    assert {c.plan.check for each in others for c in each} == {Check.TCP}


@pytest.mark.parametrize("timeout_s", [0.1, 2.0, 2.24, 3.0, 10.0])
def test_the_last_connect_gets_the_remaining_time_but_at_least_kmss_timeout(timeout_s: float) -> None:
    tcp, tls, health = plans_within(timeout_s)[Role.NODE]
    assert tls.timeout_s == timeout_s
    assert health.timeout_s == max(0.25, timeout_s)
    assert tcp.timeout_s == max(0.25, timeout_s - 2.0)


class Echoes:
    """Records the requested rounds of pings."""

    def __init__(self) -> None:
        self.rounds: list[tuple[int, float]] = []

    async def round(self, count: int, interval_s: float) -> None:
        self.rounds.append((count, interval_s))


@pytest.mark.loopback
async def test_progress_counts_checks_and_not_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROUND_TRIP_SPACING_S", 0.0)
    measured: list[Measurement] = []
    steps: list[tuple[int, int]] = []
    echoes = Echoes()

    async def measure(target: Target, check: Check, _timeout_s: float, publish: Publish) -> None:
        for _ in range(3 if check is Check.HEALTH_COLD else 1):
            publish(Measurement(target=target, check=check, started_at_s=0.0))
        await asyncio.sleep(0)

    await take((NODE,), echoes, measure, measured.append, lambda *step: steps.append(step), SilentObserver())
    assert len(measured) == ROUND_TRIPS + 1 + 3
    assert steps[-1] == (ROUND_TRIPS + 2, ROUND_TRIPS + 2)
    assert echoes.rounds == [(ROUND_TRIPS, 0.0)]


@pytest.mark.loopback
async def test_without_targets_a_round_ends_at_once() -> None:
    await take((), Echoes(), _never, print, print, SilentObserver())


async def _never(_target: Target, _check: Check, _timeout_s: float, _publish: Publish) -> None:
    raise AssertionError
