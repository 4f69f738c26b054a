"""The history while the agent runs: writing in its own thread, disks that fail, shutdown and sudden death."""

import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from support.reports.exporter_inputs import (
    ANSWERED,
    LOST,
    NOW_S,
    echoes,
    report,
    survey,
    target,
    tcp,
    verdict,
)

from probe.model.history import HistoryUnavailable, TargetHistory
from probe.model.settings import HistorySettings
from probe.model.targets import Check
from probe.model.verdicts import Outcome
from probe.storage import history_sink
from probe.storage.history_open import open_file
from probe.storage.history_sink import HistorySink

START = int(NOW_S)
MOST_BYTES = 1 << 24
NODE = target()
MAX_S = 60.0
FEEDER = Path(__file__).resolve().parents[1] / "support" / "history_feeder.py"


def settings(path: Path) -> HistorySettings:
    return HistorySettings(path=str(path), keep_s=7 * 86400.0, most_bytes=MOST_BYTES)


class Clock:
    now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def make(path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], HistorySink]]:
    monkeypatch.setattr(history_sink, "WRITE_INTERVAL_S", 0.01)
    monkeypatch.setattr(history_sink, "RETRY_S", 0.0)
    sinks: list[HistorySink] = []

    def started() -> HistorySink:
        sink = HistorySink(settings(path), said.append, now=Clock())
        sink.on_targets((NODE,))
        sink.start()
        sinks.append(sink)
        return sink

    yield started
    for sink in sinks:
        sink.close(MAX_S)


def wait_until(happened: Callable[[], object]) -> None:
    ends_s = time.monotonic() + MAX_S
    while not happened():
        assert time.monotonic() < ends_s, "it did not happen"
        time.sleep(0.01)


def read(sink: HistorySink) -> TargetHistory:
    return sink.read(NODE.identity, START - 600, START + 600, 60)


def is_on(sink: HistorySink) -> bool:
    return not sink.status.reason


def test_failures_and_reports_are_written_at_once_and_the_running_minute_at_the_end(
    make: Callable[[], HistorySink], path: Path
) -> None:
    sink = make()
    sink.on_measurement(tcp(NODE, None, at_s=NOW_S))
    sink.on_report(report(verdict()))
    wait_until(lambda: is_on(sink) and read(sink).failures)
    assert read(sink).summaries == {}
    sink.close(MAX_S)
    connection = sqlite3.connect(path)
    tables = ("SELECT count(*) FROM minute", "SELECT count(*) FROM report")
    counts = [connection.execute(each).fetchone()[0] for each in tables]
    connection.close()
    assert counts == [1, 1]


def test_everything_measured_before_the_end_is_read_after_a_restart(make: Callable[[], HistorySink]) -> None:
    first = make()
    first.on_measurement(tcp(NODE))
    first.on_echoes((NODE,), echoes(ANSWERED, LOST))
    first.on_survey(survey())
    first.close(MAX_S)
    second = make()
    second.on_measurement(tcp(NODE, None))
    second.close(MAX_S)
    third = make()
    wait_until(lambda: is_on(third))
    summaries = read(third).summaries
    assert (summaries[Check.TCP][START].sent, summaries[Check.TCP][START].failures) == (2, 1)
    assert (summaries[Check.ICMP][START].sent, len(read(third).failures)) == (2, 2)
    assert third.standing.checks[NODE.identity, Check.TCP].is_failing


def test_a_second_agent_on_the_same_file_says_so_and_has_no_history(
    make: Callable[[], HistorySink], said: list[str]
) -> None:
    first = make()
    wait_until(lambda: is_on(first))
    second = make()
    wait_until(lambda: said)
    assert "another xks-probe process writes it" in said[0]
    with pytest.raises(HistoryUnavailable, match=r"the history is off: .* another xks-probe process"):
        read(second)
    first.close(MAX_S)
    wait_until(lambda: is_on(second))
    assert [line.split(":")[0] for line in said] == ["the history is off", "the history is on again"]


def test_a_file_that_cannot_be_written_is_said_once_and_nothing_is_lost_when_it_can_again(
    make: Callable[[], HistorySink], path: Path, said: list[str]
) -> None:
    blocked = open_file(path, print)
    sink = make()
    sink.on_measurement(tcp(NODE, None))
    wait_until(lambda: said)
    attempts = threading.active_count()
    time.sleep(0.05)
    assert (len(said), threading.active_count()) == (1, attempts)
    blocked.close()
    wait_until(lambda: is_on(sink) and read(sink).failures)
    assert sink.status.dropped_rows == 0


