"""The HTTP paths of targets and history, over real sockets on loopback."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer
from support.reports.exporter_inputs import NOW_S, target
from support.reports.schema_check import faults

from exporters.prometheus import PrometheusSink
from exporters.web.app import make_app
from exporters.web.page import PageSink
from probe.model.history import HistoryStatus, HistoryUnavailable, MinuteSummary, Standing, TargetHistory
from probe.model.targets import Check, Identity

pytestmark = pytest.mark.loopback
NODE = target()


class Agent:
    def ready(self) -> bool:
        return True


class Disk:
    """A history that remembers what was asked."""

    status, standing = HistoryStatus(), Standing()

    def __init__(self) -> None:
        self.asked: list[tuple[Identity, int, int, int]] = []
        self.reason = ""

    def read(self, identity: Identity, from_s: int, to_s: int, step_s: int) -> TargetHistory:
        if self.reason:
            raise HistoryUnavailable(self.reason)
        self.asked.append((identity, from_s, to_s, step_s))
        summary = MinuteSummary()
        summary.add(0.004, None)
        return TargetHistory(summaries={Check.TCP: {from_s: summary}})


async def serving(disk: Disk | None) -> AsyncIterator[TestClient]:
    page = PageSink(now=lambda: NOW_S)
    page.on_targets((NODE,))
    app = make_app(PrometheusSink("1"), page, Agent(), version="1", listen_host="127.0.0.1", history=disk)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def client(disk: Disk) -> AsyncIterator[TestClient]:
    async for each in serving(disk):
        yield each


@pytest.fixture
async def without_history() -> AsyncIterator[TestClient]:
    async for each in serving(None):
        yield each


async def test_the_history_of_a_target_is_json(client: TestClient, disk: Disk) -> None:
    response = await client.get("/api/v1/history", params={"target": "node-1", "step": "300"})
    assert (response.status, response.content_type) == (200, "application/json")
    assert faults(await response.json(), "history") == []
    assert disk.asked == [(NODE.identity, int(NOW_S) - 3600, int(NOW_S), 300)]


async def test_the_targets_are_json(client: TestClient) -> None:
    response = await client.get("/api/v1/targets")
    assert response.content_type == "application/json"
    assert [each["target"] for each in (await response.json())["targets"]] == ["node-1"]


@pytest.mark.parametrize(
    ("query", "status", "line"),
    [
        ("", 400, "400: target is missing; give the name of a target, as in /api/v1/targets\n"),
        (
            "?target=node-1&step=7",
            400,
            "400: step '7' is not a multiple of 60; give seconds, such as 60 or 300\n",
        ),
        ("?target=node-1&target=node-2", 400, "400: target is given 2 times; give it once\n"),
        ("?target=x%1b%5b2J", 404, "404: no target has the name 'x\\x1b[2J'; see /api/v1/targets\n"),
    ],
)
async def test_a_wrong_request_is_answered_in_one_line(
    client: TestClient, query: str, status: int, line: str
) -> None:
    response = await client.get(f"/api/v1/history{query}")
    assert (response.status, await response.text()) == (status, line)


async def test_the_path_of_targets_has_no_parameters(client: TestClient) -> None:
    assert (await client.get("/api/v1/targets?target=node-1")).status == 400


async def test_without_a_history_the_answer_says_how_to_switch_it_on(without_history: TestClient) -> None:
    response = await without_history.get("/api/v1/history?target=node-1")
    assert (response.status, "set history.path in its configuration" in await response.text()) == (404, True)


async def test_a_history_that_cannot_be_read_is_503_with_the_reason(client: TestClient, disk: Disk) -> None:
    disk.reason = "the history is off: the disk is full"
    response = await client.get("/api/v1/history?target=node-1")
    assert (response.status, await response.text()) == (503, "503: the history is off: the disk is full\n")


async def test_the_page_of_a_target_shows_the_span_that_was_asked_for(client: TestClient, disk: Disk) -> None:
    response = await client.get("/target?name=node-1&span=week")
    assert (response.status, response.content_type) == (200, "text/html")
    assert "TCP connect, last week" in await response.text()
    ((_, from_s, to_s, step_s),) = disk.asked
    assert (to_s - from_s, step_s) == (7 * 86400, 1800)


@pytest.mark.parametrize(
    ("query", "status", "line"),
    [
        ("?name=node-1&span=year", 400, "400: span 'year' is not one of hour, day, week\n"),
        ("?name=node-2", 404, "404: no target has the name 'node-2'; see /api/v1/targets\n"),
        ("", 404, "404: no target has the name ''; see /api/v1/targets\n"),
    ],
)
async def test_a_page_that_does_not_exist_is_answered_in_one_line(
    client: TestClient, query: str, status: int, line: str
) -> None:
    response = await client.get(f"/target{query}")
    assert (response.status, await response.text()) == (status, line)


async def test_the_page_of_a_target_gives_the_reason_if_the_history_is_off(
    client: TestClient, disk: Disk
) -> None:
    disk.reason = "the history is off: the disk is full"
    response = await client.get("/target?name=node-1")
    assert (response.status, "the disk is full" in await response.text()) == (200, True)


async def test_targets_link_to_their_charts_only_with_a_history(
    client: TestClient, without_history: TestClient
) -> None:
    assert 'href="target?name=node-1"' in await (await client.get("/")).text()
    assert "target?name" not in await (await without_history.get("/")).text()
    assert (await without_history.get("/target?name=node-1")).status == 404
