"""The HTTP routes, over real sockets on loopback."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer
from support.reports.exporter_inputs import NOW_S, report, target

from exporters.prometheus import PrometheusSink
from exporters.prometheus.web_requests import PATHS as PATHS_COUNTED
from exporters.web.app import make_app
from exporters.web.guard import SECURITY_HEADERS
from exporters.web.page import PageSink

pytestmark = pytest.mark.loopback
PATHS = ("/", "/static/page.css", "/metrics", "/api/v1/status", "/api/v1/targets", "/-/healthy", "/-/ready")


class Agent:
    is_ready = True

    def ready(self) -> bool:
        return self.is_ready


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
async def client(agent: Agent) -> AsyncIterator[TestClient]:
    sink, page = PrometheusSink("1.0"), PageSink(now=lambda: NOW_S)
    for each in (sink, page):
        each.on_targets((target(),))
        each.on_report(report())
    app = make_app(sink, page, agent, version="1.0", listen_host="127.0.0.1", listen_port=9911)
    async with TestClient(TestServer(app)) as test_client:
        yield test_client


@pytest.mark.parametrize("path", PATHS)
async def test_every_route_responds_with_the_security_headers(client: TestClient, path: str) -> None:
    response = await client.get(path)
    assert response.status == 200
    assert {name: response.headers[name] for name in SECURITY_HEADERS} == dict(SECURITY_HEADERS)
    assert (await client.head(path)).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_only_get_is_served(client: TestClient, method: str, path: str) -> None:
    response = await client.request(method, path)
    assert response.status == 405
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("path", [*PATHS, "/elsewhere"])
async def test_a_wrong_host_header_is_rejected_with_advice(client: TestClient, path: str) -> None:
    response = await client.get(path, headers={"Host": "rebound.example"})
    assert response.status == 421
    assert "Open http://127.0.0.1:9911/" in await response.text()
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_unknown_path_is_404_with_the_security_headers(client: TestClient) -> None:
    response = await client.get("/templates/page.html")
    assert response.status == 404
    assert response.headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]


async def test_ready_follows_the_agent_and_healthy_does_not(client: TestClient, agent: Agent) -> None:
    agent.is_ready = False
    assert (await client.get("/-/ready")).status == 503
    healthy = await client.get("/-/healthy")
    assert (healthy.status, (await healthy.text()).strip()) == (200, "OK")
    agent.is_ready = True
    assert (await client.get("/-/ready")).status == 200


async def test_the_status_is_json(client: TestClient) -> None:
    response = await client.get("/api/v1/status")
    assert response.content_type == "application/json"
    assert (await response.json())["report"]["key_store"] == "cks-1"


async def test_metrics_come_from_the_sink(client: TestClient) -> None:
    text = await (await client.get("/metrics")).text()
    assert 'xksprobe_build_info{version="1.0"} 1.0' in text
    assert "python_info" not in text


async def counted(client: TestClient) -> dict[str, float]:
    """The samples of the server's own metrics that are not 0, without this request."""
    names = [("name[]", "xksprobe_web_requests_total"), ("name[]", "xksprobe_web_rejected_total")]
    text = await (await client.get("/metrics", params=names)).text()
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name.removeprefix("xksprobe_web_"): float(value) for name, _, value in samples if float(value)}


async def test_responses_are_counted_by_path_and_status(client: TestClient, agent: Agent) -> None:
    agent.is_ready = False
    for path in ("/", "/?pause", "/-/ready", "/../etc/passwd", "/target?name=none"):
        await client.get(path)
    await client.head("/metrics")
    await client.post("/metrics")
    assert await counted(client) == {
        'requests_total{code="200",path="/"}': 2,
        'requests_total{code="503",path="/-/ready"}': 1,
        'requests_total{code="404",path="other"}': 1,
        'requests_total{code="404",path="/target"}': 1,
        'requests_total{code="200",path="/metrics"}': 1,
        'requests_total{code="405",path="/metrics"}': 1,
    }


