"""The HTTP paths ``/api/v1/targets`` and ``/api/v1/history``. Files are read and JSON is made in threads."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from exporters.web import history_document
from exporters.web.history_query import BadQueryError, HistoryQuery, history_query
from exporters.web.page import PageSink
from probe.model.history import HistoryReader, HistoryUnavailable
from probe.model.targets import Identity
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
        identity = self._page.identity(query.target)
        if identity is None:
            return _text(404, f"404: no target has the name '{clean(query.target, 80)}'; see /api/v1/targets")
        try:
            return _json(await asyncio.to_thread(_read, self._history, identity, query))
        except HistoryUnavailable as error:
            return _text(503, f"503: {error}")


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
