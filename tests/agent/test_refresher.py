"""The facts of one key store over time: audits, the record, the credential, and what fails. Virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, SERVICE, SPEC, STORE
from support.network import virtual_time

from probe.agent import refresher as module
from probe.agent.history import History
from probe.agent.last_good import KEPT_S, unread
from probe.agent.refresh import Sources
from probe.agent.refresher import CHECK_S, JITTER, Refresher
from probe.agent.state import State, StoreFacts
from probe.model.account import Account, Unavailable
from probe.model.facts import DomainFacts
from probe.model.settings import RefreshTimes, Settings
from probe.wire.input_error import InputError

TIMES = RefreshTimes(audit_interval_s=300.0, record_interval_s=300.0)
DOMAIN = DomainFacts(private_dns_name="x", registrable=None, is_public=True)
MINUTE_S = 60.0


class Clock:
    """The loop's time as Unix time."""

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()


class World:
    """An account that the test changes, and everything that the refresher did, with its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **sources: Any) -> None:
        self.account: Account | Exception = replace(ACCOUNT, key_stores=(STORE,))
        self.audits_s: list[float] = []
        self.lookups_s: list[float] = []
        self.said: list[str] = []
        self.published: list[Account | None] = []
        self.state = State(Settings(stores=(SPEC,), refresh=TIMES), History())
        caller: Any = object()
        sources = {"caller": caller, "public_resolvers": ("192.0.2.1",), **sources}
        self.refresher = Refresher(
            SPEC, self.state, Sources(**sources), self.state.update, self._publish, self
        )
        monkeypatch.setattr(module, "account_of", self._audit)
        monkeypatch.setattr(module, "domain_of", self._look_up)
        monkeypatch.setattr(module, "SYSTEM_CLOCK", Clock())

    def _publish(self, _store: object, audit: Account | None) -> None:
        self.published.append(audit)

    async def _audit(self, _store: StoreFacts, _sources: Sources) -> Account:
        now_s = asyncio.get_running_loop().time()
        self.audits_s.append(now_s - virtual_time.START_S)
        if isinstance(self.account, Exception):
            raise self.account
        return replace(self.account, taken_at_s=now_s)

    async def _look_up(self, _store: StoreFacts, _sources: Sources) -> DomainFacts:
        now_s = asyncio.get_running_loop().time()
        self.lookups_s.append(now_s - virtual_time.START_S)
        return replace(DOMAIN, taken_at_s=now_s)

    @property
    def facts(self) -> StoreFacts:
        return self.state.stores[0]

    def activity_bug(self, activity: str, key_store: str, error: Exception) -> None:
        del key_store
        self.said.append(f"{activity}: {error!r}")

    def credential(self, key_store: str, fault: str | None) -> None:
        del key_store
        self.said.append(fault or "changed")

    def targets(self, added: object, removed: object) -> None: ...

    def discarded(self, measurement: object) -> None: ...

    def delay(self, seconds: float) -> None: ...

    def skipped(self, target: object, check: object, runs: int = 1) -> None: ...

    def bug(self, target: object, check: object, error: Exception) -> None:
        raise AssertionError(target, check, error)

    def run(self, *steps: tuple[float, Callable[[], object]]) -> None:
        virtual_time.run_steps(self.refresher.run(), steps)


def nothing() -> Account:
    return unread(SPEC.region, 0.0, "denied")


def test_the_first_audit_and_lookup_are_at_once_and_the_others_at_the_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch)
    world.run((1.0, lambda: None), (3600.0, lambda: None))
    assert world.audits_s[0] == world.lookups_s[0] == 0.0
    gaps_s = [after - before for before, after in zip(world.audits_s, world.audits_s[1:], strict=False)]
    low_s, high_s = TIMES.audit_interval_s * (1 - JITTER), TIMES.audit_interval_s * (1 + JITTER)
    assert all(low_s - 0.01 <= gap_s <= high_s + 0.01 for gap_s in gaps_s)
    assert len(set(gaps_s)) > 1, "audits of several agents do not stay in step"
    assert 10 <= len(world.lookups_s) <= 15
    assert world.facts.domain is not None


def test_an_audit_that_reads_nothing_changes_no_target_and_is_unknown_after_15_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch)
    seen: dict[str, Any] = {}

    def deny() -> None:
        world.account = nothing()
        seen["targets"] = world.state.targets

    def note(name: str) -> Callable[[], None]:
        def step() -> None:
            seen[name] = world.facts.account

        return step

    world.run(
        (1.0, deny),
        (KEPT_S - 1, note("kept")),
        (KEPT_S + CHECK_S + 1, note("unknown")),
        (5 * 3600.0, note("later")),
    )
    assert seen["targets"], "the account has nodes and targets"
    assert world.state.targets == seen["targets"], "what cannot be read at the moment is still probed"
    assert seen["kept"].load_balancers == ACCOUNT.load_balancers
    assert isinstance(seen["unknown"].load_balancers, Unavailable)
    assert isinstance(seen["later"].load_balancers, Unavailable)


def test_an_audit_that_raises_is_reported_and_counts_as_one_that_read_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch)
    world.account = ZeroDivisionError("x")
    world.run((1.0, lambda: None))
    assert world.said == ["audit: ZeroDivisionError('x')"]
    assert world.facts.account is not None
    assert isinstance(world.facts.account.service, Unavailable)
    assert world.refresher.is_audited.is_set()


def test_a_changed_private_dns_name_is_looked_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = replace(SPEC, uri_endpoint=None)
    world = World(monkeypatch)
    world.state = State(Settings(stores=(spec,), refresh=TIMES), History())
    world.refresher = Refresher(
        spec,
        world.state,
        Sources(caller=object(), public_resolvers=("192.0.2.1",)),  # type: ignore[arg-type]
        world.state.update,
        world._publish,
        world,
    )
    other = replace(SERVICE, private_dns_name="other.example.com")

    def change() -> None:
        world.account = replace(ACCOUNT, service=other, services=(other,))

    world.run((1.0, change), (400.0, lambda: None))
    second_audit_s = world.audits_s[1]
    assert second_audit_s in world.lookups_s
    assert {target.server_name for target in world.state.targets} == {"other.example.com"}


def test_sinks_get_each_audit_and_when_one_last_succeeded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    seen: list[Any] = []

    def deny() -> None:
        seen.append(world.refresher.refreshed(None))
        world.account = nothing()

    world.run((1.0, deny), (3600.0, lambda: seen.append(world.refresher.refreshed(None))))
    first, last = seen
    assert first.last_success_s == last.last_success_s == virtual_time.START_S
    audits = [each for each in world.published if each is not None]
    assert len(audits) == len(world.audits_s)


def test_a_changed_credential_is_used_and_a_faulty_one_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    access: Any = object()
    results: list[Any] = [None, access, InputError(("no credential", "in it")), ValueError("bug"), None]

    def new_access() -> Any:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    async def at_once(work: Callable[[], object]) -> object:
        return work()

    monkeypatch.setattr(module, "in_daemon_thread", at_once)
    world = World(monkeypatch, caller=None, new_access=new_access)
    world.run((5 * MINUTE_S + 1, lambda: None))
    assert results == []
    assert world.facts.access is access
    assert world.said == ["changed", "no credential; in it", "credential: ValueError('bug')"]
    assert world.audits_s == []
    assert world.refresher.refreshed(None) is None
