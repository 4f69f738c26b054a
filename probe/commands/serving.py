"""The agent with its page: used by `run` and by `demo`. Ends cleanly within two seconds of a signal."""

import asyncio
import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from exporters.prometheus import PrometheusSink
from exporters.web import server
from exporters.web.access import Passwords
from exporters.web.app import make_app
from exporters.web.connections import DEFAULT_LIMITS, Connections
from exporters.web.page import PageSink
from exporters.web.reload import Reload
from probe import __version__
from probe.agent.agent import Agent
from probe.agent.history import History
from probe.agent.pacing import keep_pauses_short, observe_lag
from probe.agent.refresh import Sources
from probe.agent.reload import Loaded, watch
from probe.commands import signals
from probe.commands.exits import UsageError
from probe.commands.notes_log import NotesLog
from probe.commands.observing import AgentObserver
from probe.commands.reloading import Reloading, ReloadOptions, say
from probe.commands.web_config import PageTls
from probe.model.history import Standing
from probe.model.settings import ReloadResult, Settings
from probe.model.text import clean
from probe.model.verdicts import MEASURED, Requirement, Scope
from probe.model.web import WebSettings
from probe.network.clock import SYSTEM_CLOCK
from probe.requirements import of_scopes
from probe.signing.client import ProxyAccess
from probe.storage.history_sink import HistorySink

if TYPE_CHECKING:
    from probe.model.ports import Sink

SHUTDOWN_S = 1.0  # half of the two seconds for responses in progress; the other half is for the agent
BACKLOG = 128
_ADVICE = {
    errno.EACCES: "choose a port from 1024 on",
    errno.EADDRINUSE: "stop the program that uses it, or choose another port",
}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; `UsageError` if the address is not available.

    Opened before a simulated network is entered, it stays reachable from the machine's own browser.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise UsageError(f"listen {clean(host)}:{port}: {error.strerror}; {advice(error)}") from None
    sock.setblocking(False)
    return sock


def advice(error: OSError) -> str:
    """What to do about an address that is not available."""
    return _ADVICE.get(error.errno or 0, "choose an address of this machine, such as 127.0.0.1")


async def serve(
    settings: Settings,
    listener: socket.socket,
    vantage: str,
    accesses: Sequence[ProxyAccess | None] = (),
    sources: Sequence[Sources] = (),
    reload: ReloadOptions | None = None,
    web: WebSettings | None = None,
) -> None:
    """Run the agent and its page until SIGINT or SIGTERM; the last results are published before it ends.

    ``accesses``: how the proxy of each key store is asked for its health. ``sources``: where the facts of
    each key store are read; without them, only what is configured is probed. With ``reload``, SIGHUP loads
    the configuration again. ``web``: how the page is protected.
    """
    stop, tls = asyncio.Event(), PageTls(web or WebSettings())
    with signals.setting(stop):
        await _serve(settings, listener, vantage, accesses, sources, reload, stop, tls)


async def _serve(
    settings: Settings,
    listener: socket.socket,
    vantage: str,
    accesses: Sequence[ProxyAccess | None],
    sources: Sequence[Sources],
    reload: ReloadOptions | None,
    stop: asyncio.Event,
    tls: PageTls,
) -> None:
    parts = _parts(settings, vantage, accesses, sources)
    reloading = Reloading(reload, settings, parts.agent.reconfigure, parts.heard) if reload else None
    runner = await _start_page(settings, listener, parts, reloading.by_request if reloading else None, tls)
    keep_pauses_short()
    structlog.get_logger().info("started", version=__version__, targets=len(settings.targets))
    lag = observe_lag(parts.sink.observe_loop_lag, parts.page.self_metrics.observe_loop_lag)
    running = asyncio.create_task(parts.agent.run(), name="agent")
    reloads = [asyncio.create_task(reloading.run(), name="reloads")] if reloading else []
    tasks = [running, *reloads, asyncio.create_task(stop.wait(), name="stop")]
    lagging = asyncio.create_task(lag, name="loop lag")
    certificates = asyncio.create_task(watch(tls.version, tls.read_again), name="certificate of the page")
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)  # a bug in one of them ends the agent
    finally:
        for task in (*tasks, lagging, certificates):
            task.cancel()
        results = await asyncio.gather(*tasks, lagging, certificates, return_exceptions=True)
        await _close(runner, parts.disk)
    _raise_bug(results[: len(tasks)])
    structlog.get_logger().info("stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The agent and the sinks that need it; ``disk`` is None without a history on disk."""

    sink: PrometheusSink
    page: PageSink
    disk: HistorySink | None
    agent: Agent

    def heard(self, result: ReloadResult, loaded: Loaded | None) -> None:
        say(result, loaded, self.sink, self.page)
        if loaded is not None:
            self.sink.set_requirements(_judged(loaded.accesses, loaded.sources))
            self.sink.vantage = loaded.settings.vantage


def _parts(
    settings: Settings,
    vantage: str,
    accesses: Sequence[ProxyAccess | None],
    sources: Sequence[Sources],
) -> _Parts:
    sink = PrometheusSink(__version__)
    sink.set_requirements(_judged(accesses, sources))
    sink.vantage = settings.vantage
    sink.set_reload(ok=True, at_s=SYSTEM_CLOCK.now_s())
    history = History()
    disk = _history_on_disk(settings, sink)
    on_disk: tuple[Sink, ...] = (disk,) if disk else ()
    standing = (lambda: disk.standing) if disk else Standing
    page = PageSink(windows=lambda: agent.windows, series=history.series, standing=standing)
    agent = Agent(
        settings,
        (sink, page, NotesLog(), *on_disk),
        AgentObserver(sink, page.self_metrics),
        history=history,
        accesses=accesses,
        sources=sources,
        vantage=vantage,
    )
    return _Parts(sink=sink, page=page, disk=disk, agent=agent)


async def _close(runner: web.AppRunner, disk: HistorySink | None) -> None:
    """Both at once, within what is left of the two seconds."""
    kept = [asyncio.to_thread(disk.close, SHUTDOWN_S)] if disk else []
    await asyncio.gather(runner.cleanup(), *kept)


def _history_on_disk(settings: Settings, sink: PrometheusSink) -> HistorySink | None:
    """Its thread opens the file; until then, and without a usable file, the agent runs all the same."""
    if settings.history is None:
        return None
    disk = HistorySink(settings.history, say=structlog.get_logger().warning)
    sink.set_history(disk)
    disk.start()
    return disk


def _judged(accesses: Sequence[ProxyAccess | None], sources: Sequence[Sources]) -> tuple[Requirement, ...]:
    """The requirements that this agent judges: the account's only if AWS is called."""
    health = {Scope.HEALTH} if any(accesses) else set()
    account = {Scope.ACCOUNT} if any(each.caller for each in sources) else set()
    scopes = MEASURED | health | account
    return tuple(rule.published for rule in of_scopes(scopes))


def _raise_bug(results: Sequence[object]) -> None:
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _start_page(
    settings: Settings, listener: socket.socket, parts: _Parts, reload: Reload | None, tls: PageTls
) -> web.AppRunner:
    connections = Connections(DEFAULT_LIMITS, parts.sink.web, lambda: tls.context)
    users = tls.settings.users
    app = make_app(
        parts.sink,
        parts.page,
        parts.agent,
        version=__version__,
        listen_host=settings.listen_host,
        listen_port=listener.getsockname()[1],
        external_url=settings.external_url,
        reload=reload,
        history=parts.disk,
        connections=connections,
        passwords=Passwords(users) if users else None,
    )
    return await server.start(app, listener, connections, shutdown_s=SHUTDOWN_S)
