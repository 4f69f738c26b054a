"""How the running agent gets a changed configuration: SIGHUP, ``POST /-/reload``, or a watch on the file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from exporters.prometheus import PrometheusSink
from exporters.web.page import PageSink
from probe.agent.refresh import Sources
from probe.agent.reload import Loaded
from probe.commands.discovery import KnownSources
from probe.model.settings import ReloadResult
from probe.model.text import clean
from probe.network.clock import SYSTEM_CLOCK
from probe.signing.client import ProxyAccess

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadOutputs:
    """Says the result of each reload in the log, in the metrics and on the page.

    ``judged`` sets the requirements that can be evaluated with these accesses and sources.
    """

    sink: PrometheusSink
    page: PageSink
    judged: Callable[[Sequence[ProxyAccess | None], Sequence[Sources]], None]

    def heard(self, result: ReloadResult, loaded: Loaded | None) -> None:
        now_s = SYSTEM_CLOCK.now_s()
        self.sink.set_reload(ok=result.is_successful, at_s=now_s)
        self.page.on_reload(result.errors, now_s)
        log = structlog.get_logger()
        if loaded is None:
            log.error(
                "configuration not reloaded, the previous one stays in use", errors=_shown(result.errors)
            )
            return
        self.judged(loaded.accesses, loaded.sources)
        later = {"after_restart": list(result.after_restart)} if result.after_restart else {}
        log.info("configuration reloaded", targets=len(loaded.settings.targets), **later)


def _shown(errors: tuple[str, ...]) -> list[str]:
    rest = len(errors) - MAX_LOGGED
    more = [f"and {rest} more errors"] if rest > 0 else []
    return [*(clean(each, _ERROR_CHARACTERS) for each in errors[:MAX_LOGGED]), *more]
