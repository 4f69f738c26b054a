"""The page as JSON."""

import json
from typing import Any

from support.reports.exporter_inputs import (
    HOSTILE,
    NOW_S,
    REMEDY,
    certificate,
    predicted,
    region,
    report,
    survey,
    target,
    tcp,
    tls,
    verdict,
)
from support.reports.schema_check import faults

from exporters.web.page import PageSink
from exporters.web.status import document
from probe.model.verdicts import Operation, Outcome


def filled() -> PageSink:
    page = PageSink(series=lambda _name, _method: (0.001, None), now=lambda: NOW_S)
    page.on_targets((target(),))
    page.on_measurement(tcp(target(), None, NOW_S - 1))
    page.on_measurement(tls(target(), certificate(name=HOSTILE)))
    violated = verdict(outcome=Outcome.VIOLATED, because=HOSTILE, remedy=REMEDY)
    page.on_report(report(violated, errors=(predicted(),)))
    page.on_survey(survey(region(), region("gone", None, None)))
    return page


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def test_an_agent_without_data_returns_null() -> None:
    shown = document(PageSink(now=lambda: NOW_S).snapshot(), "1.0", ready=False)
    assert shown["schema_version"] == 1
    assert (shown["report"], shown["survey"], shown["targets"], shown["ready"]) == (None, None, [], False)
    assert shown["connect"]["state"] == "undecided"
    assert shown["taken_at"] == "2027-01-15T08:00:00Z"


def test_the_document_fulfils_its_schema_with_and_without_data() -> None:
    empty = PageSink(now=lambda: NOW_S)
    for page in (empty, filled()):
        assert faults(document(page.snapshot(), "1.0", ready=False), "status") == []
    shown = document(filled().snapshot(), "1.0", ready=True)
    del shown["targets"][0]["tls"]["cipher"]
    shown["connect"]["state"] = "fine"
    assert len(faults(shown, "status")) == 2


def test_known_values_are_in_base_units() -> None:
    shown = document(filled().snapshot(), "1.0", ready=True)
    (node,) = shown["targets"]
    assert shown["connect"]["error"] == "XKS_PROXY_INVALID_TLS_CONFIGURATION"
    assert node["checks"]["tcp"]["failure"]["reason"] == "timed_out"
    assert node["round_trips"]["tcp"]["series_seconds"] == [0.001, None]
    assert node["tls"]["certificates"][0]["not_after"] == "2027-04-15T08:00:00Z"
    assert set(shown["report"]["prediction"]) == set(Operation)
    assert shown["report"]["prediction"]["create"] is None
    assert shown["survey"]["regions"][0]["rtt_seconds"]["median"] == 0.004
    assert shown["survey"]["regions"][1]["rtt_seconds"] == dict.fromkeys(("min", "median", "p95", "p99"))


def test_the_key_store_with_the_worst_result_comes_first() -> None:
    page = PageSink(now=lambda: NOW_S)
    for at, key_store, decided in ((1, "cks-good", True), (2, "cks-open", False)):
        page.on_report(report(taken_at_s=NOW_S + at, key_store=key_store, decided=decided))
    page.on_report(report(errors=(predicted(),), key_store="cks-bad"))
    shown = document(page.snapshot(), "1.0", ready=True)
    assert [store["key_store"] for store in shown["stores"]] == ["cks-bad", "cks-open", "cks-good"]
    assert (shown["connect"], shown["report"]) == tuple(
        shown["stores"][0][key] for key in ("connect", "report")
    )
    assert shown["report"]["key_store"] == "cks-bad"


def test_before_the_first_report_there_are_no_stores() -> None:
    assert document(PageSink(now=lambda: NOW_S).snapshot(), "1.0", ready=False)["stores"] == []


def test_the_document_is_json_with_only_printable_text() -> None:
    shown = document(filled().snapshot(), "1.0", ready=True)
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    assert all(text.isprintable() for text in texts(shown))


def test_the_notes_of_each_key_stores_report_are_among_its_notes() -> None:
    page = PageSink(now=lambda: NOW_S)
    page.on_report(report(key_store="cks-1", notes=("the file is for /a\x1b",)))
    page.on_report(report(key_store="cks-2"))
    notes = {
        s["key_store"]: s["connect"]["notes"] for s in document(page.snapshot(), "1", ready=True)["stores"]
    }
    assert notes == {"cks-1": ["The file is for /a\\x1b."], "cks-2": []}
