"""The two text formats of /metrics have the same samples, and a client gets the one that it asks for."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as classic
from support.accounts.healthy import ACCOUNT, STORE
from support.reports.exporter_inputs import HOSTILE, NOW_S, report, target
from support.reports.filled_sink import filled_sink

from exporters.prometheus import PrometheusSink
from exporters.prometheus.definitions import DEFINITIONS, Kind
from exporters.prometheus.formats import CLASSIC, OPEN_METRICS, Format, negotiate
from exporters.prometheus.scrape import Scrapes, only
from probe.model.aws_metrics import AwsMetrics, ProxyLatency, ProxyRequests
from probe.model.history import HistoryStatus, Standing, TargetHistory
from probe.model.refreshed import Refreshed
from probe.model.targets import Identity, Role
from probe.model.verdicts import ReportedState

PARSERS: dict[str, Callable[[str], Iterable[Metric]]] = {
    CLASSIC.media_type: classic,
    OPEN_METRICS.media_type: openmetrics.text_string_to_metric_families,
}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

# What Prometheus 3 and 2 send; the newer one also offers the classic text in version 1.0.0.
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Disk:
    status = HistoryStatus(size_bytes=4096, limit_bytes=1 << 24, oldest_s=1.8e9, dropped_rows=3)
    standing = Standing()

    def read(self, identity: Identity, from_s: int, to_s: int, step_s: int) -> TargetHistory:
        raise NotImplementedError


def full_sink() -> PrometheusSink:
    """Each metric has a sample; one label holds all characters that need an escape."""
    sink = filled_sink()
    backend = target("backend", role=Role.BACKEND, host="10.0.1.10", key_store=STORE.id)
    known = [series.target for series in sink.series]
    sink.on_targets((*known, backend, target(HOSTILE, host="10.0.0.9")))
    metrics = AwsMetrics(
        latency=ProxyLatency(period_start_s=NOW_S, average_s=0.02, p99_s=0.2),
        requests=ProxyRequests(period_start_s=NOW_S, count=3, errors={"XksProxyTimeoutException": 2}),
    )
    account = replace(ACCOUNT, key_stores=(STORE,), taken_at_s=NOW_S, metrics=metrics)
    sink.on_facts((Refreshed(key_store=STORE.id, account=account, last_success_s=NOW_S),))
    actual = ReportedState(
        connection_state="CONNECTED", connection_error_code=None, agrees=True, because="connected"
    )
    sink.on_report(replace(report(key_store=STORE.id), actual=actual))
    sink.set_history(Disk())
    return sink


async def parsed(form: Format, sink: PrometheusSink) -> list[Metric]:
    return list(PARSERS[form.media_type]((await Scrapes(sink).text(form)).decode()))


def samples(families: Iterable[Metric]) -> Samples:
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in families
        for each in family.samples
    }


async def test_both_formats_have_the_same_samples() -> None:
    sink = full_sink()
    strict, old = samples(await parsed(OPEN_METRICS, sink)), samples(await parsed(CLASSIC, sink))
    assert strict == old
    assert {name for name, _ in strict} >= {"xksprobe_probes_total", "xksprobe_rtt_seconds_bucket"}


async def test_every_metric_has_a_sample_and_its_type_in_openmetrics() -> None:
    types = {each.name: each.type for each in await parsed(OPEN_METRICS, full_sink()) if each.samples}
    suffixes = {Kind.COUNTER: "_total", Kind.INFO: "_info"}
    assert types == {
        each.full_name.removesuffix(suffixes.get(each.kind, "")): each.kind.value for each in DEFINITIONS
    }


@pytest.mark.parametrize("form", [CLASSIC, OPEN_METRICS], ids=lambda form: form.media_type)
async def test_a_format_equals_the_output_of_prometheus_client(form: Format) -> None:
    sink = full_sink()
    text = await Scrapes(sink).text(form)
    assert text == form.encode(sink.registry)
    assert text.count(b"# EOF\n") == (form is OPEN_METRICS)
    assert b"_created" not in text


async def test_parallel_scrapes_of_two_formats_do_not_share_a_result() -> None:
    scrapes = Scrapes(filled_sink())
    one, other, again = await asyncio.gather(*map(scrapes.text, (OPEN_METRICS, CLASSIC, OPEN_METRICS)))
    assert one is again
    assert one != other


@pytest.mark.parametrize("names", [["xksprobe_probes_total", "xksprobe_target_info"], ["absent"]])
@pytest.mark.parametrize("form", [CLASSIC, OPEN_METRICS], ids=lambda form: form.media_type)
async def test_a_part_of_a_scrape_is_in_the_same_format(form: Format, names: list[str]) -> None:
    whole = await Scrapes(full_sink()).text(form)
    families = list(PARSERS[form.media_type](only(whole, names, form).decode()))
    assert samples(families) == {
        key: value
        for key, value in samples(PARSERS[form.media_type](whole.decode())).items()
        if key[0] in names
    }
    assert all(each.documentation and each.type != "unknown" for each in families)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PROMETHEUS_3, OPEN_METRICS),
        (PROMETHEUS_2, OPEN_METRICS),
        ("application/openmetrics-text", OPEN_METRICS),
        ('Application/OpenMetrics-Text; Version="1.0.0"; charset=utf-8', OPEN_METRICS),
        ("application/openmetrics-text; version=0.0.1", CLASSIC),
        ("application/openmetrics-text; version=2.0.0", CLASSIC),
        ("application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.1",
         OPEN_METRICS),
        # The weights: at the limit, and on both sides.
        ("application/openmetrics-text;q=0.5,text/plain;q=0.499", OPEN_METRICS),
        ("text/plain;q=0.5,application/openmetrics-text;q=0.5", OPEN_METRICS),
        ("application/openmetrics-text;q=0.5,text/plain;q=0.501", CLASSIC),
        ("application/openmetrics-text;q=0.5,text/plain;version=9;q=0.9", OPEN_METRICS),
        ("application/openmetrics-text;q=0", CLASSIC),
        ("application/openmetrics-text;q=0.000", CLASSIC),
        ("application/openmetrics-text;q=0.001", OPEN_METRICS),
        ("application/openmetrics-text ; q = 1.000 , text/plain", OPEN_METRICS),
        # Invalid ranges are ignored.
        ("application/openmetrics-text;q=nan", CLASSIC),
        ("application/openmetrics-text;q=1.001", CLASSIC),
        ("application/openmetrics-text;q=-1", CLASSIC),
        ("application/openmetrics-text;q=", CLASSIC),
        (";;==,,;q=1,application/openmetrics-text", OPEN_METRICS),
        # Anything else gets the classic text.
        *((text, CLASSIC) for text in ("", "*/*", "application/*", "text/plain", "application/json", BROWSER)),
    ],
)  # fmt: skip
def test_the_accept_header_selects_the_format(accept: str, form: Format) -> None:
    assert negotiate(accept) is form
