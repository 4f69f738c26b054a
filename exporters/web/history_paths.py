"""The paths ``/api/v1/targets``, ``/api/v1/history`` and ``/target``: threads read files and write text."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from exporters.web import history_document
from exporters.web.history_query import BadQueryError, HistoryQuery, history_query
from exporters.web.page import PageSink
from exporters.web.target_page import SPANS, render_target, span_of
from probe.model.history import HistoryReader, HistoryUnavailable
from probe.model.targets import Identity, Target
from probe.model.text import clean

_OFF = "404: this agent keeps no history; set history.path in its configuration, and restart it"
_COMPRESS_IN_THREAD_BYTES = 16_384


class HistoryPaths:
    """``history`` is None if none is configured."""

    def __init__(self, page: PageSink, history: HistoryReader | None) -> None:
        self._page, self._history = page, history

    async def targets(self, request: web.Request) -> web.Response:
        if request.query:
            return _text(400, "400: this path has no parameters")
        snapshot = self._page.snapshot()
        return _json(await asyncio.to_thread(_written, lambda: history_document.targets(snapshot)))

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
            return _json(await asyncio.to_thread(_read, self._history, target.identity, query))
        except HistoryUnavailable as error:
            return _text(503, f"503: {error}")

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
        shown = await asyncio.to_thread(_shown, self._history, target, span, self._page.now_s())
        return web.Response(text=shown, content_type="text/html", charset="utf-8")


def _shown(history: HistoryReader, target: Target, span_name: str, now_s: float) -> str:
    span = span_of(span_name, now_s)
    try:
        found = history.read(target.identity, span.from_s, span.to_s, span.step_s)
    except HistoryUnavailable as error:
        return render_target(target, None, span_name, now_s, reason=str(error))
    return render_target(target, found, span_name, now_s)


def _unknown(name: str) -> web.Response:
    return _text(404, f"404: no target has the name '{clean(name, 80)}'; see /api/v1/targets")


def _read(history: HistoryReader, identity: Identity, query: HistoryQuery) -> bytes:
    found = history.read(identity, query.from_s, query.to_s, query.step_s)
    return _written(lambda: history_document.history(found, query))


def _written(document: Callable[[], Mapping[str, Any]]) -> bytes:
    return (json.dumps(document(), ensure_ascii=False, allow_nan=False) + "\n").encode()


def _json(body: bytes) -> web.Response:
    response = web.Response(
        body=body,
        content_type="application/json",
        charset="utf-8",
        zlib_executor_size=_COMPRESS_IN_THREAD_BYTES,
    )
    response.enable_compression()
    return response


def _text(status: int, line: str) -> web.Response:
    return web.Response(status=status, text=f"{line}\n")
