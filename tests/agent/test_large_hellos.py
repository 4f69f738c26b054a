"""A large ClientHello goes to each server at the start and every six hours; virtual time."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from support.network import virtual_time

from probe.agent import large_hellos
from probe.agent.large_hellos import LargeHellos
from probe.model.kinds import CONFORMANCE_INTERVAL_S, CONFORMANCE_RETRY_S
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.targets import Check, Identity, PlannedCheck, Role, Target

TLS = PlannedCheck(check=Check.TLS, interval_s=60.0, timeout_s=5.0)
NODE = Target(name="n", role=Role.NODE, host="10.0.0.1", plans=(TLS,))
CONNECTED = Measurement(target=NODE, check=Check.TLS, started_at_s=0.0, address="10.0.0.1")
REFUSED = replace(CONNECTED, failure=Failure(phase=Phase.CONNECT, reason=Reason.REFUSED))
RESET = Failure(phase=Phase.HANDSHAKE, reason=Reason.RESET)
HOUR_S = 3600.0


class World:
    """A server whose answers are ``failure``; the loop's time is the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, latest: Measurement = CONNECTED) -> None:
        self.sent_s: list[float] = []
        self.targets: tuple[Target, ...] = (NODE,)
        self.latest: tuple[Measurement, ...] = (latest,)
        self.failure: Failure | None = None
        self.answers: tuple[LargeClientHello, ...] = ()
        monkeypatch.setattr(large_hellos, "try_all", self._try_all)

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def clock(self) -> "World":
        return self

    async def _try_all(
        self,
        targets: Iterable[Target],
        _network: object,
        _timeout_s: float,
        _addresses: Mapping[Identity, str],
    ) -> tuple[LargeClientHello, ...]:
        self.sent_s.append(self.now_s() - virtual_time.START_S)
        return tuple(
            LargeClientHello(
                target=each, started_at_s=self.now_s(), answer=HelloAnswer.SERVER_HELLO, failure=self.failure
            )
            for each in targets
        )

    def run(self, for_s: float) -> None:
        def publish(found: tuple[LargeClientHello, ...]) -> None:
            self.answers = found

        async def main() -> None:
            made = LargeHellos(self)  # type: ignore[arg-type]  # only its clock is used
            running = asyncio.create_task(made.run(lambda: self.targets, lambda: self.latest, publish))
            await asyncio.sleep(for_s)
            running.cancel()

        virtual_time.run(main())


def test_one_is_sent_at_the_start_and_then_every_six_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.run(13 * HOUR_S)
    assert len(world.sent_s) == 3
    assert world.sent_s[0] < 10
    assert world.sent_s[1] - world.sent_s[0] == pytest.approx(CONFORMANCE_INTERVAL_S, abs=10)
    assert [each.target for each in world.answers] == [NODE]


def test_a_failed_one_is_repeated_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.failure = RESET
    world.run(HOUR_S)
    assert world.sent_s[1] - world.sent_s[0] == pytest.approx(CONFORMANCE_RETRY_S, abs=10)


def test_none_is_sent_where_no_connection_was_made_or_without_a_tls_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, REFUSED)
    world.run(HOUR_S)
    assert world.sent_s == []
    world = World(monkeypatch)
    world.targets = (replace(NODE, plans=()),)
    world.run(HOUR_S)
    assert world.sent_s == []


def test_the_answer_of_a_removed_target_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.targets = ()
    world.run(HOUR_S)
    assert world.answers == ()
