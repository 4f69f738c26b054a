"""Renderings that all clients share, compressed once, with an entity tag.

A thread writes them, one at a time: several threads would take turns with the event loop, which sends probes.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from aiohttp import hdrs, web

HTML, JSON = "text/html; charset=utf-8", "application/json; charset=utf-8"
MAX_AGE_S = 10.0  # texts such as "5 s ago" are true to this extent
_LEVEL = 5
_MIN_BYTES = 1_400  # less fits one packet anyway
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class Renderer:
    """One thread for all that takes long."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="page")

    async def run(
        self, work: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> _Result:
        """The result of ``work`` in the thread, after what was asked for before."""
        return await asyncio.wrap_future(self._thread.submit(work, *args, **kwargs))

    async def render(self, write: Callable[[], bytes]) -> "Rendering":
        return await self.run(lambda: Rendering.of(write()))

    async def close(self, _app: web.Application) -> None:
        """For ``on_cleanup`` of the application."""
        self._thread.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Rendering:
    """A response's body, plain and compressed, and its entity tag (RFC 9110, section 8.8.3)."""

    plain: bytes = field(repr=False)
    compressed: bytes = field(repr=False)
    tag: str

    @classmethod
    def of(cls, plain: bytes) -> "Rendering":
        return cls(plain, gzip.compress(plain, _LEVEL, mtime=0), hashlib.sha256(plain).hexdigest()[:32])

    def response(self, request: web.Request, content_type: str) -> web.Response:
        """304 if the client has it, else the body as the client accepts it."""
        headers = {hdrs.ETAG: f'"{self.tag}"', hdrs.VARY: hdrs.ACCEPT_ENCODING}
        if _is_known(request, self.tag):
            return web.Response(status=304, headers=headers)
        headers[hdrs.CONTENT_TYPE] = content_type
        if len(self.plain) < _MIN_BYTES or not accepts_gzip(request):
            return web.Response(body=self.plain, headers=headers)
        return web.Response(body=self.compressed, headers={**headers, hdrs.CONTENT_ENCODING: "gzip"})


class Shared:
    """One rendering until ``version`` changes, or for ten seconds. Clients that ask meanwhile wait for it.

    ``prepare`` runs in the event loop, and its result in the thread of ``renderer``.
    """

    def __init__(
        self,
        renderer: Renderer,
        version: Callable[[], object],
        prepare: Callable[[], Callable[[], bytes]],
    ) -> None:
        self._renderer, self._version, self._prepare = renderer, version, prepare
        self._newest: tuple[object, float, asyncio.Task[Rendering]] | None = None

    async def get(self) -> Rendering:
        version, now_s = self._version(), asyncio.get_running_loop().time()
        if self._newest is None or self._is_old(version, now_s):
            task = asyncio.create_task(self._renderer.render(self._prepare()), name="rendering")
            self._newest = version, now_s, task
        return await asyncio.shield(self._newest[2])

    def _is_old(self, version: object, now_s: float) -> bool:
        if self._newest is None:
            return True
        of_version, began_s, task = self._newest
        if not task.done():
            return False
        has_failed = task.cancelled() or task.exception() is not None
        return has_failed or of_version != version or now_s - began_s >= MAX_AGE_S


def accepts_gzip(request: web.Request) -> bool:
    """Whether the client accepts gzip (RFC 9110, section 12.5.3); aiohttp ignores the weight."""
    weights: dict[str, float] = {}
    for part in ",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, [])).split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip().lower()] = _weight(parameter)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weight(parameter: str) -> float:
    name, equals, value = parameter.partition("=")
    if not equals:
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0


def _is_known(request: web.Request, tag: str) -> bool:
    known = ",".join(request.headers.getall(hdrs.IF_NONE_MATCH, []))
    return any(each.strip().removeprefix("W/") in (f'"{tag}"', "*") for each in known.split(","))
