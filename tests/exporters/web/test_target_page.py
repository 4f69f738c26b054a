"""The page of one target: its charts, its failures, and what it shows without a history."""

from dataclasses import replace

import pytest
from support.reports.exporter_inputs import HOSTILE, NOW_S, asked, target

from exporters.web.target_page import SHOWN_FAILURES, SPANS, render_target, span_of
from probe.model.history import FailedProbe, MinuteSummary, TargetHistory
from probe.model.measurements import Phase, Reason
from probe.model.targets import Check

NODE = target()
FAILED = FailedProbe(
    at_s=NOW_S, check=Check.TCP, phase=Phase.CONNECT, reason=Reason.TIMED_OUT, detail="no answer"
)


def page(history: TargetHistory | None = None, span: str = "hour", **changes: object) -> str:
    of = replace(NODE, **changes)  # type: ignore[arg-type]
    return render_target(of, history or TargetHistory(), span, NOW_S)


@pytest.mark.parametrize("name", SPANS)
def test_a_span_ends_at_the_end_of_the_running_step_and_has_at_most_336_points(name: str) -> None:
    span = span_of(name, NOW_S + 1)
    assert span.to_s - span.step_s <= NOW_S + 1 <= span.to_s
    assert span.to_s - span.from_s == SPANS[name][0]
    assert 60 <= (span.to_s - span.from_s) / span.step_s <= 336


def test_every_check_of_the_target_has_a_chart_with_a_title_and_a_description() -> None:
    html = render_target(asked(), TargetHistory(), "day", NOW_S)
    for title in ("Ping", "TCP connect", "TLS handshake", "Health request, cold", "Health request, warm"):
        assert f"{title}, last day</title>" in html
    assert html.count("<desc ") == html.count("<svg ") == 5
    assert "nothing was measured" in html


def test_a_check_that_no_longer_runs_has_a_chart_while_it_is_in_the_span() -> None:
    summary = MinuteSummary()
    summary.add(0.004, None)
    assert "DNS response" in page(TargetHistory(summaries={Check.DNS: {int(NOW_S) - 60: summary}}))
    assert "DNS response" not in page()


def test_the_other_spans_are_links() -> None:
    html = page(span="day")
    assert 'href="?name=node-1&amp;span=week"' in html
    assert '<strong aria-current="page">last day</strong>' in html


def test_failures_are_listed_with_the_newest_first() -> None:
    html = page(TargetHistory(failures=(FAILED, replace(FAILED, at_s=NOW_S + 60))))
    assert html.index("2027-01-15 08:01:00") < html.index("2027-01-15 08:00:00<")
    assert "connect: timed out" in html
    assert "and older ones" not in html


@pytest.mark.parametrize(("count", "more"), [(SHOWN_FAILURES, False), (SHOWN_FAILURES + 1, True)])
def test_fifty_failures_are_shown_and_the_page_says_if_there_are_more(count: int, *, more: bool) -> None:
    html = page(TargetHistory(failures=(FAILED,) * count))
    assert html.count("connect: timed out") == SHOWN_FAILURES
    assert ("and older ones" in html) is more


def test_without_a_history_the_page_gives_the_reason() -> None:
    html = render_target(NODE, None, "hour", NOW_S, reason="the history is off: the disk is full")
    assert "the history is off: the disk is full." in html
    assert "<svg " not in html


def test_untrusted_text_is_cleaned_and_escaped() -> None:
    html = page(TargetHistory(failures=(replace(FAILED, detail=HOSTILE),)), name=HOSTILE, key_store=HOSTILE)
    assert "<script>alert" not in html
    assert "\x1b" not in html
    assert 'onload="x' not in html.replace("&#34;", "")
