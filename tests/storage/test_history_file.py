"""Writing the history file: what is added to existing rows, and the limits of days and bytes."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.reports.exporter_inputs import NOW_S, predicted, report, target, verdict

from probe.model.history import CheckState, FailedProbe, MinuteSummary
from probe.model.measurements import Phase, Reason
from probe.model.targets import Check, Identity, Question, Role
from probe.model.verdicts import Outcome
from probe.storage.history_file import HistoryFile, identity_text, summary_of
from probe.storage.history_open import open_file
from probe.storage.minutes import Taken

START = int(NOW_S)
DAY_S = 86400
MIB = 1 << 20
IDENTITY = target().identity
TCP = (IDENTITY, Check.TCP)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def file(path: Path) -> Iterator[HistoryFile]:
    opened = open_file(path, print)
    yield HistoryFile(opened.connection, path, keep_s=7.0 * DAY_S, most_bytes=16 * MIB)
    opened.close()


def again(file: HistoryFile) -> HistoryFile:
    """The same file as after a restart."""
    return HistoryFile(file.connection, file.path, file.keep_s, file.most_bytes)


def summary(sent: int = 1, failed: int = 0) -> MinuteSummary:
    made = MinuteSummary()
    for _ in range(sent - failed):
        made.add(0.004, None)
    for _ in range(failed):
        made.add(None, Reason.TIMED_OUT)
    return made


def failures(count: int, at_s: float = NOW_S) -> Taken:
    failed = FailedProbe(
        at_s=at_s, check=Check.TCP, phase=Phase.CONNECT, reason=Reason.REFUSED, detail="x" * 200
    )
    return Taken(failures=[(IDENTITY, failed)] * count)


def rows(file: HistoryFile, table: str) -> int:
    return int(file.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def stored(file: HistoryFile, minute: int = START) -> MinuteSummary | None:
    row = file.connection.execute(
        "SELECT sent, failed, min_us, max_us, counts FROM minute WHERE at_s = ?", (minute,)
    ).fetchone()
    return summary_of(*row)


def test_a_summary_is_read_as_it_was_written(file: HistoryFile) -> None:
    file.write(Taken(minutes={START: {TCP: summary(5, failed=2)}}), [])
    assert stored(file) == summary(5, failed=2)


def test_a_second_summary_of_a_minute_is_added_also_after_a_restart(file: HistoryFile) -> None:
    file.write(Taken(minutes={START: {TCP: summary(2)}}), [])
    restarted = again(file)
    restarted.load()
    restarted.write(Taken(minutes={START: {TCP: summary(3, failed=1)}}), [])
    assert stored(file) == summary(5, failed=1)
    assert rows(file, "series") == 1


def test_a_transaction_that_fails_leaves_nothing_and_can_be_repeated(file: HistoryFile) -> None:
    file.connection.execute("ALTER TABLE report RENAME TO gone")
    taken = Taken(minutes={START: {TCP: summary()}})
    with pytest.raises(sqlite3.OperationalError):
        file.write(taken, [report(verdict())])
    assert (rows(file, "minute"), rows(file, "series")) == (0, 0)
    file.connection.execute("ALTER TABLE gone RENAME TO report")
    file.write(taken, [report(verdict())])
    assert (rows(file, "minute"), rows(file, "series"), rows(file, "report")) == (1, 1, 1)


def test_only_reports_that_changed_are_stored_also_after_a_restart(file: HistoryFile) -> None:
    file.write(Taken(), [report(verdict()), report(verdict(), taken_at_s=NOW_S + 10)])
    restarted = again(file)
    restarted.load()
    restarted.write(Taken(), [report(verdict(), taken_at_s=NOW_S + 20)])
    assert rows(file, "report") == 1
    restarted.write(Taken(), [report(verdict(outcome=Outcome.VIOLATED), errors=(predicted(),))])
    assert rows(file, "report") == 2


def test_the_reports_of_each_key_store_are_compared_with_its_own(file: HistoryFile) -> None:
    other = report(verdict(outcome=Outcome.VIOLATED), key_store="cks-2")
    file.write(Taken(), [report(verdict()), other, report(verdict()), other])
    assert rows(file, "report") == 2


@pytest.mark.parametrize(
    ("before", "after", "since_s"),
    [
        (
            CheckState(is_failing=True, since_s=100.0),
            CheckState(is_failing=True, since_s=200.0, is_first=True),
            100.0,
        ),
        (
            CheckState(is_failing=True, since_s=100.0),
            CheckState(is_failing=False, since_s=200.0, is_first=True),
            200.0,
        ),
        (CheckState(is_failing=True, since_s=100.0), CheckState(is_failing=True, since_s=200.0), 200.0),
    ],
    ids=["the same state after a restart", "another state after a restart", "another one in between"],
)
def test_a_state_that_continues_after_a_restart_keeps_its_time(
    file: HistoryFile, before: CheckState, after: CheckState, since_s: float
) -> None:
    for minute, state in ((START, before), (START + 60, after)):
        restarted = again(file)
        restarted.load()
        restarted.write(Taken(minutes={minute: {TCP: summary()}}, states={TCP: state}), [])
    assert again(file).load().checks[TCP] == CheckState(is_failing=after.is_failing, since_s=since_s)


def test_the_time_of_a_verdict_is_read_after_a_restart(file: HistoryFile) -> None:
    file.write(Taken(), [report(verdict(outcome=Outcome.VIOLATED))])
    key = ("cks-1", "authority-is-trusted-by-kms", "node-1")
    assert again(file).load().verdicts == {key: (Outcome.VIOLATED, NOW_S)}


@pytest.mark.parametrize(
    ("age_s", "kept"), [(7 * DAY_S, 1), (7 * DAY_S + 60, 0)], ids=["at the limit", "a minute older"]
)
def test_rows_older_than_the_limit_of_days_are_removed(file: HistoryFile, age_s: int, kept: int) -> None:
    minutes = {START - age_s: {TCP: summary()}}
    file.write(Taken(minutes=minutes, failures=failures(1, NOW_S - age_s).failures), [])
    file.write(Taken(), [report(verdict(), taken_at_s=NOW_S - age_s)])
    file.trim(NOW_S)
    assert [rows(file, table) for table in ("minute", "failure", "report", "series")] == [kept] * 4


def test_the_file_with_its_log_stays_within_its_limit_and_the_oldest_rows_go_first(file: HistoryFile) -> None:
    series = [(IDENTITY._replace(port=port), Check.TCP) for port in range(1, 1001)]
    largest_bytes = 0
    for minute in range(300):
        file.write(Taken(minutes={START + 60 * minute: dict.fromkeys(series, summary(4, failed=1))}), [])
        file.trim(NOW_S + 60 * minute)
        largest_bytes = max(largest_bytes, file.size_bytes())
    oldest_s = file.oldest_s()
    assert 8 * MIB < largest_bytes <= 16 * MIB
    assert oldest_s is not None
    assert START < oldest_s < START + 60 * 299
    assert rows(file, "minute") >= 1000 * (START + 60 * 300 - oldest_s) // 60 - 1000


def test_failures_use_at_most_half_of_the_file(file: HistoryFile) -> None:
    file.write(Taken(minutes={START: {TCP: summary()}}), [])
    largest_bytes = 0
    for second in range(60):
        file.write(failures(5000, NOW_S + second), [])
        file.trim(NOW_S + second)
        largest_bytes = max(largest_bytes, file.size_bytes())
    assert rows(file, "failure") == 8 * MIB // 256
    assert rows(file, "minute") == 1, "the older summary is still there"
    assert largest_bytes <= 16 * MIB


def test_space_that_is_no_longer_needed_is_returned_to_the_disk(file: HistoryFile) -> None:
    for second in range(6):
        file.write(failures(5000, NOW_S + second), [])
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before_bytes = file.size_bytes()
    file.trim(NOW_S + 8 * DAY_S)
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert rows(file, "failure") == 0
    assert file.size_bytes() < before_bytes / 3


TEXTS = st.text(max_size=20)


@given(
    st.builds(
        Identity, st.sampled_from(Role), TEXTS, st.integers(1, 65535), st.none() | TEXTS,
        st.none() | st.builds(Question, name=TEXTS, record_type=TEXTS), TEXTS,
    )
)  # fmt: skip
def test_every_identity_is_read_as_it_was_written(identity: Identity) -> None:
    from probe.storage.history_file import _series

    assert _series(identity_text(identity), "tcp") == (identity, Check.TCP)


VALUES = st.none() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=30)


@example((float("inf"), None, None, None, None))
@given(st.tuples(VALUES, VALUES, VALUES, VALUES, VALUES))
def test_a_row_of_any_values_is_a_summary_or_left_out(row: tuple[object, ...]) -> None:
    made = summary_of(*row)  # type: ignore[call-arg]
    assert made is None or isinstance(made.sent, int)
