"""Replaces the settings of the running agent: a changed file gives new ones, or the old ones stay.

The caller gives the function that loads them; it runs in a thread. Requests that come while one is loaded
are answered by a single further load, so that no number of requests makes the agent load more than once at a
time.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from probe.agent.refresh import Sources
from probe.model.settings import ReloadResult, Settings
from probe.signing.client import ProxyAccess
from probe.wire.input_error import InputError

# These were used when the agent started: its listener, its page and its sockets have them.
_AT_START = {
    "listen_host": "listen",
    "listen_port": "listen",
    "external_url": "external_url",
    "allow_unauthenticated": "allow_unauthenticated",
    "resolvers": "resolve_with",
    "source_address": "source_address",
    "history": "history",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A loaded configuration. ``accesses`` (None: no health requests) and ``sources`` match the stores."""

    settings: Settings
    accesses: tuple[ProxyAccess | None, ...] = ()
    sources: tuple[Sources, ...] = ()


CHECK_INTERVAL_S = 5.0  # of `watch`
Load = Callable[[], Loaded]
Apply = Callable[[Settings, Sequence[ProxyAccess | None], Sequence[Sources]], None]
Heard = Callable[[ReloadResult, Loaded | None], None]


def with_values_at_start(new: Settings, running: Settings) -> tuple[Settings, tuple[str, ...]]:
    """``new`` with the values that cannot be changed in a running agent, and the keys that differ in it."""
    kept = {name: getattr(running, name) for name in _AT_START}
    differing = dict.fromkeys(key for name, key in _AT_START.items() if getattr(new, name) != kept[name])
    return replace(new, **kept), tuple(differing)


@dataclass(slots=True)
class Reloader:
    """Loads and applies new settings, one load at a time.

    ``running`` are the settings in use; ``apply`` passes new ones to the agent. ``heard`` gets each result,
    with what was loaded, None if that is not used.
    """

    load: Load
    running: Settings
    apply: Apply
    heard: Heard
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: list["asyncio.Future[ReloadResult]"] = field(default_factory=list)

    def request(self) -> None:
        """Reload soon; returns at once."""
        self._wanted.set()

    async def reload(self) -> ReloadResult:
        """Reload, and return the result of a load that began after this call."""
        waiting: asyncio.Future[ReloadResult] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._wanted.set()
        return await waiting

    async def run(self) -> None:
        """Serve requests until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            waiting, self._waiting = self._waiting, []
            result = await self._reload()
            for each in waiting:
                if not each.done():  # its client is gone
                    each.set_result(result)

    async def _reload(self) -> ReloadResult:
        try:
            loaded = await asyncio.to_thread(self.load)
        except InputError as error:
            result = ReloadResult(errors=error.errors)
            self.heard(result, None)
            return result
        settings, after_restart = with_values_at_start(loaded.settings, self.running)
        self.apply(settings, loaded.accesses, loaded.sources)
        self.running = settings
        result = ReloadResult(after_restart=after_restart)
        self.heard(result, replace(loaded, settings=settings))
        return result


async def watch(
    signature: Callable[[], object], request: Callable[[], None], interval_s: float = CHECK_INTERVAL_S
) -> None:
    """Call ``request`` when a file's ``signature`` has changed and then stayed the same for one interval.

    So a file that is still being written is not loaded. Runs until cancelled; ``signature`` runs in a thread.
    """
    used = latest = await asyncio.to_thread(signature)
    while True:
        await asyncio.sleep(interval_s)
        before, latest = latest, await asyncio.to_thread(signature)
        if latest == before and latest != used:
            used = latest
            request()
