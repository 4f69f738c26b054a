"""Reads the history of one target, beside the thread that writes: each call has its own connection."""

import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from probe.model.history import FailedProbe, HistoryUnavailable, MinuteSummary, TargetHistory
from probe.model.measurements import Phase, Reason
from probe.model.targets import Check, Identity
from probe.model.text import clean
from probe.storage.history_file import identity_text, summary_of
from probe.storage.history_open import UNREADABLE

MAX_FAILURES = 200
READ_S = 2.0  # for one call; the write-ahead log grows while it runs
_MAX_READERS = 2
_STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's virtual machine: well below a millisecond
# One row per minute of the range: a search by the primary key, so that other targets' rows are not read.
_MINUTES = """
WITH RECURSIVE range(at_s) AS (
  VALUES (max(:from_s, :oldest_s))
  UNION ALL SELECT at_s + 60 FROM range WHERE at_s + 60 < min(:to_s, :newest_s + 1)
)
SELECT minute.at_s, sent, failed, min_us, max_us, counts FROM range
CROSS JOIN minute ON minute.at_s = range.at_s AND minute.series = :series
"""


class HistoryQueries:
    """At most two calls at once; each ends within a few seconds. Raises `HistoryUnavailable`."""

    def __init__(self, path: Path, read_s: float = READ_S) -> None:
        self._path, self._read_s = path, read_s
        self._free = threading.BoundedSemaphore(_MAX_READERS)

    def read(self, identity: Identity, from_s: int, to_s: int, step_s: int) -> TargetHistory:
        """As `HistoryReader.read`."""
        deadline_s = time.monotonic() + self._read_s
        if not self._free.acquire(timeout=self._read_s):
            raise HistoryUnavailable("too many requests read the history at once; try again")
        try:
            return self._read(identity, (from_s, to_s, step_s), deadline_s)
        except UNREADABLE as error:
            late = getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT"
            reason = "reading took too long; ask for a shorter time" if late else clean(str(error))
            raise HistoryUnavailable(f"the history cannot be read: {reason}") from error
        finally:
            self._free.release()

    def _read(self, identity: Identity, span: tuple[int, int, int], deadline_s: float) -> TargetHistory:
        address = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=self._read_s)
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            connection.set_progress_handler(lambda: time.monotonic() > deadline_s, _STEPS_BETWEEN_LOOKS)
            connection.execute("BEGIN")  # one state of the file for all queries
            series = _series_of(connection, identity)
            summaries = {
                check: found
                for number, check in series.items()
                if (found := _summaries(connection, number, span))
            }
            failures = _failures(connection, series, span)
        finally:
            connection.close()
        return TargetHistory(
            summaries=summaries,
            failures=tuple(reversed(failures[:MAX_FAILURES])),
            more_failures=len(failures) > MAX_FAILURES,
        )


def _series_of(connection: sqlite3.Connection, identity: Identity) -> dict[int, Check]:
    rows = connection.execute(
        "SELECT id, check_name FROM series WHERE identity = ?", (identity_text(identity),)
    )
    return {number: Check(name) for number, name in rows if name in tuple(Check)}


def _summaries(
    connection: sqlite3.Connection, series: int, span: tuple[int, int, int]
) -> Mapping[int, MinuteSummary]:
    from_s, to_s, step_s = span
    oldest_s, newest_s = connection.execute("SELECT min(at_s), max(at_s) FROM minute").fetchone()
    if oldest_s is None or newest_s < from_s or oldest_s >= to_s:
        return {}
    found: dict[int, MinuteSummary] = {}
    asked = {"from_s": from_s, "to_s": to_s, "series": series, "oldest_s": oldest_s, "newest_s": newest_s}
    for at_s, *row in connection.execute(_MINUTES, asked):
        if (summary := summary_of(*row)) is not None:
            begin_s = from_s + (at_s - from_s) // step_s * step_s
            found.setdefault(begin_s, MinuteSummary()).merge(summary)
    return found


def _failures(
    connection: sqlite3.Connection, series: Mapping[int, Check], span: tuple[int, int, int]
) -> list[FailedProbe]:
    """The newest first, one more than `MAX_FAILURES` if there are more."""
    marks = ", ".join("?" * len(series))
    rows = connection.execute(
        f"SELECT at_s, series, phase, reason, detail FROM failure WHERE at_s >= ? AND at_s < ?"  # noqa: S608 - marks
        f" AND series IN ({marks}) ORDER BY at_s DESC LIMIT ?",
        (*span[:2], *series, MAX_FAILURES + 1),
    )
    return [
        FailedProbe(at_s=at_s, check=series[number], phase=Phase(phase), reason=Reason(reason), detail=detail)
        for at_s, number, phase, reason, detail in rows
        if phase in tuple(Phase) and reason in tuple(Reason)
    ]
