"""The JSON of history and targets follows its schema, with all text cleaned."""

from support.reports.exporter_inputs import HOSTILE, NOW_S, health, target, tcp
from support.reports.exporter_inputs import asked as with_health
from support.reports.schema_check import faults

from exporters.web import history_document
from exporters.web.history_query import HistoryQuery
from exporters.web.page import PageSink
from probe.model.history import FailedProbe, MinuteSummary, TargetHistory
from probe.model.measurements import Phase, Reason
from probe.model.targets import Check

START = int(NOW_S)
QUERY = HistoryQuery(target=HOSTILE, from_s=START, to_s=START + 600, step_s=60)


def summary() -> MinuteSummary:
    made = MinuteSummary()
    for duration_s in (0.004, 0.03, 9.0):
        made.add(duration_s, None)
    made.add(None, Reason.TIMED_OUT)
    return made


def test_a_history_follows_its_schema() -> None:
    failed = FailedProbe(
        at_s=NOW_S + 0.5, check=Check.TCP, phase=Phase.CONNECT, reason=Reason.REFUSED, detail=HOSTILE
    )
    of = TargetHistory(summaries={Check.TCP: {START + 60: summary(), START: summary()}}, failures=(failed,))
    document = history_document.history(of, QUERY)
    assert faults(document, "history") == []
    points = document["checks"]["tcp"]
    assert [point["at"] for point in points] == ["2027-01-15T08:00:00Z", "2027-01-15T08:01:00Z"]
    assert (points[0]["sent"], points[0]["failed"]) == (4, {"timed_out": 1})
    assert points[0]["duration_seconds"] == {"min": 0.004, "median": 0.03, "max": 9.0}
    assert (sum(points[0]["counts"]), points[0]["counts"][-1]) == (3, 1)
    assert document["failures"][0]["at"] == "2027-01-15T08:00:00.500Z"
    assert document["target"].isprintable()
    assert document["failures"][0]["failure"]["detail"].isprintable()


def test_an_empty_history_follows_its_schema() -> None:
    assert faults(history_document.history(TargetHistory(), QUERY), "history") == []


def test_the_targets_follow_their_schema() -> None:
    node, other = with_health(), target(HOSTILE, host="10.0.0.2", key_store="", zone="")
    page = PageSink(now=lambda: NOW_S)
    page.on_targets((node, other))
    for each in (tcp(node), tcp(node, None, at_s=NOW_S + 1), health(node)):
        page.on_measurement(each)
    document = history_document.targets(page.snapshot())
    assert faults(document, "targets") == []
    first, second = document["targets"]
    assert first["checks"]["tcp"]["failure"]["reason"] == "timed_out"
    assert first["checks"]["tcp"]["since"] == "2027-01-15T08:00:01Z"
    assert (first["checks"]["icmp"]["since"], first["checks"]["health_warm"]["interval_seconds"]) == (
        None,
        60.0,
    )
    assert (second["key_store"], second["zone"], second["address"]) == (None, None, None)
    assert second["target"].isprintable()
