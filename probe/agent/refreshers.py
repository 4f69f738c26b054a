"""Runs one `Refresher` per key store whose facts are read; a reload adds, keeps and ends them."""

import asyncio
from collections.abc import Callable, Mapping

from probe.agent.refresh import Sources
from probe.agent.refresher import Refresher
from probe.model.store import KeyStoreSpec


class Refreshers:
    """``make`` creates the refresher of a key store that is declared so, with these sources.

    One whose key store and sources are the same keeps running, with its interval and what it has read.
    """

    def __init__(self, make: Callable[[KeyStoreSpec, Sources], Refresher]) -> None:
        self._make = make
        self._wanted: dict[KeyStoreSpec, tuple[Sources, Refresher]] = {}
        self._changed = asyncio.Event()

    def sync(self, sources: Mapping[KeyStoreSpec, Sources]) -> None:
        """Set the key stores, and where the facts of each are read."""
        before, self._wanted = self._wanted, {}
        for declared, each in sources.items():
            if each.caller is None and each.new_access is None:
                continue
            known = before.get(declared)
            is_same = known is not None and known[0] is each
            self._wanted[declared] = known if known and is_same else (each, self._make(declared, each))
        self._changed.set()

    @property
    def all(self) -> tuple[Refresher, ...]:
        return tuple(refresher for _sources, refresher in self._wanted.values())

    async def run(self) -> None:
        """Until cancelled."""
        running: dict[Refresher, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                await self._changed.wait()
                self._changed.clear()
                wanted = set(self.all)
                for ended in running.keys() - wanted:
                    running.pop(ended).cancel()
                for new in self.all:
                    if new not in running:
                        name = f"facts of {new.declared.id}"
                        running[new] = group.create_task(new.run(), name=name)
