"""The notes of reports in the log of the running agent."""

from typing import Any

from structlog.testing import capture_logs
from support.reports.exporter_inputs import HOSTILE, report

from probe.commands.notes_log import NotesLog

NOTE, OTHER = "the file is for another path", "another note"


def logged(*notes_of_reports: tuple[str, ...], key_store: str = "cks-1") -> list[Any]:
    """The log lines for one report after another, each with these notes."""
    log = NotesLog()
    with capture_logs() as lines:
        for notes in notes_of_reports:
            log.on_report(report(key_store=key_store, notes=notes))
    return [(line["event"], line["key_store"], line["log_level"]) for line in lines]


def test_a_note_that_stays_is_logged_once() -> None:
    assert logged((NOTE,), (NOTE,), (NOTE,)) == [(NOTE, "cks-1", "warning")]


def test_each_new_note_is_logged_and_a_note_that_returns_is_logged_again() -> None:
    events = [event for event, _, _ in logged((NOTE,), (NOTE, OTHER), (), (NOTE,))]
    assert events == [NOTE, OTHER, NOTE]


def test_each_key_store_has_its_own_notes() -> None:
    log = NotesLog()
    with capture_logs() as lines:
        for key_store in ("cks-1", "cks-2", "cks-1", "cks-2"):
            log.on_report(report(key_store=key_store, notes=(NOTE,)))
    assert [line["key_store"] for line in lines] == ["cks-1", "cks-2"]


def test_a_report_without_notes_logs_nothing() -> None:
    assert logged((), ()) == []


def test_hostile_text_is_escaped_and_bounded() -> None:
    ((event, key_store, _),) = logged((HOSTILE * 1000,), key_store=HOSTILE)
    assert event.isprintable()
    assert key_store.isprintable()
    assert len(event) < 600