@pytest.mark.parametrize(
    ("method", "path", "headers", "code", "reason"),
    [
        ("GET", "/", {"Host": "rebound.example"}, 421, "wrong_host"),
        ("GET", "/elsewhere", {"Host": ""}, 421, "wrong_host"),
        ("POST", "/-/reload", {}, 403, "not_enabled"),
    ],
)
async def test_rejected_requests_are_counted_by_reason(
    client: TestClient, method: str, path: str, headers: dict[str, str], code: int, reason: str
) -> None:
    assert (await client.request(method, path, headers=headers)).status == code
    shown = "other" if path == "/elsewhere" else path
    assert await counted(client) == {
        f'requests_total{{code="{code}",path="{shown}"}}': 1,
        f'rejected_total{{reason="{reason}"}}': 1,
    }


async def test_an_internal_error_is_counted_as_500() -> None:
    class Broken:
        def ready(self) -> bool:
            raise ZeroDivisionError

    sink = PrometheusSink("1.0")
    app = make_app(sink, PageSink(), Broken(), version="1.0", listen_host="127.0.0.1")
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/-/ready")).status == 500
    assert sink.web.answered_rows()["/-/ready", "500"] == 1


def test_the_paths_in_the_metrics_are_the_routes() -> None:
    app = make_app(PrometheusSink("1.0"), PageSink(), Agent(), version="1.0", listen_host="127.0.0.1")
    assert {resource.canonical for resource in app.router.resources()} == set(PATHS_COUNTED)


async def test_a_single_metric_can_be_requested(client: TestClient) -> None:
    text = await (await client.get("/metrics", params={"name[]": "xksprobe_build_info"})).text()
    assert "xksprobe_build_info" in text
    assert "xksprobe_probes_total" not in text


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (
            "application/openmetrics-text; version=1.0.0",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("names", [[], ["xksprobe_build_info"]], ids=["all", "one name"])
async def test_the_metrics_are_in_the_accepted_format_and_compressed(
    client: TestClient, accept: str, content_type: str, names: list[str]
) -> None:
    """aiohttp's client decompresses the body by itself."""
    headers = {"Accept": accept, "Accept-Encoding": "gzip"}
    response = await client.get("/metrics", params=[("name[]", name) for name in names], headers=headers)
    text = await response.text()
    assert (response.headers["Content-Type"], response.headers["Content-Encoding"]) == (content_type, "gzip")
    assert response.headers["Vary"] == "Accept, Accept-Encoding"
    assert 'xksprobe_build_info{version="1.0"} 1.0\n' in text
    assert ("xksprobe_probes_total{" in text) == (not names)
    assert text.endswith("\n# EOF\n") == ("openmetrics" in content_type)


async def test_several_accept_headers_are_read_as_one_list(client: TestClient) -> None:
    headers = [("Accept", "text/plain;q=0.5"), ("Accept", "application/openmetrics-text")]
    response = await client.get("/metrics", headers=headers)
    assert response.content_type == "application/openmetrics-text"


async def test_the_page_can_be_paused(client: TestClient) -> None:
    assert "http-equiv" in await (await client.get("/")).text()
    assert "http-equiv" not in await (await client.get("/?pause")).text()


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/api/v1/targets"])
async def test_a_client_that_refuses_gzip_does_not_get_it(client: TestClient, path: str) -> None:
    response = await client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
    assert response.status == 200
    assert "Content-Encoding" not in response.headers
    assert "Accept-Encoding" in response.headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/?pause", "/api/v1/status", "/api/v1/targets"])
async def test_a_client_that_has_the_newest_rendering_does_not_get_it_again(
    client: TestClient, path: str
) -> None:
    tag = (await client.get(path)).headers["ETag"]
    again = await client.get(path, headers={"If-None-Match": tag})
    assert (again.status, await again.read()) == (304, b"")
