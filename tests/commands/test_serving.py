"""The agent with its page: where it listens, what it says of itself, and how it ends."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator

import aiohttp
import pytest
from structlog.testing import capture_logs
from support.reports.exporter_inputs import target

from exporters.prometheus import PrometheusSink
from exporters.web.self_metrics import SelfMetrics
from probe.commands import serving
from probe.commands.exits import UsageError
from probe.commands.serving import AgentObserver, listen, serve
from probe.model.settings import Settings
from probe.model.targets import Check

MAX_S = 20.0  # a test that hangs is ended; none takes a second


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """`serve` ignores further signals once it was told to stop; the tests go on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class FakeAgent:
    """Runs until cancelled, then does ``last``; or does ``work`` and so ends by itself."""

    def __init__(
        self,
        work: Callable[[], None] | None = None,
        last: Callable[[], None] = lambda: None,
    ) -> None:
        self.started, self.ended = asyncio.Event(), False
        self._work, self._last = work, last

    def ready(self) -> bool:
        return self.started.is_set()

    async def run(self) -> None:
        self.started.set()
        try:
            if self._work:
                self._work()
            else:
                await asyncio.Event().wait()
        finally:
            self.ended = True
            self._last()


def fail() -> None:
    raise ZeroDivisionError("our bug")


def served(
    monkeypatch: pytest.MonkeyPatch, agent: FakeAgent
) -> tuple[asyncio.Task[None], socket.socket, str]:
    """The running command with ``agent`` in it; its listener, and the address of its page."""
    monkeypatch.setattr(serving, "Agent", lambda *_, **_named: agent)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    task = asyncio.create_task(serve(Settings(targets=()), listener, vantage="here"))
    return task, listener, f"http://127.0.0.1:{port}"


def value(sink: PrometheusSink, name: str, **labels: str) -> float | None:
    return sink.registry.get_sample_value(f"xksprobe_{name}", labels)


@pytest.mark.loopback
def test_a_free_port_is_listened_at_without_blocking_and_taken_from_then_on() -> None:
    with listen("127.0.0.1", 0) as listener:
        address, port = listener.getsockname()
        assert (address, listener.getblocking()) == ("127.0.0.1", False)
        with socket.create_connection((address, port), timeout=100):
            listener.accept()[0].close()
        with pytest.raises(UsageError, match=f"listen 127.0.0.1:{port}: Address already in use; another"):
            listen("127.0.0.1", port)


@pytest.mark.loopback
def test_an_address_of_another_machine_is_wrong_usage() -> None:
    with pytest.raises(UsageError) as raised:
        listen("192.0.2.1", 0)
    (line,) = raised.value.lines
    assert line.startswith("listen 192.0.2.1:0: Cannot assign requested address; ")
    assert line.endswith("or it is not an address of this machine")


def test_remarks_of_the_schedule_become_metrics() -> None:
    sink, of = PrometheusSink("1.0"), target("node-1")
    sink.on_targets((of,))
    instrument = SelfMetrics(lambda: 0.0)
    observer = AgentObserver(sink, instrument)
    observer.delay(0.25)
    observer.skipped(of, Check.TLS)
    observer.skipped(of, Check.TLS)
    assert instrument.health().send_delay_s == 0.25
    assert value(sink, "scheduling_delay_seconds_count") == 1
    assert value(sink, "scheduling_delay_seconds_sum") == 0.25
    assert value(sink, "turns_skipped_total", target="node-1", check="tls") == 2
    assert value(sink, "turns_skipped_total", target="node-1", check="tcp") == 0


def test_a_bug_in_a_probe_is_an_error_in_the_log_that_says_where() -> None:
    with capture_logs() as logs:
        AgentObserver(PrometheusSink("1.0"), SelfMetrics(lambda: 0.0)).bug(
            target("node-1"), Check.TCP, KeyError("oops")
        )
    (entry,) = logs
    assert (entry["log_level"], entry["target"], entry["check"]) == ("error", "node-1", "tcp")
    assert entry["error"] == "KeyError('oops')"


@pytest.mark.loopback
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_agent_and_page(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = FakeAgent()
    task, listener, page = served(monkeypatch, agent)
    async with asyncio.timeout(MAX_S):
        await agent.started.wait()
        async with aiohttp.ClientSession() as session, session.get(f"{page}/metrics") as answer:
            metrics = await answer.text()
        os.kill(os.getpid(), number)
        await task
    assert "xksprobe_config_last_reload_successful 1.0" in metrics
    assert "xksprobe_requirement_info{" in metrics
    assert agent.ended
    assert listener.fileno() == -1


@pytest.mark.loopback
async def test_a_crash_of_the_agent_ends_the_page_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    task, listener, _page = served(monkeypatch, FakeAgent(work=fail))
    async with asyncio.timeout(MAX_S):
        with pytest.raises(ZeroDivisionError, match="our bug"):
            await task
    assert listener.fileno() == -1


@pytest.mark.loopback
async def test_a_crash_at_the_agents_last_report_is_raised_though_it_was_told_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = FakeAgent(last=fail)
    task, _listener, _page = served(monkeypatch, agent)
    async with asyncio.timeout(MAX_S):
        await agent.started.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(ZeroDivisionError, match="our bug"):
            await task
