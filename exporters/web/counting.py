"""Counts every response of the server, also those of the guard and of the router."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from exporters.prometheus.web_requests import WebRequests

_INTERNAL_ERROR = 500  # aiohttp's response to an exception of a handler


def counting(requests: WebRequests) -> Middleware:
    """The outermost middleware. A request whose client is gone before the response is not counted."""

    @web.middleware
    async def count(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as answer:  # the router's: 404 and 405
            requests.answered(request.path, answer.status)
            raise
        except Exception:
            requests.answered(request.path, _INTERNAL_ERROR)
            raise
        requests.answered(request.path, response.status)
        return response

    return count