def test_a_batch_that_fails_is_written_later(
    make: Callable[[], HistorySink], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = history_sink.HistoryFile.write
    full = [sqlite3.OperationalError("database or disk is full")] * 3

    def failing(*given: object) -> None:
        if full:
            raise full.pop()
        write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(history_sink.HistoryFile, "write", failing)
    sink = make()
    sink.on_measurement(tcp(NODE, None))
    wait_until(lambda: is_on(sink) and read(sink).failures)
    assert "cannot be written: database or disk is full; it is tried again every" in said[0]
    assert len(said) == 2, "off once, although three attempts failed, and on again"


def test_a_bug_is_said_and_does_not_end_the_history(
    make: Callable[[], HistorySink], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trim = history_sink.HistoryFile.trim
    bugs = [KeyError("oops")]

    def failing(*given: object) -> None:
        if bugs:
            raise bugs.pop()
        trim(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(history_sink.HistoryFile, "trim", failing)
    sink = make()
    wait_until(lambda: is_on(sink))
    assert "internal error: KeyError('oops')" in said[0]


def test_reports_that_wait_too_long_are_dropped_oldest_first_and_counted(path: Path, said: list[str]) -> None:
    sink = HistorySink(settings(path), said.append, now=Clock())
    for number in range(history_sink.MAX_REPORTS + 1):
        outcome = Outcome.MET if number % 2 else Outcome.VIOLATED
        sink.on_report(report(verdict(outcome=outcome), taken_at_s=NOW_S + number))
    assert sink.status.dropped_rows == 1
    sink.start()
    sink.close(MAX_S)
    assert sink.status.oldest_s == NOW_S + 1


def test_the_status_has_the_size_its_limit_and_the_oldest_time(make: Callable[[], HistorySink]) -> None:
    sink = make()
    wait_until(lambda: is_on(sink))
    assert sink.status.oldest_s is None
    sink.on_measurement(tcp(NODE, None, at_s=NOW_S - 120))
    wait_until(lambda: sink.status.oldest_s == NOW_S - 120)
    assert 0 < sink.status.size_bytes < sink.status.limit_bytes == MOST_BYTES


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_killed_agent_loses_the_running_minute_and_at_most_a_second_of_failures_and_reports(
    path: Path, said: list[str]
) -> None:
    assert history_sink.WRITE_INTERVAL_S <= 0.5, "the other half second is for the transaction"
    choose = random.Random(15)
    given = expected = restarts = 0
    for _ in range(50):
        lines = killed_after(path, choose.uniform(0.05, 3.0))
        numbers = [(int(what), at_s) for what, at_s in lines if what != "clock"]
        given += len(numbers)
        sink = HistorySink(settings(path), said.append)
        sink.start()
        wait_until(partial(is_on, sink))
        now_s = int(time.time()) // 60 * 60
        read = sink.read(NODE.identity, now_s - 600, now_s + 60, 60)
        sink.close(MAX_S)
        restarts += 1
        assert said == []
        expected += len(written(lines))
        check_failures(path, numbers[0][1], written(lines))
        full_minutes = {
            minute
            for _, at_s in numbers
            if (minute := int(at_s) // 60 * 60) < int(numbers[-1][1] - 2) // 60 * 60
        }
        assert full_minutes <= set(read.summaries.get(Check.TCP, {}))
    assert restarts == 50
    assert given > expected > 1000


def killed_after(path: Path, seconds: float) -> list[tuple[str, float]]:
    """What a feeder printed until it was killed: numbers and readings of the clock, each with its time."""
    with subprocess.Popen([sys.executable, FEEDER, path], stdout=subprocess.PIPE, text=True) as feeder:
        assert feeder.stdout is not None
        first = feeder.stdout.readline()
        time.sleep(seconds)
        feeder.kill()
        lines = [first, *feeder.stdout.read().splitlines()]
    whole = (line.split() for line in lines)
    return [(words[0], float(words[1])) for words in whole if len(words) == 2 and len(words[1]) >= 17]


def written(lines: list[tuple[str, float]]) -> set[int]:
    """The numbers that were given before a write that had certainly ended when the feeder was killed.

    Of the last three readings of the clock, one can be before that write, and one after it.
    """
    readings = [n for n, (what, _) in enumerate(lines) if what == "clock"]
    before = lines[: readings[-3]] if len(readings) >= 3 else []
    return {int(what) for what, _ in before if what != "clock"}


def check_failures(path: Path, started_s: float, expected: set[int]) -> None:
    """The expected failures are there, none twice; reports likewise."""
    connection = sqlite3.connect(path)
    found = connection.execute(
        "SELECT at_s, detail FROM failure WHERE at_s >= ?", (started_s - 0.001,)
    ).fetchall()
    reports = connection.execute(
        "SELECT count(*) FROM report WHERE at_s >= ?", (started_s - 0.001,)
    ).fetchone()[0]
    connection.close()
    numbers = [int(detail.removeprefix("number ")) for _, detail in found]
    assert len(numbers) == len(set(numbers))
    assert expected <= set(numbers)
    assert reports >= len({number for number in expected if number % 20 == 0}) - 1
