"""The whole of /metrics as text, made in slices so that the event loop goes on sending echoes."""

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import CollectorRegistry, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from exporters.prometheus.families import empty_family, label
from exporters.prometheus.sink import PrometheusSink
from exporters.prometheus.target_text import FAMILIES, pieces

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SLICE_S = 0.001


class Scrapes:
    """Scrapes of ``sink``. Who asks while one is under way gets that one: a crowd costs no more than one."""

    def __init__(self, sink: PrometheusSink) -> None:
        self._sink = sink
        self._heads = [_text([empty_family(definition)]) for definition in FAMILIES]
        self._under_way: asyncio.Task[bytes] | None = None

    async def text(self) -> bytes:
        """As `prometheus_client.generate_latest` of the sink's registry, in UTF-8."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._made(), name="scrape")
        return await asyncio.shield(self._under_way)

    async def _made(self) -> bytes:
        turn = _Turn()
        blocks: list[tuple[str, ...]] = []
        # Names that are cut to the same label are one target, the last: a series twice spoils a whole scrape.
        for series in {label(series.target.name): series for series in self._sink.series}.values():
            blocks.append(pieces(series))
            await turn.over()
        families = []
        for place, head in enumerate(self._heads):
            families.append(head + "".join([block[place] for block in blocks]).encode())
            await turn.over()
        # By a thread: verdicts about a thousand targets take 20 ms, and are frozen.
        before = await asyncio.to_thread(_text, self._sink.families_before())
        after = await asyncio.to_thread(_text, self._sink.families_after())
        return b"".join([before, *families, after])


def only(text: bytes, names: Collection[str]) -> bytes:
    """The samples of ``text`` with one of these names, and the heads of their families."""
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
    return b"".join(kept)


@dataclass(slots=True)
class _Turn:
    """Work without a pause since ``began_s``."""

    began_s: float = 0.0

    async def over(self) -> None:
        """Give the loop its turn if this one has been long enough."""
        if time.monotonic() - self.began_s >= SLICE_S:
            await asyncio.sleep(0)
            self.began_s = time.monotonic()


class _Given(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def _text(families: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(list(families)))
    return generate_latest(registry)
