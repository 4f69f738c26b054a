"""Each response of the handler, of the router, and of aiohttp after an exception is counted once."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from exporters.prometheus.web_requests import WebRequests
from exporters.web.counting import counting


async def answer(_request: web.Request) -> web.Response:
    return web.Response(status=503)


async def not_found(_request: web.Request) -> web.Response:
    raise web.HTTPNotFound


async def bug(_request: web.Request) -> web.Response:
    raise ZeroDivisionError


async def client_is_gone(_request: web.Request) -> web.Response:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("handler", "raised", "code"),
    [
        (answer, None, "503"),
        (not_found, web.HTTPNotFound, "404"),
        (bug, ZeroDivisionError, "500"),
        (client_is_gone, asyncio.CancelledError, None),
    ],
)
async def test_a_response_is_counted_once_and_exceptions_are_passed_on(
    handler: object, raised: type[BaseException] | None, code: str | None
) -> None:
    requests = WebRequests()
    count = counting(requests)
    asked = count(make_mocked_request("GET", "/metrics?name[]=x"), handler)
    if raised is None:
        assert (await asked).status == 503
    else:
        with pytest.raises(raised):
            await asked
    counted = {labels: value for labels, value in requests.answered_rows().items() if value}
    assert counted == ({("/metrics", code): 1.0} if code else {})
