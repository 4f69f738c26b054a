"""The agent with its page: used by `run` and by `demo`. Ends cleanly within two seconds of a signal."""

import asyncio
import signal
import socket
from collections.abc import Sequence

import structlog
from aiohttp import web

from exporters.prometheus import PrometheusSink
from exporters.web import server
from exporters.web.app import make_app
from exporters.web.page import PageSink
from exporters.web.reload import Reload
from exporters.web.self_metrics import SelfMetrics
from probe import __version__
from probe.agent.agent import Agent
from probe.agent.history import History
from probe.agent.pacing import keep_pauses_short, observe_lag
from probe.agent.refresh import Sources
from probe.agent.reload import Reloader, watch
from probe.commands import signals
from probe.commands.configuration import reloaded
from probe.commands.exits import UsageError
from probe.commands.reloading import ReloadOptions, ReloadOutputs
from probe.model.history import Standing
from probe.model.settings import Settings
from probe.model.targets import Check, Target
from probe.model.text import clean
from probe.model.verdicts import MEASURED, Requirement, Scope
from probe.network.clock import SYSTEM_CLOCK
from probe.requirements import of_scopes
from probe.signing.client import ProxyAccess
from probe.storage.files import version_of
from probe.storage.history_sink import HistorySink

SHUTDOWN_S = 1.0  # half of the two seconds for responses in progress; the other half is for the agent
BACKLOG = 128


class AgentObserver:
    """Delays, skipped probes and bugs, as metrics and log lines. Implements `scheduler.Observer`."""

    def __init__(self, sink: PrometheusSink, self_metrics: SelfMetrics) -> None:
        self._sink, self._self_metrics = sink, self_metrics
        self._log = structlog.get_logger()

    def delay(self, seconds: float) -> None:
        self._sink.observe_scheduling_delay(seconds)
        self._self_metrics.observe_send_delay(seconds)

    def skipped(self, target: Target, check: Check) -> None:
        self._sink.skipped(target, check)

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        where = {"target": target.name, "check": check.value}
        self._log.error("internal error in a probe", **where, error=repr(error))

    def activity_bug(self, activity: str, key_store: str, error: Exception) -> None:
        self._log.error(f"internal error: {activity}", key_store=clean(key_store), error=repr(error))

    def credential(self, key_store: str, fault: str | None) -> None:
        if fault is None:
            self._log.info("the proxy's credential has changed", key_store=clean(key_store))
        else:
            words = "the changed credential cannot be used; the last one stays in use"
            self._log.warning(words, key_store=clean(key_store), error=clean(fault, 400))

    def targets(self, added: Sequence[str], removed: Sequence[str]) -> None:
        names = {"added": [clean(each) for each in added], "removed": [clean(each) for each in removed]}
        self._log.info("targets changed", **names)


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
        where = f"listen {clean(host)}:{port}: {error.strerror}"
        raise UsageError(
            f"{where}; another program uses it, or it is not an address of this machine"
        ) from None
    sock.setblocking(False)
    return sock


async def serve(
    settings: Settings,
    listener: socket.socket,
    vantage: str,
    accesses: Sequence[ProxyAccess | None] = (),
    sources: Sequence[Sources] = (),
    reload: ReloadOptions | None = None,
) -> None:
    """Run the agent and its page until SIGINT or SIGTERM; the last results are published before it ends.

    ``accesses``: how the proxy of each key store is asked for its health. ``sources``: where the facts of
    each key store are read; without them, only what is configured is probed. With ``reload``, SIGHUP loads
    the configuration again.
    """
    stop = asyncio.Event()
    with signals.setting(stop):
        await _serve(settings, listener, vantage, accesses, sources, reload, stop)


async def _serve(
    settings: Settings,
    listener: socket.socket,
    vantage: str,
    accesses: Sequence[ProxyAccess | None],
    sources: Sequence[Sources],
    reload: ReloadOptions | None,
    stop: asyncio.Event,
) -> None:
    sink = PrometheusSink(__version__)
    sink.set_requirements(_judged(accesses, sources))
    sink.set_reload(ok=True, at_s=SYSTEM_CLOCK.now_s())
    history = History()
    disk = _history_on_disk(settings, sink)
    standing = (lambda: disk.standing) if disk else Standing
    page = PageSink(windows=lambda: agent.windows, series=history.series, standing=standing)
    agent = Agent(
        settings,
        (sink, page, *((disk,) if disk else ())),
        AgentObserver(sink, page.self_metrics),
        history=history,
        accesses=accesses,
        sources=sources,
        vantage=vantage,
    )
    outputs = ReloadOutputs(sink=sink, page=page, judged=lambda *of: sink.set_requirements(_judged(*of)))
    reloader = _reloader(reload, settings, agent, outputs) if reload else None
    by_request = reloader.reload if reload and reload.by_request and reloader else None
    runner = await _start_page(settings, listener, sink, page, agent, by_request, disk)
    keep_pauses_short()
    structlog.get_logger().info("started", version=__version__, targets=len(settings.targets))
    running = asyncio.create_task(agent.run(), name="agent")
    lag = asyncio.create_task(
        observe_lag(sink.observe_loop_lag, page.self_metrics.observe_loop_lag), name="loop lag"
    )
    stopping = asyncio.create_task(stop.wait(), name="stop")
    reloading = asyncio.create_task(_reload(reload, reloader), name="reload")
    ending = (running, reloading)  # a bug in one of them ends the agent
    try:
        await asyncio.wait((*ending, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*ending, lag, stopping):
            task.cancel()
        results = await asyncio.gather(*ending, lag, stopping, return_exceptions=True)
        await asyncio.gather(runner.cleanup(), *([asyncio.to_thread(disk.close, SHUTDOWN_S)] if disk else []))
    for result in results[: len(ending)]:
        _raise_bug(result)
    structlog.get_logger().info("stopped")


def _reloader(options: ReloadOptions, settings: Settings, agent: Agent, outputs: ReloadOutputs) -> Reloader:
    return Reloader(
        load=lambda: reloaded(options.path, options.known.of),
        running=settings,
        apply=agent.reconfigure,
        heard=outputs.heard,
    )


async def _reload(options: ReloadOptions | None, reloader: Reloader | None) -> None:
    """Reload on SIGHUP, and when the file changes if that is asked for; until cancelled."""
    if options is None or reloader is None:
        await asyncio.Event().wait()
        return
    with signals.calling(signal.SIGHUP, reloader.request):
        async with asyncio.TaskGroup() as group:
            group.create_task(reloader.run(), name="reloads")
            if options.is_watched:
                group.create_task(watch(lambda: version_of(options.path), reloader.request), name="watch")


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


def _raise_bug(result: object) -> None:
    if isinstance(result, Exception):
        raise result


async def _start_page(
    settings: Settings,
    listener: socket.socket,
    sink: PrometheusSink,
    page: PageSink,
    agent: Agent,
    reload: Reload | None,
    disk: HistorySink | None,
) -> web.AppRunner:
    app = make_app(
        sink,
        page,
        agent,
        version=__version__,
        listen_host=settings.listen_host,
        listen_port=listener.getsockname()[1],
        external_url=settings.external_url,
        reload=reload,
        history=disk,
    )
    return await server.start(app, listener, shutdown_s=SHUTDOWN_S)
