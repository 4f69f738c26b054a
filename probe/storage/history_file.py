"""Writes the history file within its limits of days and bytes. All calls block; they belong in one thread."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from probe.model.history import CheckState, MinuteSummary, Standing
from probe.model.measurements import Reason
from probe.model.targets import Check, Identity, Question, Role
from probe.model.verdicts import Level, Outcome, Report
from probe.storage import report_changes
from probe.storage.minutes import Series, Taken
from probe.storage.report_changes import Stored

# The rest of the limit is for the write-ahead log, which is copied into the file at 1 MiB, and its index.
_LOG_SHARE, _MAX_LOG_BYTES = 4, 16 << 20
_FAILURE_BYTES = 256  # of one row with its indexes; failures may use at most half of the file
_SLICE_S, _SLICE_ROWS, _SLICE_PAGES = 300, 2000, 200  # removed per transaction


@dataclass(slots=True)
class HistoryFile:
    """The open file; the private fields mirror its rows. Raises `sqlite3.Error` if it cannot be used."""

    connection: sqlite3.Connection
    path: Path
    keep_s: float
    most_bytes: int
    _ids: dict[Series, int] = field(default_factory=dict)
    _verdicts: dict[str, dict[report_changes.Key, Stored]] = field(default_factory=dict)
    _predictions: dict[str, str] = field(default_factory=dict)

    def load(self) -> Standing:
        """Read what the file knows of checks and verdicts; rows that are not understood are left out."""
        checks: dict[Series, CheckState] = {}
        rows = self.connection.execute("SELECT id, identity, check_name, is_failing, since_s FROM series")
        for number, identity, check, is_failing, since_s in rows:
            if (series := _series(identity, check)) is not None:
                self._ids[series] = number
                if is_failing is not None and isinstance(since_s, float):
                    checks[series] = CheckState(is_failing=bool(is_failing), since_s=since_s)
        self._predictions = dict(self.connection.execute("SELECT key_store, document FROM prediction"))
        self._load_verdicts()
        return Standing(checks=checks, verdicts=self.held_verdicts())

    def held_verdicts(self) -> dict[tuple[str, str, str], tuple[Outcome, float]]:
        """The current ones, as in `Standing.verdicts`."""
        return {
            (key_store, *key): (each.held, each.since_s)
            for key_store, known in self._verdicts.items()
            for key, each in known.items()
        }

    def write(self, taken: Taken, reports: list[Report]) -> None:
        """All of it in one transaction, or nothing."""
        execute = self.connection.execute
        execute("BEGIN IMMEDIATE")
        known = self._ids, self._verdicts, self._predictions
        self._ids, self._verdicts, self._predictions = (dict(each) for each in known)  # type: ignore[assignment]
        try:
            for minute, summaries in sorted(taken.minutes.items()):
                for series, summary in summaries.items():
                    self._write_minute(minute, self._id(series, minute), summary)
            for identity, failed in taken.failures:
                number = self._id((identity, failed.check), failed.at_s)
                execute(
                    "INSERT INTO failure (at_s, series, phase, reason, detail) VALUES (?, ?, ?, ?, ?)",
                    (failed.at_s, number, failed.phase.value, failed.reason.value, failed.detail),
                )
            self._write_states(taken)
            for report in reports:
                self._write_report(report)
            execute("COMMIT")
        except BaseException:
            self._ids, self._verdicts, self._predictions = known
            if self.connection.in_transaction:
                execute("ROLLBACK")
            raise

    def trim(self, now_s: float) -> None:
        """Remove what is too old, and then the oldest rows until the file is within its limit."""
        self._remove_before(now_s - self.keep_s)
        self._remove_failures(self.most_bytes // 2 // _FAILURE_BYTES)
        limit_bytes = self.most_bytes - min(self.most_bytes // _LOG_SHARE, _MAX_LOG_BYTES)
        while self._used_bytes() > limit_bytes and (oldest_s := self.oldest_s()) is not None:
            self._remove_before(int(oldest_s) + _SLICE_S)
        while self._pragma("freelist_count") > _SLICE_PAGES:
            before = self._pragma("freelist_count")
            self.connection.execute(f"PRAGMA incremental_vacuum({_SLICE_PAGES})").fetchall()
            if self._pragma("freelist_count") >= before:
                break

    def size_bytes(self) -> int:
        """With its write-ahead log and the log's index. Raises OSError."""
        parts = (self.path.with_name(self.path.name + part) for part in ("", "-wal", "-shm"))
        return sum(part.stat().st_size for part in parts if part.exists())

    def oldest_s(self) -> float | None:
        found = [
            self.connection.execute(f"SELECT min(at_s) FROM {table}").fetchone()[0]  # noqa: S608 - a literal
            for table in ("minute", "failure", "report")
        ]
        return min((each for each in found if each is not None), default=None)

    def _load_verdicts(self) -> None:
        rows = self.connection.execute(
            "SELECT key_store, requirement, subject, outcome, level, held, since_s FROM verdict"
        )
        for key_store, requirement, subject, outcome, level, held, since_s in rows:
            try:
                each = Stored(
                    outcome=Outcome(outcome), level=Level(level), held=Outcome(held), since_s=float(since_s)
                )
            except (TypeError, ValueError):
                continue
            self._verdicts.setdefault(key_store, {})[requirement, subject] = each

    def _id(self, series: Series, at_s: float) -> int:
        """The row of a series; it is created on first use."""
        if (number := self._ids.get(series)) is None:
            identity, check = series
            cursor = self.connection.execute(
                "INSERT INTO series (identity, check_name, newest_s) VALUES (?, ?, ?)",
                (identity_text(identity), check.value, at_s),
            )
            number = self._ids[series] = cursor.lastrowid or 0
        return number

    def _write_minute(self, minute: int, number: int, summary: MinuteSummary) -> None:
        """Add to a row that exists: it was written before a restart, or before a late result."""
        key = (minute, number)
        row = self.connection.execute(
            "SELECT sent, failed, min_us, max_us, counts FROM minute WHERE at_s = ? AND series = ?", key
        ).fetchone()
        if row is not None and (before := summary_of(*row)) is not None:
            before.merge(summary)
            summary = before
        self.connection.execute(
            "INSERT OR REPLACE INTO minute (at_s, series, sent, failed, min_us, max_us, counts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*key, *_row(summary)),
        )

    def _write_states(self, taken: Taken) -> None:
        """A state that is the first since the start continues the file's state, if both are the same."""
        newest_s = max(taken.minutes, default=0)
        rows = [
            {
                "is_failing": state.is_failing,
                "is_first": state.is_first,
                "since_s": state.since_s,
                "newest_s": newest_s,
                "id": self._ids[series],
            }
            for series, state in taken.states.items()
            if series in self._ids
        ]
        self.connection.executemany(
            "UPDATE series SET since_s = CASE WHEN is_failing IS :is_failing AND :is_first THEN since_s"
            " ELSE :since_s END, is_failing = :is_failing, newest_s = max(newest_s, :newest_s)"
            " WHERE id = :id",
            rows,
        )

    def _write_report(self, report: Report) -> None:
        key_store = report.key_store
        before = self._verdicts.get(key_store, {})
        changes = report_changes.changes(report, before, self._predictions.get(key_store, ""))
        if changes is None:
            return
        execute, executemany = self.connection.execute, self.connection.executemany
        execute(
            "INSERT INTO report (at_s, key_store, changes) VALUES (?, ?, ?)",
            (report.taken_at_s, key_store, changes),
        )
        now = self._verdicts[key_store] = report_changes.stored(report, before)
        executemany(
            "DELETE FROM verdict WHERE key_store = ? AND requirement = ? AND subject = ?",
            [(key_store, *key) for key in before if key not in now],
        )
        executemany(
            "INSERT OR REPLACE INTO verdict (key_store, requirement, subject, outcome, level, held, since_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (key_store, *key, each.outcome.value, each.level.value, each.held.value, each.since_s)
                for key, each in now.items()
                if before.get(key) != each
            ],
        )
        self._predictions[key_store] = report_changes.prediction(report)
        execute(
            "INSERT OR REPLACE INTO prediction (key_store, document) VALUES (?, ?)",
            (key_store, self._predictions[key_store]),
        )

    def _remove_before(self, at_s: float) -> None:
        """In slices, each a small transaction, so that the write-ahead log stays small."""
        execute = self.connection.execute
        while (first := execute("SELECT min(at_s) FROM minute").fetchone()[0]) is not None and first < at_s:
            execute("DELETE FROM minute WHERE at_s < ?", (min(at_s, first + _SLICE_S),))
        for table in ("failure", "report"):
            deleted = 1
            while deleted:
                ids = f"SELECT id FROM {table} WHERE at_s < ? ORDER BY at_s LIMIT {_SLICE_ROWS}"  # noqa: S608 - literals
                deleted = execute(f"DELETE FROM {table} WHERE id IN ({ids})", (at_s,)).rowcount  # noqa: S608
        if execute("DELETE FROM series WHERE newest_s < ?", (at_s,)).rowcount:
            self._ids = {
                series: number
                for number, *texts in execute("SELECT id, identity, check_name FROM series")
                if (series := _series(*texts)) is not None
            }

    def _remove_failures(self, most: int) -> None:
        (newest,) = self.connection.execute("SELECT max(id) FROM failure").fetchone()
        deleted = 1
        while newest is not None and deleted:
            ids = f"SELECT id FROM failure WHERE id <= ? ORDER BY id LIMIT {_SLICE_ROWS}"  # noqa: S608 - literals
            deleted = self.connection.execute(
                f"DELETE FROM failure WHERE id IN ({ids})",  # noqa: S608
                (newest - most,),
            ).rowcount

    def _used_bytes(self) -> int:
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        return int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])


