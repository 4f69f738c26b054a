"""The refreshers of an agent follow its key stores: those that stay the same keep running."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, cast

from support.accounts.healthy import SPEC
from support.network import virtual_time

from probe.agent.refresh import Sources
from probe.agent.refresher import Refresher
from probe.agent.refreshers import Refreshers
from probe.model.store import KeyStoreSpec

OTHER = replace(SPEC, id="cks-2")


def sources() -> Sources:
    return Sources(caller=cast("Any", object()))


@dataclass(eq=False)
class Fake:
    """Runs until it is cancelled, and records both."""

    declared: KeyStoreSpec
    sources: Sources
    runs: list[str] = field(default_factory=list)

    async def run(self) -> None:
        self.runs.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            self.runs.append("ended")


class World:
    def __init__(self) -> None:
        self.made: list[Fake] = []
        self.refreshers = Refreshers(self._make)

    def _make(self, declared: KeyStoreSpec, given: Sources) -> Refresher:
        self.made.append(Fake(declared, given))
        return cast("Refresher", self.made[-1])

    async def sync(self, stores: dict[KeyStoreSpec, Sources]) -> None:
        self.refreshers.sync(stores)
        await asyncio.sleep(1)

    def states(self) -> list[tuple[str, list[str]]]:
        return [(each.declared.id, each.runs) for each in self.made]


def test_a_reload_starts_what_is_new_and_ends_what_is_gone() -> None:
    async def main() -> None:
        world, one, two = World(), sources(), sources()
        running = asyncio.create_task(world.refreshers.run())
        await world.sync({SPEC: one})
        await world.sync({SPEC: one, OTHER: two})
        assert world.states() == [(SPEC.id, ["began"]), ("cks-2", ["began"])]
        await world.sync({OTHER: two})
        assert world.states() == [(SPEC.id, ["began", "ended"]), ("cks-2", ["began"])]
        running.cancel()
        await asyncio.wait([running])
        assert [each.runs[-1] for each in world.made] == ["ended", "ended"]

    virtual_time.run(main())


def test_new_sources_or_settings_of_a_key_store_replace_its_refresher() -> None:
    async def main() -> None:
        world, one = World(), sources()
        running = asyncio.create_task(world.refreshers.run())
        await world.sync({SPEC: one})
        await world.sync({SPEC: replace(one, timeout_s=5.0)})
        await world.sync({replace(SPEC, uri_path="/new/kms/xks/v1"): one})
        assert [each.runs for each in world.made] == [["began", "ended"], ["began", "ended"], ["began"]]
        running.cancel()

    virtual_time.run(main())


def test_a_key_store_whose_facts_are_not_read_has_none() -> None:
    world = World()
    world.refreshers.sync({SPEC: Sources()})
    assert world.refreshers.all == ()
