"""A running agent gets new settings: whole or not at all, one load at a time, and only a finished file."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from probe.agent.refresh import Sources
from probe.agent.reload import Loaded, Reloader, watch, with_values_at_start
from probe.model.settings import HistorySettings, ReloadResult, Settings
from probe.model.targets import Role, Target
from probe.signing.client import ProxyAccess
from probe.wire.input_error import InputError

MAX_S = 20.0  # ends a test that hangs
RUNNING = Settings(listen_port=9911, report_interval_s=10.0)
NEW = replace(RUNNING, report_interval_s=5.0, targets=(Target(name="new", role=Role.NODE, host="10.0.0.1"),))


@dataclass
class Watch:
    """Records what a `Reloader` does. ``load`` returns ``loads`` in turn, or raises one of them."""

    loads: list[Settings | InputError] = field(default_factory=lambda: [NEW])
    applied: list[Settings] = field(default_factory=list)
    heard: list[tuple[ReloadResult, Loaded | None]] = field(default_factory=list)

    def load(self) -> Loaded:
        loaded = self.loads.pop(0)
        if isinstance(loaded, InputError):
            raise loaded
        return Loaded(settings=loaded)

    def apply(
        self, settings: Settings, accesses: Sequence[ProxyAccess | None], sources: Sequence[Sources]
    ) -> None:
        del accesses, sources
        self.applied.append(settings)

    def reloader(self, load: Callable[[], Loaded] | None = None) -> Reloader:
        return Reloader(
            load=load or self.load,
            running=RUNNING,
            apply=self.apply,
            heard=lambda result, loaded: self.heard.append((result, loaded)),
        )


async def reloaded(reloader: Reloader, times: int = 1) -> list[ReloadResult]:
    running = asyncio.create_task(reloader.run())
    try:
        async with asyncio.timeout(MAX_S):
            return [await reloader.reload() for _ in range(times)]
    finally:
        running.cancel()


async def test_new_settings_are_applied_and_the_result_is_returned_and_heard() -> None:
    seen = Watch()
    (result,) = await reloaded(seen.reloader())
    assert result == ReloadResult()
    assert result.is_successful
    assert seen.applied == [NEW]
    assert seen.heard == [(result, Loaded(settings=NEW))]


async def test_a_file_with_errors_changes_nothing_and_the_next_good_one_is_used() -> None:
    seen = Watch(loads=[InputError(("nodes[0].address: is missing",)), NEW])
    first, second = await reloaded(seen.reloader(), times=2)
    assert first.errors == ("nodes[0].address: is missing",)
    assert not first.is_successful
    assert second.is_successful
    assert seen.applied == [NEW]
    assert [loaded for _, loaded in seen.heard] == [None, Loaded(settings=NEW)]


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"listen_host": "10.0.0.9"}, "listen"),
        ({"listen_port": 9912}, "listen"),
        ({"external_url": "https://probe.example.com"}, "external_url"),
        ({"allow_unauthenticated": True}, "allow_unauthenticated"),
        ({"resolvers": ("10.0.0.53",)}, "resolve_with"),
        ({"source_address": "10.0.0.7"}, "source_address"),
        ({"history": HistorySettings(path="x", keep_s=1.0, most_bytes=1)}, "history"),
    ],
)
def test_what_was_used_at_the_start_stays_until_a_restart_and_is_named(
    changed: dict[str, object], key: str
) -> None:
    new = replace(NEW, **changed)  # type: ignore[arg-type]
    assert with_values_at_start(new, RUNNING) == (NEW, (key,))
    assert with_values_at_start(NEW, RUNNING) == (NEW, ())


async def test_an_unchanged_restart_setting_is_named_again_by_each_reload_until_the_restart() -> None:
    moved = replace(NEW, listen_port=9912, listen_host="::1")
    seen = Watch(loads=[moved, moved])
    results = await reloaded(seen.reloader(), times=2)
    assert [each.after_restart for each in results] == [("listen",), ("listen",)]
    assert seen.applied == [NEW, NEW]


async def test_requests_during_a_load_are_answered_by_one_further_load() -> None:
    began, go_on, loads = threading.Semaphore(0), threading.Semaphore(0), [0]

    def load() -> Loaded:
        loads[0] += 1
        began.release()
        assert go_on.acquire(timeout=MAX_S)
        return Loaded(settings=NEW)

    seen = Watch()
    reloader = seen.reloader(load)
    running = asyncio.create_task(reloader.run())
    async with asyncio.timeout(MAX_S):
        first = asyncio.create_task(reloader.reload())
        assert await asyncio.to_thread(began.acquire, timeout=MAX_S)
        waiting = [asyncio.create_task(reloader.reload()) for _ in range(50)]
        for _ in range(50):
            reloader.request()
        await asyncio.sleep(0)
        go_on.release(2)
        assert {each.is_successful for each in await asyncio.gather(first, *waiting)} == {True}
    running.cancel()
    assert loads == [2]


async def test_a_client_that_goes_away_disturbs_no_other() -> None:
    seen = Watch(loads=[NEW, NEW])
    reloader = seen.reloader()
    gone = asyncio.create_task(reloader.reload())
    await asyncio.sleep(0)
    gone.cancel()
    (result,) = await reloaded(reloader)
    assert result.is_successful


class File:
    """Its signature is what the test says, and it counts how often it is looked at."""

    def __init__(self) -> None:
        self.signature: object = 1
        self.looks = 0

    def look(self) -> object:
        self.looks += 1
        return self.signature

    async def looked_at(self, times: int) -> None:
        enough = self.looks + times
        async with asyncio.timeout(MAX_S):
            while self.looks < enough:  # noqa: ASYNC110 - the file has no event
                await asyncio.sleep(0.001)


async def test_a_watched_file_is_reloaded_once_per_change() -> None:
    file, requests = File(), [0]
    watching = asyncio.create_task(watch(file.look, lambda: requests.__setitem__(0, requests[0] + 1), 0.001))
    for expected, signature in ((0, 1), (1, 2), (2, None), (3, 2)):
        file.signature = signature
        await file.looked_at(4)
        assert requests == [expected]
    watching.cancel()


async def test_a_file_that_is_still_being_written_is_not_reloaded() -> None:
    """Each look finds it changed; once two looks agree, it is loaded."""
    is_written, sizes, requests = [True], [0], [0]

    def look() -> int:
        sizes[0] += int(is_written[0])
        return sizes[0]

    watching = asyncio.create_task(watch(look, lambda: requests.__setitem__(0, requests[0] + 1), 0.001))
    async with asyncio.timeout(MAX_S):
        while sizes[0] < 20:  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.001)
        assert requests == [0]
        is_written[0] = False
        while requests == [0]:  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.001)
    watching.cancel()
    assert requests == [1]
