"""The agent with its page: listening, self-monitoring, and shutdown."""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.reports.exporter_inputs import NOW_S, target, tcp

from exporters.prometheus import PrometheusSink
from probe.commands import serving
from probe.commands.discovery import KnownSources
from probe.commands.exits import UsageError
from probe.commands.reloading import ReloadOptions
from probe.commands.serving import listen, serve
from probe.model.settings import HistorySettings, Settings
from probe.model.targets import Check
from probe.storage.history_read import HistoryQueries

MAX_S = 20.0  # ends a test that hangs; each takes less than a second


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """Restore the signal handlers: after the first signal, `serve` ignores all further ones."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class FakeAgent:
    """Calls ``work`` and ends, or runs until it is cancelled; calls ``last`` at the end."""

    def __init__(
        self,
        work: Callable[[], None] | None = None,
        last: Callable[[], None] = lambda: None,
    ) -> None:
        self.started, self.ended = asyncio.Event(), False
        self._work, self._last = work, last

    def ready(self) -> bool:
        return self.started.is_set()

    def reconfigure(self, *_: object) -> None: ...

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
    raise ZeroDivisionError("a bug")


def served(
    monkeypatch: pytest.MonkeyPatch, agent: FakeAgent
) -> tuple[asyncio.Task[None], socket.socket, str]:
    """Start the command with ``agent``; return its task, its listener, and the URL of its page."""
    monkeypatch.setattr(serving, "Agent", lambda *_, **_named: agent)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    task = asyncio.create_task(serve(Settings(targets=()), listener, vantage="here"))
    return task, listener, f"http://127.0.0.1:{port}"


def value(sink: PrometheusSink, name: str, **labels: str) -> float | None:
    return sink.registry.get_sample_value(f"xksprobe_{name}", labels)


@pytest.mark.loopback
def test_a_listener_does_not_block_and_occupies_its_port() -> None:
    with listen("127.0.0.1", 0) as listener:
        address, port = listener.getsockname()
        assert (address, listener.getblocking()) == ("127.0.0.1", False)
        with socket.create_connection((address, port), timeout=250):
            listener.accept()[0].close()
        with pytest.raises(UsageError, match="Address already in use; ") as raised:
            listen("127.0.0.1", port)
    assert raised.value.lines == (
        f"listen 127.0.0.1:{port}: Address already in use; stop the program that uses it, or choose another port",
    )


@pytest.mark.loopback
def test_an_address_of_another_machine_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as raised:
        listen("192.0.2.1", 0)
    (line,) = raised.value.lines
    assert line == (
        "listen 192.0.2.1:0: Cannot assign requested address; choose an address of this machine, such as 127.0.0.1"
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "choose a port from 1024 on"),
        (errno.EADDRINUSE, "stop the program that uses it, or choose another port"),
        (errno.EADDRNOTAVAIL, "choose an address of this machine, such as 127.0.0.1"),
        (socket.EAI_NONAME, "choose an address of this machine, such as 127.0.0.1"),
    ],
)
def test_each_reason_not_to_listen_has_its_own_advice(number: int, words: str) -> None:
    assert serving.advice(OSError(number, "reason")) == words


@pytest.mark.loopback
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_agent_and_page(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = FakeAgent()
    task, listener, page = served(monkeypatch, agent)
    async with asyncio.timeout(MAX_S):
        await agent.started.wait()
        async with aiohttp.ClientSession() as session, session.get(f"{page}/metrics") as response:
            metrics = await response.text()
        os.kill(os.getpid(), number)
        await task
    assert "xksprobe_config_last_reload_successful 1.0" in metrics
    assert "xksprobe_requirement_info{" in metrics
    assert agent.ended
    assert listener.fileno() == -1


@pytest.mark.loopback
async def test_the_history_is_complete_when_the_agent_has_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node, sinks = target("node-1"), []

    def last() -> None:
        sinks[0].on_measurement(tcp(node))

    def agent(_settings: Settings, given: Sequence[Any], *_: object, **__: object) -> FakeAgent:
        sinks.append(given[-1])
        sinks[0].on_targets((node,))
        return FakeAgent(work=lambda: None, last=last)

    monkeypatch.setattr(serving, "Agent", agent)
    history = HistorySettings(path=str(tmp_path / "h.sqlite"), keep_s=1e9, most_bytes=1 << 24)
    async with asyncio.timeout(MAX_S):
        await serve(Settings(history=history), listen("127.0.0.1", 0), vantage="here")
    read = HistoryQueries(tmp_path / "h.sqlite").read(node.identity, int(NOW_S), int(NOW_S) + 60, 60)
    assert read.summaries[Check.TCP][int(NOW_S)].sent == 1


@pytest.mark.loopback
async def test_the_metrics_have_the_configured_vantage_and_follow_a_reload(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    agent = FakeAgent()

    def made(_settings: Settings, given: Sequence[Any], *_: object, **__: object) -> FakeAgent:
        given[0].on_targets((target("node-1"),))
        return agent

    monkeypatch.setattr(serving, "Agent", made)
    file = tmp_path / "xks-probe.yaml"
    file.write_text("vantage: Berlin\nnodes: [{name: a, address: 10.0.0.1}]\n", encoding="utf-8")
    listener = listen("127.0.0.1", 0)
    page = f"http://127.0.0.1:{listener.getsockname()[1]}"
    reload = ReloadOptions(path=file, known=KnownSources(), by_request=True)
    task = asyncio.create_task(serve(Settings(vantage="Frankfurt"), listener, vantage="here", reload=reload))
    async with asyncio.timeout(MAX_S), aiohttp.ClientSession() as session:
        await agent.started.wait()
        before = await (await session.get(f"{page}/metrics")).text()
        assert (await session.post(f"{page}/-/reload")).status == 200
        after = await (await session.get(f"{page}/metrics")).text()
        task.cancel()
        await asyncio.wait([task])
    assert 'vantage="Frankfurt"} 1.0' in before
    assert 'vantage="Berlin"} 1.0' in after


@pytest.mark.loopback
async def test_a_crash_of_the_agent_ends_the_page_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    task, listener, _page = served(monkeypatch, FakeAgent(work=fail))
    async with asyncio.timeout(MAX_S):
        with pytest.raises(ZeroDivisionError, match="a bug"):
            await task
    assert listener.fileno() == -1


@pytest.mark.loopback
async def test_a_crash_of_the_agent_after_a_signal_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = FakeAgent(last=fail)
    task, _listener, _page = served(monkeypatch, agent)
    async with asyncio.timeout(MAX_S):
        await agent.started.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(ZeroDivisionError, match="a bug"):
            await task
