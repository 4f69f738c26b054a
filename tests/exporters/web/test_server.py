"""Limits on clients, and logging of their errors; over real sockets on loopback."""

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from support.reports.page_server import GOOD, received, served

from exporters.prometheus import PrometheusSink
from exporters.web.guard import SECURITY_HEADERS

pytestmark = pytest.mark.loopback


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nHost: other.example\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ],
    ids=["version", "long", "two hosts", "two hosts 1.0", "tls"],
)
async def test_a_malformed_request_is_400_and_not_logged(
    request_bytes: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    sink = PrometheusSink("1.0")
    with capture_logs() as logs:
        async with served(metrics=sink) as port:
            assert (await received(port, request_bytes)).split(b" ")[1] == b"400"
    assert (logs, caplog.records, capfd.readouterr()) == ([], [], ("", ""))
    assert sink.web.rejected_rows()["malformed",] == 1


async def test_an_internal_error_is_one_bounded_log_line(capfd: pytest.CaptureFixture[str]) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise ValueError("x" * 5_000)

    app = web.Application()
    app.router.add_get("/-/healthy", fail)
    with capture_logs() as logs:
        async with served(app=app) as port:
            assert b" 500 " in await received(port, GOOD)
    (entry,) = logs
    assert (entry["log_level"], len(entry["error"])) == ("error", 300)
    assert capfd.readouterr() == ("", "")


async def test_the_servers_own_error_has_the_headers_of_all_others_and_no_text_of_the_client() -> None:
    async with served() as port:
        answer = await received(port, b"GET /evil HTTP/9.9\r\n\r\n")
    for name, value in SECURITY_HEADERS.items():
        assert f"{name}: {value}\r\n".encode() in answer
    assert b"aiohttp" not in answer
    assert b"evil" not in answer
