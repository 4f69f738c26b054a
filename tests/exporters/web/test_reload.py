"""`POST /-/reload`: only if it is enabled, only from this server's own pages, with the result as text."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from exporters.prometheus import PrometheusSink
from exporters.web.app import make_app
from exporters.web.guard import is_same_origin
from exporters.web.page import PageSink
from exporters.web.reload import Reload
from probe.model.settings import ReloadResult

pytestmark = pytest.mark.loopback


class Ready:
    def ready(self) -> bool:
        return True


Client = TestClient[aiohttp.web.Request, aiohttp.web.Application]


@pytest.fixture
def sink() -> PrometheusSink:
    return PrometheusSink("1.0")


@pytest.fixture
async def serve(sink: PrometheusSink) -> AsyncIterator[Callable[[Reload | None], "Client"]]:
    clients: list[Client] = []

    def start(reload: Reload | None) -> Client:
        app = make_app(sink, PageSink(), Ready(), version="1.0", listen_host="127.0.0.1", reload=reload)
        clients.append(TestClient(TestServer(app)))
        return clients[-1]

    yield start
    for client in clients:
        await client.close()


def giving(result: ReloadResult) -> Reload:
    async def reload() -> ReloadResult:
        return result

    return reload


Serve = Callable[[Reload | None], Client]


@pytest.mark.parametrize(
    ("result", "status", "text"),
    [
        (ReloadResult(), 200, "Reloaded\n"),
        (
            ReloadResult(after_restart=("listen",)),
            200,
            "Reloaded\nlisten: takes effect after a restart\n",
        ),
        (
            ReloadResult(errors=("nodes[0]: bad\x1b[2J", "b: bad")),
            500,
            "500: not reloaded, the previous configuration stays in use\nnodes[0]: bad\\x1b[2J\nb: bad\n",
        ),
    ],
    ids=["loaded", "needs a restart", "has errors"],
)
async def test_the_result_is_text(serve: Serve, result: ReloadResult, status: int, text: str) -> None:
    async with serve(giving(result)) as client:
        response = await client.post("/-/reload")
        assert (response.status, await response.text()) == (status, text)


async def test_it_is_refused_unless_it_is_enabled(serve: Serve) -> None:
    async with serve(None) as client:
        response = await client.post("/-/reload")
        assert response.status == 403
        assert "--web.enable-lifecycle" in await response.text()


async def test_get_changes_nothing(serve: Serve) -> None:
    async with serve(giving(ReloadResult())) as client:
        assert (await client.get("/-/reload")).status == 405


async def test_a_page_of_another_site_may_not_reload(serve: Serve, sink: PrometheusSink) -> None:
    async with serve(giving(ReloadResult())) as client:
        own = f"http://127.0.0.1:{client.port}"
        statuses = [
            (await client.post("/-/reload", headers={"Origin": origin})).status
            for origin in (own, "http://evil.example.com", "null", f"{own}0")
        ]
        assert statuses == [200, 403, 403, 403]
    assert sink.web.rejected_rows()["other_origin",] == 3


@pytest.mark.parametrize(
    ("origins", "is_same"),
    [
        ([], True),
        (["http://probe:9911"], True),
        (["https://PROBE:9911"], True),
        (["http://probe"], False),
        (["http://probe:9911", "http://probe:9911"], False),
        (["file://probe:9911"], False),
        (["null"], False),
        ([""], False),
    ],
)
def test_an_origin_is_compared_with_the_host_header(origins: list[str], *, is_same: bool) -> None:
    assert is_same_origin(origins, "probe:9911") is is_same
