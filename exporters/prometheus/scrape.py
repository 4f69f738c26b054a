"""The text of /metrics, written in slices so that the event loop keeps sending pings on time."""

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from exporters.prometheus.families import empty_family, label
from exporters.prometheus.formats import CLASSIC, OPEN_METRICS, Format
from exporters.prometheus.sink import PrometheusSink
from exporters.prometheus.target_text import FAMILIES, pieces

SLICE_S = 0.001


class Scrapes:
    """Scrapes of ``sink``. Requests for one format that arrive during a scrape share its result."""

    def __init__(self, sink: PrometheusSink) -> None:
        self._scrapes = {form.media_type: _Scrape(sink, form) for form in (CLASSIC, OPEN_METRICS)}

    async def text(self, form: Format = CLASSIC) -> bytes:
        """The same bytes as ``form.encode`` of the sink's registry (UTF-8)."""
        return await self._scrapes[form.media_type].text()


class _Scrape:
    """The scrapes in one format."""

    def __init__(self, sink: PrometheusSink, form: Format) -> None:
        self._sink, self._format = sink, form
        self._heads = [_text([empty_family(definition)], form) for definition in FAMILIES]
        self._running: asyncio.Task[bytes] | None = None

    async def text(self) -> bytes:
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._write(), name="scrape")
        return await asyncio.shield(self._running)

    async def _write(self) -> bytes:
        work = _Slice()
        blocks: list[tuple[str, ...]] = []
        # If two names are cut to the same label, only the last is kept: duplicate series fail the scrape.
        for series in {label(series.target.name): series for series in self._sink.series}.values():
            blocks.append(pieces(series, self._sink.vantage))
            await work.pause()
        families = []
        for number, head in enumerate(self._heads):
            families.append(head + "".join([block[number] for block in blocks]).encode())
            await work.pause()
        # In a thread: verdicts on a thousand targets take 20 ms, and are immutable.
        before = await asyncio.to_thread(_text, self._sink.families_before(), self._format)
        after = await asyncio.to_thread(_text, self._sink.families_after(), self._format)
        return b"".join([before, *families, after, self._format.end])


def only(text: bytes, names: Collection[str], form: Format = CLASSIC) -> bytes:
    """The samples of ``text`` with one of these names, with their HELP and TYPE lines, in the same format."""
    wanted = {name.encode() for name in names}
    kept: list[bytes] = []
    head: list[bytes] = []
    for line in text.splitlines(keepends=True):
        if line.startswith(b"# HELP"):
            head = [line]
        elif line.startswith(b"#"):
            head.append(line)
        elif line.replace(b" ", b"{", 1).partition(b"{")[0] in wanted:
            kept += [*head, line]
            head = []
    return b"".join([*kept, form.end])


@dataclass(slots=True)
class _Slice:
    """Work that has run without a pause since ``began_s``."""

    began_s: float = 0.0

    async def pause(self) -> None:
        """Let the event loop run if this slice has lasted long enough."""
        if time.monotonic() - self.began_s >= SLICE_S:
            await asyncio.sleep(0)
            self.began_s = time.monotonic()


class _Fixed(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def _text(families: Iterable[Metric], form: Format) -> bytes:
    """The text of ``families`` without the format's end."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fixed(list(families)))
    return form.encode(registry).removesuffix(form.end)
