"""Reading the history of one target beside the thread that writes it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.reports.exporter_inputs import NOW_S, target

from probe.model.history import FailedProbe, HistoryUnavailable, MinuteSummary
from probe.model.measurements import Phase, Reason
from probe.model.targets import Check
from probe.storage.history_file import HistoryFile
from probe.storage.history_open import open_file
from probe.storage.history_read import MAX_FAILURES, HistoryQueries
from probe.storage.minutes import Taken

START = int(NOW_S)
IDENTITY = target().identity
OTHER = target(host="10.0.0.2").identity


@pytest.fixture
def file(tmp_path: Path) -> Iterator[HistoryFile]:
    path = tmp_path / "a #?% file"
    opened = open_file(path, print)
    yield HistoryFile(opened.connection, path, keep_s=86400.0, most_bytes=1 << 24)
    opened.close()


def summary(*durations_s: float) -> MinuteSummary:
    made = MinuteSummary()
    for duration_s in durations_s:
        made.add(duration_s, None)
    return made


def fill(file: HistoryFile, *minutes: int) -> None:
    series = ((IDENTITY, Check.TCP), (IDENTITY, Check.TLS), (OTHER, Check.TCP))
    rows = {START + 60 * minute: {each: summary(0.004) for each in series} for minute in minutes}
    file.write(Taken(minutes=rows), [])


def test_the_minutes_in_a_range_are_read_and_none_beside_it(file: HistoryFile) -> None:
    fill(file, 0, 1, 2, 3)
    read = HistoryQueries(file.path).read(IDENTITY, START + 60, START + 180, 60)
    assert {check: list(found) for check, found in read.summaries.items()} == {
        Check.TCP: [START + 60, START + 120],
        Check.TLS: [START + 60, START + 120],
    }


def test_minutes_are_summed_up_per_step_counted_from_the_start_of_the_range(file: HistoryFile) -> None:
    fill(file, 0, 1, 2, 4)
    found = HistoryQueries(file.path).read(IDENTITY, START, START + 600, 180).summaries[Check.TCP]
    assert {at_s - START: each.sent for at_s, each in found.items()} == {0: 3, 180: 1}


@pytest.mark.parametrize(("from_s", "to_s"), [(START - 7200, START), (START + 60, START + 7200)])
def test_a_range_before_or_after_all_rows_is_empty(file: HistoryFile, from_s: int, to_s: int) -> None:
    fill(file, 0)
    assert HistoryQueries(file.path).read(IDENTITY, from_s, to_s, 60).summaries == {}


def test_a_target_without_rows_and_an_empty_file_are_empty(file: HistoryFile) -> None:
    assert HistoryQueries(file.path).read(IDENTITY, START, START + 60, 60).summaries == {}
    fill(file, 0)
    unknown = target(host="10.9.9.9").identity
    assert HistoryQueries(file.path).read(unknown, START, START + 60, 60).failures == ()


def test_the_newest_200_failures_are_read_oldest_first(file: HistoryFile) -> None:
    failed = FailedProbe(at_s=NOW_S, check=Check.TCP, phase=Phase.CONNECT, reason=Reason.REFUSED, detail="x")
    some = [(IDENTITY, replace(failed, at_s=NOW_S + n)) for n in range(MAX_FAILURES + 1)]
    file.write(Taken(failures=[*some[:-1], (OTHER, failed)]), [])
    queries = HistoryQueries(file.path)
    read = queries.read(IDENTITY, START, START + 600, 60)
    assert ([each.at_s - NOW_S for each in read.failures], read.more_failures) == ([*range(200)], False)
    file.write(Taken(failures=[some[-1]]), [])
    read = queries.read(IDENTITY, START, START + 600, 60)
    assert (read.failures[0].at_s, len(read.failures), read.more_failures) == (NOW_S + 1, 200, True)


def test_what_is_not_a_known_word_is_left_out(file: HistoryFile) -> None:
    fill(file, 0)
    execute = file.connection.execute
    (number,) = execute("SELECT id FROM series LIMIT 1").fetchone()
    row = (NOW_S, number, "teleport", "lost", "")
    execute("INSERT INTO failure (at_s, series, phase, reason, detail) VALUES (?, ?, ?, ?, ?)", row)
    execute("UPDATE minute SET counts = '[]'")
    execute("INSERT INTO series (identity, check_name, newest_s) VALUES (?, 'ntp', 1.0)", ("[]",))
    assert HistoryQueries(file.path).read(IDENTITY, START, START + 60, 60).failures == ()


def test_reading_ends_at_its_deadline(file: HistoryFile) -> None:
    fill(file, *range(0, 20_000, 100), 20_000)
    with pytest.raises(HistoryUnavailable, match="reading took too long; ask for a shorter time"):
        HistoryQueries(file.path, read_s=0.0001).read(IDENTITY, START, START + 60 * 20_000, 60)


def test_a_file_that_is_gone_is_a_reason(file: HistoryFile) -> None:
    queries = HistoryQueries(file.path.with_name("none"))
    with pytest.raises(HistoryUnavailable, match="the history cannot be read: unable to open database file"):
        queries.read(IDENTITY, START, START + 60, 60)


def test_reading_writes_nothing(file: HistoryFile) -> None:
    fill(file, 0)
    connection = sqlite3.connect(file.path)
    before = connection.execute("PRAGMA data_version").fetchone()
    HistoryQueries(file.path).read(IDENTITY, START, START + 60, 60)
    assert connection.execute("PRAGMA data_version").fetchone() == before
    connection.close()
