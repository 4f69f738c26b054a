"""The page as HTML."""

import re
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st
from support.reports.exporter_inputs import (
    HOSTILE,
    NOW_S,
    REMEDY,
    asked,
    certificate,
    health,
    predicted,
    region,
    report,
    survey,
    target,
    tcp,
    tls,
    verdict,
)

from exporters.web.page import PageSink
from exporters.web.render import render, stylesheet
from probe.model.targets import Check
from probe.model.verdicts import Outcome

VOID = {"wbr", "meta", "link", "line", "rect", "circle", "polyline"}


class Tags(HTMLParser):
    """Checks nesting, and collects tags and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(text: str = "fine", *, live: bool = True) -> str:
    """Everything that can be shown, with ``text`` wherever untrusted text can appear."""
    sink = PageSink(series=lambda _name, _method: (0.001, None, 0.002) * 20, now=lambda: NOW_S)
    node = asked(zone=text)
    sink.on_targets((node, target("far", host=text or "x")))
    sink.on_measurement(tcp(node, None))
    sink.on_measurement(tls(node, certificate(name=text, issuer_common_name=text, key=text)))
    sink.on_measurement(health(node, 500, error_name=text, fault=text))
    sink.on_measurement(health(node, check=Check.HEALTH_WARM, wait_is_upper_bound=True, clock_offset_s=3.0))
    violated = verdict(outcome=Outcome.VIOLATED, subject=text, because=text, remedy=REMEDY, source=text)
    unknown = verdict("other", Outcome.UNKNOWN, because=text)
    sink.on_report(
        report(violated, unknown, errors=(predicted(),), extra_authorities=(text,), key_store=text)
    )
    sink.on_report(report(unknown, decided=False, key_store=text + "2"))
    sink.on_survey(survey(region(place=text, reason=text), vantage=text, notes=(text,)))
    return render(sink.snapshot(), "1.0", live=live)


def test_an_agent_without_data_has_a_page() -> None:
    html = render(PageSink(now=lambda: NOW_S).snapshot(), "1.0")
    assert "Undecided: the first round of measurements is not finished" in html
    assert Tags(html).open == []


def test_the_page_shows_the_kms_error_and_the_fix() -> None:
    html = page("the root is private").replace("<wbr>", "")
    assert "KMS would fail with XKS_PROXY_INVALID_TLS_CONFIGURATION" in html
    assert "because the root is private" in html
    assert "Use another certificate." in html
    assert "Extra CAs trusted by this agent but not by KMS: the root is private" in html


@settings(max_examples=25, deadline=None)
@given(st.text())
def test_no_text_can_add_markup(text: str) -> None:
    plain, changed = Tags(page()), Tags(page(text))
    assert changed.open == []
    assert changed.tags <= plain.tags
    assert changed.attributes <= plain.attributes


def test_hostile_text_is_shown_as_text() -> None:
    html = page(HOSTILE)
    assert "<script" not in html
    assert "onload=" not in re.sub(r"onload=&#34;", "", html)
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_a_sparkline_of_sixty_points_is_not_cut() -> None:
    series = tuple(0.0123456 + n / 1e4 for n in range(60))
    sink = PageSink(series=lambda _name, _method: series, now=lambda: NOW_S)
    sink.on_targets((target(),))
    points = re.findall(r'<polyline points="([^"]*)"', render(sink.snapshot(), "1.0"))
    assert [len(line.split()) for line in points] == [60, 60]


def test_a_paused_page_does_not_reload() -> None:
    assert 'http-equiv="refresh" content="5"' in page()
    assert "http-equiv" not in page(live=False)


def test_the_page_needs_no_script_and_no_other_origin() -> None:
    shown = Tags(page())
    assert not {"script", "img", "iframe", "style"} & shown.tags
    assert "style" not in shown.attributes
    assert "url(" not in stylesheet()
    assert "@import" not in stylesheet()


def test_one_key_store_is_named_in_the_header_and_several_above_their_sections() -> None:
    sink = PageSink(now=lambda: NOW_S)
    sink.on_report(report(verdict(), key_store="cks-1"))
    one = render(sink.snapshot(), "1.0")
    assert one.count("cks-1") == 1
    assert one.count("<h1") == 1
    sink.on_report(report(verdict(outcome=Outcome.VIOLATED), errors=(predicted(),), key_store="cks-2"))
    two = render(sink.snapshot(), "1.0").replace("<wbr>", "")
    assert two.index("KMS would fail with XKS_PROXY_INVALID_TLS_CONFIGURATION") < two.index(
        "No problem found"
    )
    assert [two.count(name) for name in ("cks-1", "cks-2")] == [3, 3]
    ids = re.findall(r' id="([^"]*)"', two)
    assert len(ids) == len(set(ids))
    assert "<title>✗ XKS_PROXY_INVALID_TLS_CONFIGURATION" in two


def test_a_health_cell_describes_its_bar_in_text() -> None:
    html = page()
    assert (
        'aria-label="cold, phases in ms: connect 4.00, handshake 20.00, wait 30.00, receive 1.00; limit 250 ms"'
        in html
    )
    assert "handshake 20.00</span>" in html
    assert "status 500" in html


def test_every_table_has_headers() -> None:
    html = page()
    assert html.count("<table") == html.count("<thead") > 0
    assert 'scope="col"' in html
    assert 'scope="row"' in html


def test_a_note_of_the_report_is_on_the_page_as_text() -> None:
    sink = PageSink(now=lambda: NOW_S)
    sink.on_report(report(notes=(f"the file is for {HOSTILE}",)))
    html = render(sink.snapshot(), "1.0")
    assert "The file is for " in html
    assert "<script>alert" not in html
