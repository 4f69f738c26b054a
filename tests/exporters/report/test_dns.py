"""The JSON document and text of a DNS response."""

from dataclasses import replace

import pytest
from rich.console import Console
from support.reports.examples import answer, silence
from support.reports.schema_check import faults

from exporters.report import dns
from probe.model.measurements import DnsDetails, Measurement, Phase


@pytest.mark.parametrize("measurement", [answer(), silence()], ids=["answer", "silence"])
def test_the_document_fulfils_its_schema(measurement: Measurement) -> None:
    assert faults(dns.document(measurement), "dns") == []


def test_without_a_response_the_query_is_kept_and_the_rest_is_null() -> None:
    document = dns.document(silence())
    assert (document["name"], document["type"], document["server"]) == (
        "_x.xks.example.com",
        "TXT",
        "10.20.0.2",
    )
    assert (document["rcode"], document["rtt_seconds"], document["ttl_seconds"], document["answers"]) == (
        None,
        None,
        None,
        [],
    )


def test_the_round_trip_is_the_sum_of_the_phases_of_the_exchange() -> None:
    split = replace(
        answer(), phases_s={Phase.RESOLVE: 9.0, Phase.SEND: 0.001, Phase.WAIT: 0.002, Phase.RECEIVE: 0.003}
    )
    assert dns.document(split)["rtt_seconds"] == 0.006


def test_answers_are_escaped_and_have_one_line_each() -> None:
    text = shown(answer())
    assert "2 answers" in text
    assert '"abc"' in text
    assert "\x1b" not in text


def test_a_long_list_of_answers_is_cut_with_a_notice() -> None:
    measurement = answer()
    assert isinstance(measurement.details, DnsDetails)
    assert "and 50 more" in shown(
        replace(measurement, details=replace(measurement.details, answers=("x",) * 100))
    )


def test_a_missing_response_is_described_as_a_failure() -> None:
    assert "failed: timed out in wait" in shown(silence())


def shown(measurement: Measurement) -> str:
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        console.print(dns.render(measurement))
    return captured.get()
