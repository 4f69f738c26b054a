"""How the running agent gets a changed configuration: SIGHUP, ``POST /-/reload``, or a watch on the file."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from exporters.prometheus import PrometheusSink
from exporters.web.page import PageSink
from probe.agent.reload import Apply, Heard, Loaded, Reloader, watch
from probe.commands import signals
from probe.commands.configuration import reloaded
from probe.commands.discovery import KnownSources
from probe.model.settings import ReloadResult, Settings
from probe.model.text import clean
from probe.network.clock import SYSTEM_CLOCK
from probe.storage.files import version_of

MAX_LOGGED = 20  # errors of one file; the rest is counted
_ERROR_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadOptions:
    """The file to reload. ``is_watched``: when it changes; ``by_request``: by ``POST /-/reload``.

    ``known`` has the sources in use, so that a key store that stays the same keeps its own.
    """

    path: Path
    known: KnownSources
    is_watched: bool = False
    by_request: bool = False


class Reloading:
    """Reloads for one running agent. ``apply`` and ``heard``: see `Reloader`."""

    def __init__(self, options: ReloadOptions, running: Settings, apply: Apply, heard: Heard) -> None:
        self._options = options
        self._reloader = Reloader(
            load=lambda: reloaded(options.path, options.known.of), running=running, apply=apply, heard=heard
        )

    @property
    def by_request(self) -> Callable[[], Awaitable[ReloadResult]] | None:
        """Reloads, for a client of the page; None if clients may not."""
        return self._reloader.reload if self._options.by_request else None

    async def run(self) -> None:
        """Reload on SIGHUP, and when the file changes if that is asked for; until cancelled."""
        with signals.calling(signal.SIGHUP, self._reloader.request):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._reloader.run(), name="reloads")
                if self._options.is_watched:
                    look = partial(version_of, self._options.path)
                    group.create_task(watch(look, self._reloader.request), name="watch")


def say(result: ReloadResult, loaded: Loaded | None, sink: PrometheusSink, page: PageSink) -> None:
    """Says the result of a reload in the log, in the metrics and on the page."""
    now_s = SYSTEM_CLOCK.now_s()
    sink.set_reload(ok=result.is_successful, at_s=now_s)
    page.on_reload(result.errors, now_s)
    log = structlog.get_logger()
    if loaded is None:
        log.error("configuration not reloaded, the previous one stays in use", errors=_shown(result.errors))
        return
    later = {"after_restart": list(result.after_restart)} if result.after_restart else {}
    log.info("configuration reloaded", targets=len(loaded.settings.targets), **later)


def _shown(errors: tuple[str, ...]) -> list[str]:
    rest = len(errors) - MAX_LOGGED
    more = [f"and {rest} more errors"] if rest > 0 else []
    return [*(clean(each, _ERROR_CHARACTERS) for each in errors[:MAX_LOGGED]), *more]