def identity_text(identity: Identity) -> str:
    question = [identity.question.name, identity.question.record_type] if identity.question else None
    return json.dumps([*identity._replace(role=identity.role.value, question=question)])  # type: ignore[arg-type]


def _series(identity: object, check: object) -> Series | None:
    """What the texts of a row mean; None if they mean nothing to this version."""
    try:
        role, host, port, server_name, question, key_store = json.loads(str(identity))
        asked = Question(name=str(question[0]), record_type=str(question[1])) if question else None
        return Identity(Role(role), host, port, server_name, asked, key_store), Check(str(check))
    except (ValueError, TypeError, IndexError, KeyError):
        return None


def _row(summary: MinuteSummary) -> tuple[object, ...]:
    failed = {reason.value: count for reason, count in summary.failed.items()}
    return summary.sent, _json(failed), _us(summary.min_s), _us(summary.max_s), _json(summary.counts)


def _json(counts: Mapping[str, int] | Mapping[int, int]) -> str | None:
    return json.dumps(counts, separators=(",", ":")) if counts else None


def _us(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)


def summary_of(
    sent: object, failed: object, min_us: object, max_us: object, counts: object
) -> MinuteSummary | None:
    """The summary in a row; None for a row that this version does not understand."""
    try:
        return MinuteSummary(
            sent=int(sent),  # type: ignore[call-overload]
            failed={Reason(key): int(n) for key, n in json.loads(str(failed or "{}")).items()},
            min_s=None if min_us is None else int(min_us) / 1e6,  # type: ignore[call-overload]
            max_s=None if max_us is None else int(max_us) / 1e6,  # type: ignore[call-overload]
            counts={int(key): int(n) for key, n in json.loads(str(counts or "{}")).items()},
        )
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
