"""The sink that keeps results on disk. One thread writes; the event loop only adds to memory under a lock."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from probe.model.history import HistoryStatus, HistoryUnavailable, Standing, TargetHistory
from probe.model.measurements import EchoBatch, Measurement
from probe.model.refreshed import Refreshed
from probe.model.settings import HistorySettings
from probe.model.survey import Survey
from probe.model.targets import Identity, Target
from probe.model.text import clean
from probe.model.verdicts import Report
from probe.storage.history_file import HistoryFile
from probe.storage.history_open import UNREADABLE, Opened, Unusable, open_file
from probe.storage.history_read import HistoryQueries
from probe.storage.minutes import Minutes, Taken

WRITE_INTERVAL_S = 0.5  # with the write itself, a killed agent loses at most a second of failures and reports
RETRY_S = 60.0
MAX_REPORTS = 64  # waiting to be written; their memory is shared with the page
_NOT_OPEN = "the file is not open yet"


class HistorySink:
    """Implements `Sink` and `HistoryReader`. ``say`` gets one line when the history goes off or on again.

    ``start`` opens the file in the thread. Without a usable file, probing goes on, and the file is tried
    again every minute; what does not fit in memory until then is counted in ``status.dropped_rows``.
    """

    def __init__(
        self,
        settings: HistorySettings,
        say: Callable[[str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._path, self._say, self._now = settings, Path(settings.path), say, now
        self._lock = threading.Lock()  # held for microseconds: never during I/O
        self._minutes = Minutes()
        self._reports: deque[Report] = deque()
        self._dropped_reports = 0
        self._unwritten: tuple[Taken, list[Report]] = (Taken(), [])
        self._opened: Opened | None = None
        self._file: HistoryFile | None = None
        self._retry_at_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._status = HistoryStatus(reason=_NOT_OPEN, limit_bytes=settings.most_bytes)
        self._standing = Standing()
        self._queries = HistoryQueries(self._path)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Write everything that was measured, also the running minute, and close the file."""
        self._stop.set()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self._say(
                f"the history did not finish writing within {timeout_s:g} s; the last minute is missing"
            )

    @property
    def status(self) -> HistoryStatus:
        return replace(self._status, dropped_rows=self._minutes.dropped + self._dropped_reports)

    @property
    def standing(self) -> Standing:
        return self._standing

    def read(self, identity: Identity, from_s: int, to_s: int, step_s: int) -> TargetHistory:
        """As `HistoryReader.read`."""
        if reason := self._status.reason:
            raise HistoryUnavailable(f"the history is off: {clean(str(self._path))}: {reason}")
        return self._queries.read(identity, from_s, to_s, step_s)

    def on_targets(self, targets: Sequence[Target]) -> None:
        with self._lock:
            self._minutes.on_targets(targets)

    def on_measurement(self, measurement: Measurement) -> None:
        with self._lock:
            self._minutes.on_measurement(measurement)

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        with self._lock:
            self._minutes.on_echoes(targets, batch)

    def on_report(self, report: Report) -> None:
        with self._lock:
            if len(self._reports) >= MAX_REPORTS:
                self._reports.popleft()
                self._dropped_reports += 1
            self._reports.append(report)

    def on_survey(self, survey: Survey) -> None:
        """Ignored: it is made from the round trips, which are kept."""

    def on_facts(self, facts: Sequence[Refreshed]) -> None:
        """Ignored: what the facts change is in the next report, which is kept."""

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stop.wait(WRITE_INTERVAL_S if self._file else 0.0 if self._is_new() else 1.0)
            try:
                self._open(is_last=is_last)
                self._write(is_last=is_last)
            except Unusable as error:
                self._off(str(error))
            except (OSError, *UNREADABLE) as error:
                self._off(f"cannot be written: {clean(str(error))}")
            except Exception as error:  # noqa: BLE001 - a bug must not end the history for good
                self._off(f"internal error: {clean(repr(error))}")
        self._close_file()

    def _is_new(self) -> bool:
        return self._status.reason == _NOT_OPEN

    def _open(self, *, is_last: bool) -> None:
        if self._file is not None or (time.monotonic() < self._retry_at_s and not is_last):
            return
        self._opened = open_file(self._path, self._say)
        settings = self._settings
        file = HistoryFile(self._opened.connection, self._path, settings.keep_s, settings.most_bytes)
        self._standing = file.load()
        file.trim(self._now())
        self._file = file

    def _write(self, *, is_last: bool) -> None:
        """Write what is ready; a batch that could not be written stays first in line."""
        file = self._file
        if file is None:
            return
        was_off = bool(self._status.reason)
        if not len(self._unwritten[0]) and not self._unwritten[1]:
            self._unwritten = self._take(is_last=is_last)
        taken, reports = self._unwritten
        if len(taken) or reports:
            file.write(taken, reports)
            self._unwritten = (Taken(), [])
            if reports:
                self._standing = replace(self._standing, verdicts=file.held_verdicts())
            file.trim(self._now())
        if len(taken) or reports or was_off:
            self._publish_status(file)

    def _take(self, *, is_last: bool) -> tuple[Taken, list[Report]]:
        with self._lock:
            taken = self._minutes.take(None if is_last else self._now())
            reports = list(self._reports)
            self._reports.clear()
        return taken, reports

    def _publish_status(self, file: HistoryFile) -> None:
        """After the first write succeeded, because a full disk can be opened, but not written."""
        if self._status.reason and not self._is_new():
            self._say(f"the history is on again: {clean(str(self._path))}")
        self._status = HistoryStatus(
            size_bytes=file.size_bytes(), limit_bytes=self._settings.most_bytes, oldest_s=file.oldest_s()
        )

    def _off(self, reason: str) -> None:
        self._close_file()
        self._retry_at_s = time.monotonic() + RETRY_S
        if reason != self._status.reason:
            again = f"it is tried again every {RETRY_S:g} s, and probing goes on"
            self._say(f"the history is off: {clean(str(self._path))}: {reason}; {again}")
        self._status = replace(self._status, reason=reason)

    def _close_file(self) -> None:
        self._file = None
        opened, self._opened = self._opened, None
        if opened is not None:
            try:
                opened.close()
            except sqlite3.Error as error:
                self._say(f"the history was not closed cleanly: {clean(str(error))}")
