"""The JSON document and text of a handshake."""

from dataclasses import replace

import pytest
from rich.console import Console
from support.reports.examples import handshake, refused_handshake, report
from support.reports.schema_check import faults

from exporters.report import tls
from probe.model.measurements import ClientHelloProfile, Measurement, TlsDetails


def diagnosed() -> Measurement:
    measurement = handshake()
    assert isinstance(measurement.details, TlsDetails)
    return replace(
        measurement,
        details=replace(measurement.details, offer=ClientHelloProfile.DIAGNOSING, version="TLSv1.1"),
    )


@pytest.mark.parametrize(
    "measurement",
    [handshake(), refused_handshake(), diagnosed()],
    ids=["completed", "no address", "diagnosed"],
)
def test_the_document_fulfils_its_schema(measurement: Measurement) -> None:
    assert faults(tls.document(measurement, report()), "tls") == []


def test_phases_are_always_listed_and_null_if_not_reached() -> None:
    assert tls.document(refused_handshake(), report())["phases_seconds"] == {
        "connect": None,
        "handshake": None,
    }


def test_violations_are_shown_before_the_chain() -> None:
    text = shown(handshake())
    assert (
        text.index("common-name-matches")
        < text.index("Certificates as sent")
        < text.index("Met: 7 requirements")
    )
    assert "Example Private Root" in text


def test_the_dates_of_both_lists_of_cas_are_shown() -> None:
    dated = replace(report(), authorities_as_of="2022-11-10", authorities_proposed="2024-06-15")
    document = tls.document(handshake(), dated)
    assert faults(document, "tls") == []
    assert (document["authorities_as_of"], document["authorities_proposed"]) == ("2022-11-10", "2024-06-15")
    lists = tls.authority_lists(dated)
    assert lists is not None
    assert {"2022-11-10", "2024-06-15"} <= set(lists.plain.split())
    without = replace(dated, authorities_as_of="", authorities_proposed="")
    assert tls.authority_lists(without) is None
    assert tls.document(handshake(), without)["authorities_as_of"] is None


def test_a_diagnostic_client_hello_is_marked() -> None:
    assert "a diagnostic ClientHello that KMS does not send" in " ".join(shown(diagnosed()).split())


def test_a_failure_is_in_the_second_line_and_escaped() -> None:
    text = shown(refused_handshake())
    assert "handshake failed: name not found in resolve" in text.splitlines()[1]
    assert "\x1b" not in text


def shown(measurement: Measurement) -> str:
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        console.print(tls.render(measurement, report()))
    return captured.get()
