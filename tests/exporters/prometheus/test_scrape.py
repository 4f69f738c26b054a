"""A scrape writes the whole registry in slices, is shared by parallel requests, and can be limited by name."""

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


async def test_a_scrape_equals_the_output_of_prometheus_client(sink: PrometheusSink) -> None:
    assert await Scrapes(sink).text() == generate_latest(sink.registry)


async def test_without_targets_a_scrape_still_has_help_and_type_lines() -> None:
    empty = PrometheusSink("1.2.3")
    assert await Scrapes(empty).text() == generate_latest(empty.registry)


async def test_other_tasks_run_between_slices(sink: PrometheusSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "SLICE_S", 0.0)
    iterations = 0

    async def other() -> None:
        nonlocal iterations
        while True:
            iterations += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await Scrapes(sink).text()
    task.cancel()

    assert iterations >= len(TARGETS)


async def test_a_request_during_a_scrape_shares_its_result(sink: PrometheusSink) -> None:
    scrapes = Scrapes(sink)
    first, second = await asyncio.gather(scrapes.text(), scrapes.text())
    assert first is second
    answered(sink, 1)
    assert await scrapes.text() != first


async def test_a_cancelled_request_does_not_cancel_the_scrape_for_others(sink: PrometheusSink) -> None:
    scrapes = Scrapes(sink)
    impatient, patient = asyncio.create_task(scrapes.text()), asyncio.create_task(scrapes.text())
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == generate_latest(sink.registry)


async def test_a_scrape_can_be_limited_to_metric_names(sink: PrometheusSink) -> None:
    text = only(await Scrapes(sink).text(), ["xksprobe_build_info", "xksprobe_rtt_seconds_count", "none"])
    lines = text.decode().splitlines()
    assert [line.split("{")[0].split()[-1] for line in lines if not line.startswith("# HELP")] == [
        "gauge", "xksprobe_build_info", "histogram", "xksprobe_rtt_seconds_count",
    ]  # fmt: skip


async def test_targets_with_the_same_truncated_label_are_written_once() -> None:
    """Prometheus rejects a whole scrape with a duplicate series."""
    sink = PrometheusSink("1.2.3")
    long = "x" * 300
    named = [Target(name=f"{long}{n}", role=Role.NODE, host=f"192.0.2.{n}", plans=ECHO) for n in (1, 2)]
    sink.on_targets(named)
    lines = [line for line in (await Scrapes(sink).text()).splitlines() if not line.startswith(b"#")]
    names = [line.rpartition(b" ")[0] for line in lines]
    assert len(names) == len(set(names))
    assert any(b"x" * 100 in name for name in names)
