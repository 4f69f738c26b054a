"""Keeps the facts of one key store current while the agent runs: account, verification record, credential."""

import asyncio
import random
from collections.abc import Callable

from probe.agent import last_good
from probe.agent.daemon_thread import in_daemon_thread
from probe.agent.refresh import Sources, account_of, domain_of, search_of
from probe.agent.state import Fact, State
from probe.model.account import Account
from probe.model.ports import Observer
from probe.model.refreshed import Refreshed
from probe.model.settings import RefreshTimes
from probe.model.store import KeyStoreSpec
from probe.network.clock import SYSTEM_CLOCK
from probe.wire.input_error import InputError

JITTER = 0.1  # agents that started together do not call AWS at the same moment
# How often the age of the facts is checked, and whether the credential has changed.
CHECK_S = 60.0
_BUG = "the audit failed with an internal error"


class Refresher:
    """Reads the facts of the store ``declared`` at intervals, and passes them to ``update``.

    Nothing that fails here ends the agent, or affects measurements: an audit that raises is a bug, and counts
    as an audit that read nothing. ``is_audited`` is set after the first audit.
    """

    def __init__(
        self,
        declared: KeyStoreSpec,
        state: State,
        sources: Sources,
        update: Callable[..., None],
        publish: Callable[[KeyStoreSpec, Account | None], None],
        observer: Observer,
    ) -> None:
        self.declared, self._state, self._sources = declared, state, sources
        self._update, self._publish, self._observer = update, publish, observer
        self._audits: tuple[Account, ...] = ()
        self._listed: Account | None = None
        self._last_success_s: float | None = None
        self._changed = asyncio.Event()
        self.is_audited = asyncio.Event()
        if sources.caller is None:
            self.is_audited.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self._sources.caller is not None:
                group.create_task(self._audit_forever(), name="audit")
                group.create_task(self._look_up_forever(), name="verification record")
            if self._sources.new_access is not None:
                group.create_task(self._follow_credential(self._sources.new_access), name="credential")

    @property
    def _times(self) -> RefreshTimes:
        return self._state.settings.refresh

    async def _audit_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            next_s = loop.time() + _jittered(self._times.audit_interval_s)
            await self._audit()
            while (left_s := next_s - loop.time()) > 0:
                await asyncio.sleep(min(left_s, CHECK_S))
                self._set(account=last_good.current(self._audits, SYSTEM_CLOCK.now_s()))

    async def _audit(self) -> None:
        store = self._state.store(self.declared)
        if store is None:
            return
        try:
            audited = await account_of(store, self._sources)
        except Exception as bug:  # noqa: BLE001 - AWS's failures are results, so this is a bug; measuring goes on
            self._observer.activity_bug("audit", self.declared.id, bug)
            audited = last_good.unread(self.declared.region, SYSTEM_CLOCK.now_s(), _BUG)
        if audited is None:
            return
        now_s = SYSTEM_CLOCK.now_s()
        self._audits = (audited, *last_good.within(self._audits, now_s))
        self._listed = last_good.over(audited, self._listed)
        self._set(account=last_good.current(self._audits, now_s), listed=self._listed)
        if is_successful(audited):
            self._last_success_s = audited.taken_at_s
        self._publish(self.declared, audited)
        self._changed.set()
        self.is_audited.set()

    async def _look_up_forever(self) -> None:
        """At its interval, and at once if an audit shows another name or another value."""
        loop = asyncio.get_running_loop()
        await self.is_audited.wait()
        looked_up, next_s = None, loop.time()
        while True:
            store = self._state.store(self.declared)
            search = search_of(store, self._sources) if store else None
            if search != looked_up or loop.time() >= next_s:
                looked_up, next_s = search, loop.time() + _jittered(self._times.record_interval_s)
                await self._look_up()
            self._changed.clear()
            await _wait(self._changed, next_s - loop.time())

    async def _look_up(self) -> None:
        store = self._state.store(self.declared)
        if store is None:
            return
        try:
            found = await domain_of(store, self._sources)
        except Exception as bug:  # noqa: BLE001 - network failures are results, so this is a bug; measuring goes on
            self._observer.activity_bug("verification record", self.declared.id, bug)
            return
        if found is not None:
            found = last_good.current_domain(found, store.domain, SYSTEM_CLOCK.now_s())
        self._set(domain=found)
        self._publish(self.declared, None)

    async def _follow_credential(self, new_access: Callable[[], object]) -> None:
        """A changed credential is used from the next request on; a faulty one is reported, and not used."""
        while True:
            await asyncio.sleep(min(CHECK_S, self._times.audit_interval_s))
            try:
                access = await in_daemon_thread(new_access)
            except InputError as error:
                self._observer.credential(self.declared.id, "; ".join(error.errors))
                continue
            except Exception as bug:  # noqa: BLE001 - measuring goes on with the last good credential
                self._observer.activity_bug("credential", self.declared.id, bug)
                continue
            if access is not None:
                self._set(access=access)  # type: ignore[arg-type]
                self._observer.credential(self.declared.id, None)

    def _set(self, **facts: Fact) -> None:
        self._update(self.declared, **facts)

    def refreshed(self, audit: Account | None) -> Refreshed | None:
        """What sinks get, None without discovery; ``audit`` is the one that has just ended."""
        store = self._state.store(self.declared)
        if store is None or self._sources.caller is None:
            return None
        return Refreshed(
            key_store=store.spec.id,
            account=store.account,
            domain=store.domain,
            audit=audit,
            last_success_s=self._last_success_s,
        )


def is_successful(audit: Account) -> bool:
    """Whether the audit could read the key stores or an endpoint service, without which it says nothing."""
    return isinstance(audit.key_stores, tuple) or isinstance(audit.services, tuple)


def _jittered(interval_s: float) -> float:
    return interval_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- spreads load, no secret


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, timeout_s)):
            await event.wait()
    except TimeoutError:
        pass
