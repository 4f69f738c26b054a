"""Text from certificates, DNS, HTTP or AWS is harmless in every output.

Every source of untrusted text is tested with every payload in every output.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from support.accounts.collected import healthy
from support.accounts.healthy import node
from support.evidence import NOW_S, sent, tls
from support.reports import output_safety
from support.reports.untrusted_text import IDS, LEAF, PAYLOADS, SOURCES, Inputs, put

from exporters.prometheus import PrometheusSink
from exporters.report import changes, html, junit, markdown
from exporters.report import dns as dns_report
from exporters.report import health as health_report
from exporters.report import preflight as shown
from exporters.report import tls as tls_report
from exporters.web.page import PageSink
from exporters.web.render import render
from exporters.web.status import document as page_document
from probe.commands.output import as_json, as_text
from probe.model.evidence import Evidence
from probe.model.measurements import DnsDetails, Measurement, Timestamps
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, Question, Role, Target
from probe.model.verdicts import Report, Scope
from probe.verdicts.judge import judge

BASELINE_BYTES = 400_000


def preflights(inputs: Inputs, *, with_text: bool = True) -> dict[str, tuple[str, str]]:
    """A preflight's report in each format: (its check, its text). The text formats take long to render."""
    evidence = inputs.evidence()
    report = judge(evidence)
    of = shown.Preflight(
        report=report,
        evidence=evidence,
        vantage=inputs.vantage,
        version="1",
        clock_offset_s=1.0,
        older=inputs.older,
    )
    again = json.loads(as_json(shown.document(replace(of, older=None))))
    since = changes.between(again, Report(taken_at_s=NOW_S))
    texts = {"text": shown.render(of), "against": changes.render(again, since)} if with_text else {}
    return {
        **{name: ("text", as_text(each)) for name, each in texts.items()},
        "json": ("json", as_json(shown.document(of))),
        "markdown": ("markdown", markdown.text(of)),
        "junit": ("junit", junit.text(report.verdicts, suite=inputs.vantage)),
        "html": ("html", html.text(of)),
    }


def others(inputs: Inputs) -> dict[str, tuple[str, str]]:
    """The reports of the commands `health`, `tls` and `dns`, as in `preflights`."""
    of = node("eu-west-1a")
    measured = inputs.measured(of)
    evidence = Evidence(
        taken_at_s=NOW_S,
        targets=(of,),
        latest=measured,
        recent=measured,
        spec=KeyStoreSpec(region="r"),
        scopes=frozenset(Scope),
    )
    report = judge(evidence)
    shaken, health = measured[1], [each for each in measured if each.check is Check.HEALTH_COLD][:1]
    target = Target(
        name="d",
        role=Role.RESOLVER,
        host="192.0.2.1",
        question=Question(name="example.com", record_type="TXT"),
    )
    details = DnsDetails(
        server=inputs.server,
        name=inputs.record,
        record_type="TXT",
        view="public",
        rcode=inputs.rcode,
        answers=inputs.answers,
    )
    named = Measurement(
        target=target, check=Check.DNS, started_at_s=NOW_S, failure=inputs.failure, details=details
    )
    return {
        "tls": ("text", as_text(tls_report.render(shaken, report))),
        "tls json": ("json", as_json(tls_report.document(shaken, report))),
        "health": ("text", as_text(health_report.render(health, report))),
        "health json": ("json", as_json(health_report.document(health, report))),
        "dns": ("text", as_text(dns_report.render(named))),
        "dns json": ("json", as_json(dns_report.document(named))),
    }


def of_the_agent(inputs: Inputs) -> dict[str, tuple[str, str]]:
    """The agent's metrics, its page and the page's JSON document, as in `preflights`."""
    of = node("eu-west-1a")
    shaken = replace(
        tls(of, inputs.chain, inputs.failure, version=inputs.version, cipher=inputs.cipher),
        timestamps=Timestamps.KERNEL,
    )
    report = judge(Evidence(taken_at_s=NOW_S, targets=(of,), latest=(shaken,), recent=(shaken,)))
    metrics, page = PrometheusSink("1"), PageSink(now=lambda: NOW_S)
    for sink in (metrics, page):
        sink.on_targets((of,))
        sink.on_measurement(shaken)
        sink.on_report(report)
    return {
        "metrics": ("text", generate_latest(metrics.registry).decode()),
        "page": ("page", render(page.snapshot(), "1")),
        "page json": ("json", as_json(page_document(page.snapshot(), "1", ready=True))),
    }


def check(written: dict[str, tuple[str, str]]) -> None:
    for name, (form, output) in written.items():
        assert len(output) < BASELINE_BYTES, name
        if form == "page":
            output_safety.printable(output)
            for markup in ("<script", "<img", "\nonerror", "javascript:"):
                assert markup not in output.replace("](javascript:", ""), name
        else:
            output_safety.CHECKS[form](output)
            assert "x" * 1025 not in output, name


# In the short run, these sources get every payload, and each other source gets one, in turn; `long` tests the rest.
_WITH_EVERY_PAYLOAD = frozenset({"common name", "HTML body", "TXT values", "error message of AWS"})
_FROM_THE_NETWORK = list(SOURCES)[: list(SOURCES).index("vantage")]


def some(sources: list[str]) -> list[Any]:
    return [
        pytest.param(
            source,
            number,
            id=f"{source}-{word}",
            marks=[] if source in _WITH_EVERY_PAYLOAD or number == index % len(IDS) else [pytest.mark.long],
        )
        for index, source in enumerate(sources)
        for number, word in enumerate(IDS)
    ]


@pytest.mark.parametrize(("source", "number"), some(list(SOURCES)))
def test_hostile_text_in_a_preflight_is_harmless(source: str, number: int) -> None:
    with_text = source not in _WITH_EVERY_PAYLOAD or number in (0, 4, 6, 7)  # rendering text takes long
    check(preflights(put(source, PAYLOADS[number]), with_text=with_text))


@pytest.mark.parametrize(("source", "number"), some(_FROM_THE_NETWORK))
def test_hostile_text_in_tls_health_and_dns_is_harmless(source: str, number: int) -> None:
    check(others(put(source, PAYLOADS[number])))


@pytest.mark.parametrize("payload", PAYLOADS, ids=IDS)
@pytest.mark.parametrize(
    "source",
    ["common name", "alternative names", "issuer", "names in a chain", "cipher", "detail of a failure"],
)
def test_hostile_text_in_metrics_and_page_is_harmless(source: str, payload: str) -> None:
    check(of_the_agent(put(source, payload)))


@pytest.mark.long
@pytest.mark.parametrize("source", SOURCES)
def test_each_source_of_text_is_tested(source: str) -> None:
    """A payload that reaches no output tests nothing; ``never`` lists the sources that no output shows."""
    outputs = "".join(
        text
        for _, text in (
            *preflights(put(source, "Marker7")).values(),
            *others(put(source, "Marker7")).values(),
        )
    )
    never = {
        "account", "store name in AWS", "store kind", "connectivity", "tags", "verification name", "verification value",
        "zone of the service", "load balancer's ARN", "gateway load balancer", "security group", "target",
        "route's destination", "VPC's range", "subnet",
    }  # fmt: skip
    assert ("Marker7" in outputs) is (source not in never)


def test_the_inputs_without_a_payload_are_complete() -> None:
    assert len(Inputs(document=healthy(), chain=sent(LEAF)).evidence().targets) == 4
