"""HTTP routes. GET has no side effects; the only other request is a POST that reloads the configuration."""

import json
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Middleware

from exporters.prometheus import PrometheusSink
from exporters.prometheus.formats import negotiate
from exporters.prometheus.scrape import Scrapes, only
from exporters.prometheus.web_requests import Rejection, WebRequests
from exporters.web.access import Passwords, asking_for_password
from exporters.web.connections import Connections, tracking
from exporters.web.counting import counting
from exporters.web.guard import SECURITY_HEADERS, hosts
from exporters.web.history_paths import HistoryPaths
from exporters.web.page import PageSink
from exporters.web.reload import Reload, ReloadPath
from exporters.web.render import render, stylesheet
from exporters.web.renderings import HTML, JSON, Renderer, Shared, accepts_gzip
from exporters.web.snapshot import Snapshot
from exporters.web.status import document
from probe.model.history import HistoryReader
from probe.model.ports import Control

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(
    sink: PrometheusSink,
    page: PageSink,
    control: Control,
    *,
    version: str,
    listen_host: str,
    listen_port: int | None = None,
    external_url: str | None = None,
    reload: Reload | None = None,
    history: HistoryReader | None = None,
    connections: Connections | None = None,
    passwords: Passwords | None = None,
) -> web.Application:
    """The application for one listener. ``reload`` is None if clients may not reload the configuration.

    ``listen_host`` and ``external_url`` determine which ``Host`` headers are accepted; ``listen_port`` is
    only shown in the error message for a wrong one. ``connections`` learns which of them are being answered.
    ``passwords`` is None if no password is asked for.
    """
    renderer = Renderer()
    paths = _Paths(Scrapes(sink), page, control, version, renderer, has_history=history is not None)
    kept = HistoryPaths(page, history, renderer)
    guard = _guard(listen_host, listen_port, external_url, sink.web)
    app = web.Application(middlewares=_middlewares(sink.web, guard, connections, passwords))
    app.on_response_prepare.append(_secure)
    app.on_cleanup.append(renderer.close)
    if passwords:
        app.on_cleanup.append(passwords.close)
    app.add_routes(
        [
            web.get("/", paths.page),
            web.get("/target", kept.target),
            web.get("/static/page.css", paths.stylesheet),
            web.get("/metrics", paths.metrics),
            web.get("/api/v1/status", paths.status),
            web.get("/api/v1/targets", kept.targets),
            web.get("/api/v1/history", kept.history),
            web.get("/-/healthy", paths.healthy),
            web.get("/-/ready", paths.ready),
            web.post("/-/reload", ReloadPath(reload, sink.web).post),
        ]
    )
    return app


def _middlewares(
    requests: WebRequests, guard: Middleware, connections: Connections | None, passwords: Passwords | None
) -> list[Middleware]:
    """The outermost first."""
    tracked = [tracking(connections)] if connections else []
    asking = [asking_for_password(passwords, requests)] if passwords else []
    return [*tracked, counting(requests), guard, *asking]


# Larger responses are compressed in a thread: for a scrape of 1,000 targets that takes 40 ms.
_COMPRESS_IN_THREAD_BYTES = 16_384


class _Paths:
    """Long work runs in slices, or in a thread on a frozen snapshot, so that probing is not delayed."""

    def __init__(
        self,
        scrapes: Scrapes,
        page: PageSink,
        control: Control,
        version: str,
        renderer: Renderer,
        *,
        has_history: bool,
    ) -> None:
        self._scrapes, self._page, self._control, self._version = scrapes, page, control, version
        self._renderer, self._has_history = renderer, has_history
        self._live = Shared(renderer, lambda: page.version, partial(self._prepare_page, live=True))
        self._paused = Shared(renderer, lambda: page.version, partial(self._prepare_page, live=False))
        self._status = Shared(renderer, lambda: (page.version, control.ready()), self._prepare_status)

    async def metrics(self, request: web.Request) -> web.Response:
        form = negotiate(",".join(request.headers.getall("Accept", [])))
        text = await self._scrapes.text(form)
        if names := request.query.getall("name[]", []):
            text = await self._renderer.run(only, text, names, form)
        response = web.Response(
            body=text,
            headers={"Content-Type": form.content_type, "Vary": "Accept, Accept-Encoding"},
            zlib_executor_size=_COMPRESS_IN_THREAD_BYTES,
        )
        if accepts_gzip(request):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async def page(self, request: web.Request) -> web.Response:
        shared = self._paused if "pause" in request.query else self._live
        return (await shared.get()).response(request, HTML)

    async def status(self, request: web.Request) -> web.Response:
        return (await self._status.get()).response(request, JSON)

    def _prepare_page(self, *, live: bool) -> Callable[[], bytes]:
        snapshot = self._page.snapshot()
        return lambda: render(snapshot, self._version, live=live, has_history=self._has_history).encode()

    def _prepare_status(self) -> Callable[[], bytes]:
        snapshot, is_ready = self._page.snapshot(), self._control.ready()
        return lambda: _status(snapshot, self._version, ready=is_ready).encode()

    async def stylesheet(self, _request: web.Request) -> web.Response:
        return web.Response(text=stylesheet(), content_type="text/css", charset="utf-8")

    async def healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="OK\n")

    async def ready(self, _request: web.Request) -> web.Response:
        if self._control.ready():
            return web.Response(text="Ready\n")
        return web.Response(status=503, text="Not ready: the first round of measurements is not finished\n")


def _status(snapshot: Snapshot, version: str, *, ready: bool) -> str:
    return json.dumps(document(snapshot, version, ready=ready), ensure_ascii=False, allow_nan=False) + "\n"


def _guard(
    listen_host: str, listen_port: int | None, external_url: str | None, requests: WebRequests
) -> Middleware:
    accepted = hosts(listen_host, external_url)
    port = f":{listen_port}" if listen_port else ""
    wrong_host = (
        f"421: this server does not accept this Host header. Open {external_url or f'http://{listen_host}{port}/'}"
        " instead, or set external_url to the URL that clients use.\n"
    )

    @web.middleware
    async def guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
        headers = request.headers.getall("Host", [])
        if len(headers) > 1:
            requests.rejected(Rejection.WRONG_HOST)
            return web.Response(
                status=400, text="400: the request has more than one Host header.\n"
            )  # RFC 9112, section 3.2
        if not headers or not accepted.admit(headers[0]):
            requests.rejected(Rejection.WRONG_HOST)
            return web.Response(status=421, text=wrong_host)  # RFC 9110, section 15.5.20
        return await handler(request)

    return guard


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(SECURITY_HEADERS)
