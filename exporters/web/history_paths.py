"""The paths ``/api/v1/targets``, ``/api/v1/history`` and ``/target``: threads read files and write text."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from exporters.web import history_document
from exporters.web.history_query import BadQueryError, HistoryQuery, history_query
from exporters.web.page import PageSink
from exporters.web.renderings import HTML, JSON, Renderer
from exporters.web.target_page import SPANS, render_target, span_of
from probe.model.history import HistoryReader, HistoryUnavailable
from probe.model.targets import Identity, Target
from probe.model.text import clean

_OFF = "404: this agent keeps no history; set history.path in its configuration, and restart it"


class HistoryPaths:
    """``history`` is None if none is configured."""

    def __init__(self, page: PageSink, history: HistoryReader | None, renderer: Renderer) -> None:
        self._page, self._history, self._renderer = page, history, renderer

    async def targets(self, request: web.Request) -> web.Response:
        if request.query:
            return _text(400, "400: this path has no parameters")
        snapshot = self._page.snapshot()
        rendering = await self._renderer.render(lambda: _written(history_document.targets(snapshot)))
        return rendering.response(request, JSON)

    async def history(self, request: web.Request) -> web.Response:
        if self._history is None:
            return _text(404, _OFF)
        given = {name: request.query.getall(name) for name in request.query}
        try:
            query = history_query(given, self._page.now_s())
        except BadQueryError as error:
            return _text(400, f"400: {error}")
        target = self._page.target(query.target)
        if target is None:
            return _unknown(query.target)
        try:
            rendering = await self._renderer.render(partial(_read, self._history, target.identity, query))
        except HistoryUnavailable as error:
            return _text(503, f"503: {error}")
        return rendering.response(request, JSON)

    async def target(self, request: web.Request) -> web.Response:
        """The page of one target."""
        if self._history is None:
            return _text(404, _OFF)
        name, span = request.query.get("name", ""), request.query.get("span", "hour")
        if span not in SPANS:
            return _text(400, f"400: span '{clean(span, 80)}' is not one of {', '.join(SPANS)}")
        target = self._page.target(name)
        if target is None:
            return _unknown(name)
        now_s = self._page.now_s()
        rendering = await self._renderer.render(partial(_shown, self._history, target, span, now_s))
        return rendering.response(request, HTML)


def _shown(history: HistoryReader, target: Target, span_name: str, now_s: float) -> bytes:
    span = span_of(span_name, now_s)
    try:
        found = history.read(target.identity, span.from_s, span.to_s, span.step_s)
    except HistoryUnavailable as error:
        return render_target(target, None, span_name, now_s, reason=str(error)).encode()
    return render_target(target, found, span_name, now_s).encode()


def _unknown(name: str) -> web.Response:
    return _text(404, f"404: no target has the name '{clean(name, 80)}'; see /api/v1/targets")


def _read(history: HistoryReader, identity: Identity, query: HistoryQuery) -> bytes:
    found = history.read(identity, query.from_s, query.to_s, query.step_s)
    return _written(history_document.history(found, query))


def _written(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _text(status: int, line: str) -> web.Response:
    return web.Response(status=status, text=f"{line}\n")
