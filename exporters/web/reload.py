"""``POST /-/reload``: loads the configuration again, for a person or a program with access to this server."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from exporters.prometheus.web_requests import Rejection, WebRequests
from exporters.web.guard import is_same_origin
from probe.model.settings import ReloadResult
from probe.model.text import clean

Reload = Callable[[], Awaitable[ReloadResult]]

TIMEOUT_S = 30.0
_LINE_CHARACTERS = 300
_MAX_LINES = 50
_DISABLED = "403: start the agent with --web.enable-lifecycle to allow this, or send it SIGHUP.\n"
_OTHER_ORIGIN = "403: the request comes from a page of another site (Origin header).\n"
_LATE = "504: the configuration is still being loaded; the log and /metrics will show the result.\n"


class ReloadPath:
    """The handler; ``reload`` is None if it is not enabled. The request's body is not read."""

    def __init__(self, reload: Reload | None, requests: WebRequests) -> None:
        self._reload, self._requests = reload, requests

    async def post(self, request: web.Request) -> web.Response:
        """200 once the new settings are in use; 500 with the errors of the file if they are not."""
        if self._reload is None:
            self._requests.rejected(Rejection.NOT_ENABLED)
            return web.Response(status=403, text=_DISABLED)
        if not is_same_origin(request.headers.getall("Origin", []), request.headers.get("Host")):
            self._requests.rejected(Rejection.OTHER_ORIGIN)
            return web.Response(status=403, text=_OTHER_ORIGIN)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                result = await self._reload()
        except TimeoutError:
            return web.Response(status=504, text=_LATE)
        return web.Response(status=200 if result.is_successful else 500, text=_text(result))


def _text(result: ReloadResult) -> str:
    if result.errors:
        lines = ["500: not reloaded, the previous configuration stays in use", *result.errors]
    else:
        lines = ["Reloaded", *(f"{key}: takes effect after a restart" for key in result.after_restart)]
    return "".join(f"{clean(line, _LINE_CHARACTERS)}\n" for line in lines[:_MAX_LINES])
