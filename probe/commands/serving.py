"""The agent with its page: used by `run` and by `demo`. Ends cleanly within two seconds of a signal."""

import asyncio
import gc
import signal
import socket
import sys
import time

import structlog
from aiohttp import web

from exporters.prometheus import PrometheusSink
from exporters.web import server
from exporters.web.app import make_app
from exporters.web.instrument import Instrument
from exporters.web.page import PageSink
from probe import __version__
from probe.agent.agent import Agent
from probe.agent.history import History
from probe.commands.exits import UsageError
from probe.model.settings import Settings
from probe.model.targets import Check, Target
from probe.model.text import clean
from probe.model.verdicts import MEASURED
from probe.network.clock import SYSTEM_CLOCK
from probe.requirements import of_scopes

LAG_INTERVAL_S = 0.25
SHUTDOWN_S = 1.0  # half of the two seconds for answers that are under way; the other half is ours
BACKLOG = 128
SWITCH_INTERVAL_S = 0.0002
GARBAGE_THRESHOLDS = (10_000, 50, 100)


class AgentObserver:
    """The scheduler's remarks about itself as metrics and log lines. Implements `scheduler.Observer`."""

    def __init__(self, sink: PrometheusSink, instrument: Instrument) -> None:
        self._sink, self._instrument = sink, instrument
        self._log = structlog.get_logger()

    def delay(self, seconds: float) -> None:
        self._sink.observe_scheduling_delay(seconds)
        self._instrument.observe_send_delay(seconds)

    def skipped(self, target: Target, check: Check) -> None:
        self._sink.skipped(target, check)

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        where = {"target": target.name, "check": check.value}
        self._log.error("a probe failed by our own fault", **where, error=repr(error))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; `UsageError` if the address can't be had.

    Opened before a simulated world is entered, it stays reachable from the machine's own browser.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        where = f"listen {clean(host)}:{port}: {error.strerror}"
        raise UsageError(f"{where}; another program has it, or it is no address of this machine") from None
    sock.setblocking(False)
    return sock


async def serve(settings: Settings, listener: socket.socket, vantage: str) -> None:
    """Run the agent and its page until SIGINT or SIGTERM; the last results are published before it ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    sink = PrometheusSink(__version__)
    sink.set_requirements(tuple(r.published for r in of_scopes(MEASURED)))
    sink.set_reload(ok=True, at_s=SYSTEM_CLOCK.now_s())
    history = History()
    page = PageSink(windows=lambda: agent.windows, series=history.series)
    agent = Agent(settings, (sink, page), AgentObserver(sink, page.instrument), history, vantage)
    runner = await _start_page(settings, listener, sink, page, agent)
    _keep_pauses_short()
    structlog.get_logger().info("started", version=__version__, targets=len(settings.targets))
    running = asyncio.create_task(agent.run(), name="agent")
    lag = asyncio.create_task(_observe_lag(sink, page.instrument), name="loop lag")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (running, lag, stopping):
            task.cancel()
        results = await asyncio.gather(running, lag, stopping, return_exceptions=True)
        await runner.cleanup()
    _raise_bug(results[0])
    structlog.get_logger().info("stopped")


def _keep_pauses_short() -> None:
    """So that echoes go out in time whatever else this process does.

    Threads (verdicts, pages, compression) hand the interpreter over after 0.2 ms instead of 5. What has been
    loaded by now stays for good, so the garbage collector need not look at it again; and it comes less
    often: what it is for, cycles, hardly arises here, and each of its rounds takes milliseconds.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _raise_bug(result: object) -> None:
    if isinstance(result, Exception):
        raise result


async def _start_page(
    settings: Settings, listener: socket.socket, sink: PrometheusSink, page: PageSink, agent: Agent
) -> web.AppRunner:
    app = make_app(
        sink,
        page,
        agent,
        version=__version__,
        listen_host=settings.listen_host,
        listen_port=listener.getsockname()[1],
        external_url=settings.external_url,
    )
    return await server.start(app, listener, shutdown_s=SHUTDOWN_S)


async def _observe_lag(sink: PrometheusSink, instrument: Instrument) -> None:
    """How late the event loop wakes up what asked to be woken: the instrument's own error."""
    while True:
        started_s = time.monotonic()
        await asyncio.sleep(LAG_INTERVAL_S)
        lag_s = max(0.0, time.monotonic() - started_s - LAG_INTERVAL_S)
        sink.observe_loop_lag(lag_s)
        instrument.observe_loop_lag(lag_s)
