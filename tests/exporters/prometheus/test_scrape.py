"""A scrape is the whole registry, in slices; a crowd gets one; a part of it can be asked for."""

import asyncio

import pytest
from prometheus_client.exposition import generate_latest

from exporters.prometheus import PrometheusSink, scrape
from exporters.prometheus.scrape import Scrapes, only
from probe.model.measurements import EchoBatch, EchoOutcome, Timestamps
from probe.model.targets import Check, PlannedCheck, Role, Target

ECHO = (PlannedCheck(check=Check.ICMP, interval_s=1.0, timeout_s=1.0),)
TARGETS = tuple(
    Target(name=f'node "{number}"\\', role=Role.NODE, host=f"192.0.2.{number}", port=443, plans=ECHO)
    for number in range(1, 21)
)


@pytest.fixture
def sink() -> PrometheusSink:
    sink = PrometheusSink("1.2.3")
    sink.on_targets(TARGETS)
    answered(sink, 0)
    return sink


def answered(sink: PrometheusSink, index: int) -> None:
    batch = EchoBatch(
        indexes=(index,),
        sequences=(1,),
        sent_ns=(1_700_000_000_000_000_000,),
        rtt_ns=(34_000_000,),
        stamps=(Timestamps.KERNEL,),
        outcomes=(EchoOutcome.ANSWERED,),
        reasons=(None,),
        addresses=tuple(target.host for target in TARGETS),
    )
    sink.on_echoes(TARGETS, batch)


async def test_a_scrape_is_what_the_library_makes_of_the_registry(sink: PrometheusSink) -> None:
    assert await Scrapes(sink).text() == generate_latest(sink.registry)


async def test_without_targets_there_are_the_heads_of_their_families() -> None:
    empty = PrometheusSink("1.2.3")
    assert await Scrapes(empty).text() == generate_latest(empty.registry)


async def test_between_slices_others_have_their_turn(
    sink: PrometheusSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrape, "SLICE_S", 0.0)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await Scrapes(sink).text()
    task.cancel()

    assert turns >= len(TARGETS)


async def test_who_asks_while_a_scrape_is_under_way_gets_that_one(sink: PrometheusSink) -> None:
    scrapes = Scrapes(sink)
    first, second = await asyncio.gather(scrapes.text(), scrapes.text())
    assert first is second
    answered(sink, 1)
    assert await scrapes.text() != first


async def test_who_goes_away_does_not_take_the_scrape_from_the_others(sink: PrometheusSink) -> None:
    scrapes = Scrapes(sink)
    impatient, patient = asyncio.create_task(scrapes.text()), asyncio.create_task(scrapes.text())
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == generate_latest(sink.registry)


async def test_samples_can_be_asked_for_by_name(sink: PrometheusSink) -> None:
    text = only(await Scrapes(sink).text(), ["xksprobe_build_info", "xksprobe_rtt_seconds_count", "none"])
    lines = text.decode().splitlines()
    assert [line.split("{")[0].split()[-1] for line in lines if not line.startswith("# HELP")] == [
        "gauge", "xksprobe_build_info", "histogram", "xksprobe_rtt_seconds_count",
    ]  # fmt: skip


async def test_targets_whose_names_are_cut_to_the_same_label_are_one() -> None:
    """Prometheus refuses a whole scrape that has a series twice."""
    sink = PrometheusSink("1.2.3")
    long = "x" * 300
    named = [Target(name=f"{long}{n}", role=Role.NODE, host=f"192.0.2.{n}", plans=ECHO) for n in (1, 2)]
    sink.on_targets(named)
    lines = [line for line in (await Scrapes(sink).text()).splitlines() if not line.startswith(b"#")]
    names = [line.rpartition(b" ")[0] for line in lines]
    assert len(names) == len(set(names))
    assert any(b"x" * 100 in name for name in names)
